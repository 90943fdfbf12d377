with versions as (
    select
        ${columns}
    from ${fact}
    union all
    -- a deletion without readable values takes those of the previous version
    select
        ${own},
        deleted_at, deleted_in, true
    from (
        select
            earlier.*, deletion.observed_at as deleted_at, deletion.batch_seq as deleted_in,
            row_number() over (
                partition by deletion.${key}, deletion.batch_seq order by earlier.batch_seq desc
            ) as recency
        from ${tombstones} as deletion
        inner join ${fact} as earlier
            on earlier.${key} = deletion.${key}
            and earlier.batch_seq < deletion.batch_seq
    )
    where recency = 1
)
