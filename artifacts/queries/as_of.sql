-- Rows of ${of} that were valid at a moment. The parameter is the moment: '2024-11-15 12:00:00'.
${versions},
${valid},
${fact}_as_of as (
    select
        ${columns}
    from (
        select
            *, row_number() over (
                partition by ${key} order by batch_seq desc, change_seq desc
            ) as recency
        from valid
        where valid_from <= cast(? as timestamp)
    )
    where recency = 1 and not is_deleted
)
select * from ${fact}_as_of
