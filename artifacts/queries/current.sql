-- Every row of ${of} as it is now: its latest version, unless that is its deletion.
${versions},
${fact}_current as (
    select
        ${columns}
    from (
        select *, row_number() over (partition by ${key} order by batch_seq desc) as back
        from versions
    )
    where back = 1 and not is_deleted
)
select * from ${fact}_current
