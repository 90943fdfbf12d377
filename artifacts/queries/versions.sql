with landed as (
    -- files of earlier versions of the platform have no change_seq
    select
        ${own},
        observed_at, batch_seq, is_deleted, coalesce(change_seq, 0) as change_seq, changed_at
    from ${fact}
),
deletions as (
    select ${key}, observed_at, batch_seq, coalesce(change_seq, 0) as change_seq, changed_at
    from ${tombstones}
),
versions as (
    select
        ${columns}
    from landed
    union all
    -- a deletion without readable values takes those of the previous version
    select
        ${own},
        deleted_at, deleted_in, true, deleted_by, committed_at
    from (
        select
            earlier.*, deletion.observed_at as deleted_at, deletion.batch_seq as deleted_in,
            deletion.change_seq as deleted_by, deletion.changed_at as committed_at,
            row_number() over (
                partition by deletion.${key}, deletion.batch_seq, deletion.change_seq
                order by earlier.batch_seq desc, earlier.change_seq desc
            ) as recency
        from deletions as deletion
        inner join landed as earlier
            on earlier.${key} = deletion.${key}
            and (earlier.batch_seq, earlier.change_seq)
                < (deletion.batch_seq, deletion.change_seq)
    )
    where recency = 1
)
