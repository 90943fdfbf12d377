-- A deletion without readable values takes those of the version before it.
select {versions}
from lake.{fact} as own
union all
select {deletions}
from (
    select
        earlier.*, gone.observed_at as deleted_at, gone.batch_seq as deleted_in,
        gone.change_seq as deleted_by, gone.changed_at as committed_at,
        row_number() over (
            partition by gone.{key}, gone.batch_seq, gone.change_seq
            order by earlier.batch_seq desc, earlier.change_seq desc
        ) as recency
    from lake.{tombstones} as gone
    inner join lake.{fact} as earlier
        on earlier.{key} = gone.{key}
        and (earlier.batch_seq, earlier.change_seq) < (gone.batch_seq, gone.change_seq)
) as own
where recency = 1
