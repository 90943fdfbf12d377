-- title: How soon is a change in the warehouse?
-- why: The platform promises that a change is visible within 30 minutes. This is the part from the
-- commit of a poll to the lake until the load, for each of the last 28 days. The wait for the poll
-- precedes it.
-- look at: Days with batches beyond 30 minutes, and the slowest. A day without batches was quiet,
-- or nothing ran: the runbook distinguishes them. After a rebuild from the lake, all earlier batches
-- count on the day of the rebuild.
-- theme: platform
-- athena: no, because the tables of the lake do not contain the time of the load
with loaded as (
    select
        observed_at::date as day, rows,
        (extract(epoch from loaded_at - committed_at) / 60)::numeric(20, 6) as minutes
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
