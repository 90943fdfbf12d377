-- The batches loaded in the time range, those loaded within the target, their load times, and the
-- last load.
select
    count(*) as batches,
    count(*) filter (where loaded_at - committed_at <= cast(:target as interval)) as in_time,
    extract(epoch from
        percentile_cont(0.5) within group (order by loaded_at - committed_at)) as median_seconds,
    extract(epoch from max(loaded_at - committed_at)) as longest_seconds,
    (select max(batch_seq) from etl.ledger) as last_batch,
    (select extract(epoch from clock_timestamp() - max(loaded_at)) from etl.ledger)
        as last_load_age,
    (select min(lake) from etl.ledger) as lake
from etl.ledger
where loaded_at >= clock_timestamp() - cast(:window as interval)
