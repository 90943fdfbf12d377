-- title: How soon is a change in the warehouse?
-- why: A change is promised to be visible within 30 minutes. This is the part of it from the
-- moment at which a poll had committed it to the lake until it was loaded, for each of the last 28
-- days. The wait for the poll comes before.
-- look at: Days with batches beyond 30 minutes, and the slowest. A day without batches was quiet,
-- or nothing ran: the runbook tells them apart. In a warehouse that was made again from the lake,
-- all batches of before were loaded on that day.
-- theme: platform
-- athena: no, because the lake's tables do not say when the warehouse loaded them
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
