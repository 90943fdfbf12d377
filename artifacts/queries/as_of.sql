-- The rows of ${of} that were valid at a moment, its parameter: '2024-11-15 12:00:00'.
${versions},
${valid},
${fact}_as_of as (
    select
        ${columns}
    from (
        select *, row_number() over (partition by ${key} order by batch_seq desc) as back
        from valid
        where valid_from <= cast(? as timestamp)
    )
    where back = 1 and not is_deleted
)
select * from ${fact}_as_of
