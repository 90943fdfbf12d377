-- Every row of payment as it is now: its latest version, unless that is its deletion.
with versions as (
    select
        payment_id, created_date, created_time, last_updated_date, last_updated_time,
        transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,
        payment_date, observed_at, batch_seq, is_deleted
    from fact_payment
    union all
    -- a deletion whose last values cannot be read has those of the version before it
    select
        payment_id, created_date, created_time, last_updated_date, last_updated_time,
        transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,
        payment_date,
        gone_at, gone_with, true
    from (
        select
            earlier.*, gone.observed_at as gone_at, gone.batch_seq as gone_with,
            row_number() over (
                partition by gone.payment_id, gone.batch_seq order by earlier.batch_seq desc
            ) as back
        from fact_payment_tombstones as gone
        inner join fact_payment as earlier
            on earlier.payment_id = gone.payment_id
            and earlier.batch_seq < gone.batch_seq
    )
    where back = 1
),
fact_payment_current as (
    select
        payment_id, created_date, created_time, last_updated_date, last_updated_time,
        transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,
        payment_date, observed_at, batch_seq, is_deleted
    from (
        select *, row_number() over (partition by payment_id order by batch_seq desc) as back
        from versions
    )
    where back = 1 and not is_deleted
)
select * from fact_payment_current
