-- Every version of every row of payment, valid from valid_from up to, but not including, valid_to.
with landed as (
    -- files of earlier versions of the platform have no change_seq
    select
        payment_id, created_date, created_time, last_updated_date, last_updated_time,
        transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,
        payment_date,
        observed_at, batch_seq, is_deleted, coalesce(change_seq, 0) as change_seq, changed_at
    from fact_payment
),
deletions as (
    select payment_id, observed_at, batch_seq, coalesce(change_seq, 0) as change_seq, changed_at
    from fact_payment_tombstones
),
versions as (
    select
        payment_id, created_date, created_time, last_updated_date, last_updated_time,
        transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,
        payment_date, observed_at, batch_seq, is_deleted, change_seq, changed_at
    from landed
    union all
    -- a deletion without readable values takes those of the previous version
    select
        payment_id, created_date, created_time, last_updated_date, last_updated_time,
        transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,
        payment_date,
        deleted_at, deleted_in, true, deleted_by, committed_at
    from (
        select
            earlier.*, deletion.observed_at as deleted_at, deletion.batch_seq as deleted_in,
            deletion.change_seq as deleted_by, deletion.changed_at as committed_at,
            row_number() over (
                partition by deletion.payment_id, deletion.batch_seq, deletion.change_seq
                order by earlier.batch_seq desc, earlier.change_seq desc
            ) as recency
        from deletions as deletion
        inner join landed as earlier
            on earlier.payment_id = deletion.payment_id
            and (earlier.batch_seq, earlier.change_seq)
                < (deletion.batch_seq, deletion.change_seq)
    )
    where recency = 1
),
valid as (
    -- A version is valid from the commit of its transaction. Where that is unknown, the first one is
    -- valid from the row's creation, every later one from its observation. None begins earlier than
    -- the version before it.
    select
        *, max(begins_at) over (partition by payment_id order by batch_seq, change_seq) as valid_from
    from (
        select
            *,
            case
                when changed_at is not null then changed_at
                when not is_deleted and version = 1 then least(created_at, observed_at)
                else max(observed_at) over (partition by payment_id order by batch_seq, change_seq)
            end as begins_at
        from (
            select
                *,
                row_number() over (partition by payment_id order by batch_seq, change_seq) as version,
                cast(cast(created_date as varchar) || ' ' || created_time as timestamp) as created_at
            from versions
        )
    )
),
fact_payment_history as (
    select
        payment_id, created_date, created_time, last_updated_date, last_updated_time,
        transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,
        payment_date, observed_at, batch_seq, is_deleted, change_seq, changed_at,
        version, valid_from,
        lead(valid_from) over (partition by payment_id order by batch_seq, change_seq) as valid_to,
        lead(batch_seq) over (partition by payment_id order by batch_seq, change_seq) is null as is_current
    from valid
)
select * from fact_payment_history
