-- Every version of every row of payment, valid from valid_from up to, but not including, valid_to.
with versions as (
    select
        payment_id, created_date, created_time, last_updated_date, last_updated_time,
        transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,
        payment_date, observed_at, batch_seq, is_deleted
    from fact_payment
    union all
    -- a deletion without readable values takes those of the previous version
    select
        payment_id, created_date, created_time, last_updated_date, last_updated_time,
        transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,
        payment_date,
        deleted_at, deleted_in, true
    from (
        select
            earlier.*, deletion.observed_at as deleted_at, deletion.batch_seq as deleted_in,
            row_number() over (
                partition by deletion.payment_id, deletion.batch_seq order by earlier.batch_seq desc
            ) as recency
        from fact_payment_tombstones as deletion
        inner join fact_payment as earlier
            on earlier.payment_id = deletion.payment_id
            and earlier.batch_seq < deletion.batch_seq
    )
    where recency = 1
),
valid as (
    -- The first version is valid from the row's creation; every later one from its observation, never
    -- earlier than the previous version.
    select
        *,
        case
            when not is_deleted and version = 1 then least(created_at, observed_at)
            else max(observed_at) over (partition by payment_id order by batch_seq)
        end as valid_from
    from (
        select
            *, row_number() over (partition by payment_id order by batch_seq) as version,
            cast(cast(created_date as varchar) || ' ' || created_time as timestamp) as created_at
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
