with loaded as (
    select
        observed_at::date as day, rows,
        extract(epoch from loaded_at - committed_at) / 60 as minutes
    from etl.ledger
    where observed_at > (select max(observed_at) from etl.ledger) - interval '28' day
)
select
    day,
    count(*) as batches,
    sum(rows) as rows,
    round(percentile_cont(0.5) within group (order by minutes)::numeric, 1) as median_minutes,
    round(max(minutes), 1) as slowest_minutes,
    count(*) filter (where minutes > 30) as beyond_30_minutes
from loaded
group by day
order by day desc
