-- title: Which rows became visible late?
-- why: A transaction that commits after its own timestamps is invisible to every poll until then.
-- A report of the time between lacked its rows, without anybody's fault.
-- look at: Late rows, and the longest time between. A row is late if an earlier batch had seen
-- the source after it was made, or if it took more than 30 minutes; a poll that found nothing is
-- no batch. These are the rows that were first seen in the last seven days, without the first
-- batch of all, and are there; what was deleted and came again is not new.
-- theme: platform
with batches as (
    select
        batch_seq, observed_at, lag(observed_at) over (order by batch_seq) as seen_before
    from etl.ledger
),
recent as (
    select min(batch_seq) as first, max(batch_seq) as last
    from etl.ledger
    where observed_at > (select max(observed_at) from etl.ledger) - interval '7' day
),
made as (
    select
        'sales orders' as rows_of, came.batch_seq, created_date + created_time as made_at
    from fact_sales_order_changes as came
    inner join fact_sales_order_current using (sales_order_id)
    where change = 'created'
        and came.batch_seq between (select first from recent) and (select last from recent)
        and sales_order_id not in (
            select sales_order_id from fact_sales_order_changes where change = 'deleted'
        )
    union all
    select 'purchase orders', came.batch_seq, created_date + created_time
    from fact_purchase_order_changes as came
    inner join fact_purchase_order_current using (purchase_order_id)
    where change = 'created'
        and came.batch_seq between (select first from recent) and (select last from recent)
        and purchase_order_id not in (
            select purchase_order_id from fact_purchase_order_changes where change = 'deleted'
        )
    union all
    select 'payments', came.batch_seq, created_date + created_time
    from fact_payment_changes as came
    inner join fact_payment_current using (payment_id)
    where change = 'created'
        and came.batch_seq between (select first from recent) and (select last from recent)
        and payment_id not in (
            select payment_id from fact_payment_changes where change = 'deleted'
        )
),
first_seen as (
    select
        rows_of, observed_at::date as day,
        made_at < seen_before or made_at < observed_at - interval '30' minute as is_late,
        (extract(epoch from observed_at) - extract(epoch from made_at)) / 60 as minutes
    from made
    inner join batches using (batch_seq)
    where seen_before is not null
)
select
    day, rows_of, count(*) as new_rows,
    count(*) filter (where is_late) as late_rows,
    round(max(minutes), 1) as longest_minutes
from first_seen
group by day, rows_of
order by day desc, rows_of
