-- Every row that ${dimension} ever had, and from when up to but without when it had it.
with batches as (
    -- what changes the dimension lands as a change of what it is made from
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
