-- Every version of every row of ${dimension}, valid from valid_from up to, but not including, valid_to.
with batches as (
    -- a change of the dimension is a change of one of its source tables
    ${batches}
),
versions as (
    select
        ${columns},
        batches.batch_seq, coalesce(change_seq, 0) as change_seq,
        coalesce(changed_at, batches.observed_at) as begins_at
    from ${dimension} as dimension
    -- files of earlier versions of the platform have the batch only in the partition
    inner join batches
        on batches.batch_seq = coalesce(dimension.batch_seq, cast(substr(batch, 1, 20) as bigint))
),
valid as (
    -- from the commit of the change, or else its observation, but never earlier than the version before
    select
        *, max(begins_at) over (partition by ${key} order by batch_seq, change_seq) as valid_from
    from versions
),
${dimension}_history as (
    select
        ${columns},
        batch_seq, change_seq, valid_from,
        lead(valid_from) over (partition by ${key} order by batch_seq, change_seq) as valid_to,
        lead(batch_seq) over (partition by ${key} order by batch_seq, change_seq) is null as is_current
    from valid
)
select * from ${dimension}_history
