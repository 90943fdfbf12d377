-- The rows that were updated or deleted most recently, without batch 1, which inserted all. A row that
-- was deleted and inserted again is not deleted.
select
    key,
    count(distinct (batch_seq, change_seq)) filter (where change = 'updated') as edits,
    count(*) filter (where change = 'updated') as fields,
    count(*) filter (where change = 'deleted') as deletions,
    max(observed_at) as observed_at,
    not exists (select from {current} where {key} = latest.key) as is_deleted
from (
    select {key} as key, change, observed_at, batch_seq, change_seq
    from {changes}
    where change <> 'created' and batch_seq > 1
        and batch_seq > (select max(batch_seq) from etl.ledger) - :batches
    order by batch_seq desc, change_seq desc
    limit 500
) as latest
group by key
order by max(array[batch_seq, change_seq]) desc, key desc
limit :max_rows
