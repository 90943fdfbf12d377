-- Every row of ${of} in its current state: the latest version, unless that is a deletion.
${versions},
${fact}_current as (
    select
        ${columns}
    from (
        select
            *, row_number() over (
                partition by ${key} order by batch_seq desc, change_seq desc
            ) as recency
        from versions
    )
    where recency = 1 and not is_deleted
)
select * from ${fact}_current
