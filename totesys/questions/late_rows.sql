-- title: Which rows became visible late?
-- why: A transaction that commits later than its own timestamps is invisible to every poll until
-- its commit. A report of the time in between did not contain its rows.
-- look at: Late rows, and the longest delay. A row is late if an earlier batch observed the source
-- after the row's created_at, or if the delay is more than 30 minutes; a poll without changes makes
-- no batch. The question covers existing rows that were first observed in the last seven days,
-- except those of the very first batch; a reinserted row is not new.
-- theme: platform
with batches as (
    select
        batch_seq, observed_at, lag(observed_at) over (order by batch_seq) as previous_at
    from etl.ledger
),
recent as (
    select min(batch_seq) as first, max(batch_seq) as last
    from etl.ledger
    where observed_at > (select max(observed_at) from etl.ledger) - interval '7' day
),
created as (
    select
        'sales orders' as rows_of, creation.batch_seq, created_date + created_time as created_at
    from fact_sales_order_changes as creation
    inner join fact_sales_order_current using (sales_order_id)
    where change = 'created'
        and creation.batch_seq between (select first from recent) and (select last from recent)
        and sales_order_id not in (
            select sales_order_id from fact_sales_order_changes where change = 'deleted'
        )
    union all
    select 'purchase orders', creation.batch_seq, created_date + created_time
    from fact_purchase_order_changes as creation
    inner join fact_purchase_order_current using (purchase_order_id)
    where change = 'created'
        and creation.batch_seq between (select first from recent) and (select last from recent)
        and purchase_order_id not in (
            select purchase_order_id from fact_purchase_order_changes where change = 'deleted'
        )
    union all
    select 'payments', creation.batch_seq, created_date + created_time
    from fact_payment_changes as creation
    inner join fact_payment_current using (payment_id)
    where change = 'created'
        and creation.batch_seq between (select first from recent) and (select last from recent)
        and payment_id not in (
            select payment_id from fact_payment_changes where change = 'deleted'
        )
),
first_observed as (
    select
        rows_of, observed_at::date as day,
        created_at < previous_at or created_at < observed_at - interval '30' minute as is_late,
        ((extract(epoch from observed_at) - extract(epoch from created_at)) / 60)::numeric(20, 6)
            as minutes
    from created
    inner join batches using (batch_seq)
    where previous_at is not null
)
select
    day, rows_of, count(*) as new_rows,
    count(*) filter (where is_late) as late_rows,
    round(max(minutes), 1) as longest_minutes
from first_observed
group by day, rows_of
order by day desc, rows_of
