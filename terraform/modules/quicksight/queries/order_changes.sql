with recent as (
    select min(batch_seq) as batch_seq
    from etl.ledger
    where observed_at > (select max(observed_at) from etl.ledger) - interval '28 days'
),
changed as (
    select sales_order_id, column_name, observed_at
    from ${schema}.fact_sales_order_changes
    where batch_seq >= (select batch_seq from recent) and change = 'updated'
        and column_name not in ('last_updated_date', 'last_updated_time')
),
aged as (
    select
        column_name, sales_order_id,
        changed.observed_at::date - created_date::date as days
    from changed
    inner join ${schema}.fact_sales_order_current using (sales_order_id)
)
select
    column_name, count(*) as changes, count(distinct sales_order_id) as orders,
    round(avg(days), 1) as average_days_after, max(days) as most_days_after
from aged
group by column_name
order by changes desc, column_name
