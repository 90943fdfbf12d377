with versions as (
    select
        ${columns}
    from ${fact}
    union all
    -- a deletion whose last values cannot be read has those of the version before it
    select
        ${own},
        gone_at, gone_with, true
    from (
        select
            earlier.*, gone.observed_at as gone_at, gone.batch_seq as gone_with,
            row_number() over (
                partition by gone.${key}, gone.batch_seq order by earlier.batch_seq desc
            ) as back
        from ${tombstones} as gone
        inner join ${fact} as earlier
            on earlier.${key} = gone.${key}
            and earlier.batch_seq < gone.batch_seq
    )
    where back = 1
)
