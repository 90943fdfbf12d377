-- Every version of every row of ${dimension}, valid from valid_from up to, but not including, valid_to.
with batches as (
    -- a change of the dimension is a change of one of its source tables
    ${batches}
),
${dimension}_history as (
    select
        ${columns},
        batch_seq, valid_from,
        lead(valid_from) over (partition by ${key} order by batch_seq) as valid_to,
        lead(batch_seq) over (partition by ${key} order by batch_seq) is null as is_current
    from ${dimension}
    inner join batches on batch_seq = cast(substr(batch, 1, 20) as bigint)
)
select * from ${dimension}_history
