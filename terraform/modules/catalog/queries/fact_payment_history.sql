-- Every version of every row of payment, and from when up to but without when it was valid.
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
valid as (
    -- the row existed since it was made, so its first version is valid from then; every other one
    -- from when it was seen, never earlier than the version before
    select
        *,
        case
            when not is_deleted and version = 1 then least(made_at, observed_at)
            else max(observed_at) over (partition by payment_id order by batch_seq)
        end as valid_from
    from (
        select
            *, row_number() over (partition by payment_id order by batch_seq) as version,
            cast(cast(created_date as varchar) || ' ' || created_time as timestamp) as made_at
        from versions
    )
),
fact_payment_history as (
    select
        payment_id, created_date, created_time, last_updated_date, last_updated_time,
        transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,
        payment_date, observed_at, batch_seq, is_deleted,
        version, valid_from,
        lead(valid_from) over (partition by payment_id order by batch_seq) as valid_to,
        lead(batch_seq) over (partition by payment_id order by batch_seq) is null as is_current
    from valid
)
select * from fact_payment_history
