-- title: What is changed in sales orders after they were placed, and how often?
-- why: The source's own last_updated never tells of an edit; only the history does. Every change is
-- work for somebody, and a late one may come after the goods have left.
-- look at: Which column is changed most, by how many orders it is shared, and how many days after the
-- order was placed. These are the changes that were seen in the last 28 days, of orders that are
-- there and always were.
-- theme: sales
with recent as (
    select min(batch_seq) as first, max(batch_seq) as last
    from etl.ledger
    where observed_at > (select max(observed_at) from etl.ledger) - interval '28' day
),
changed as (
    select sales_order_id, column_name, observed_at
    from fact_sales_order_changes
    where change = 'updated'
        and batch_seq between (select first from recent) and (select last from recent)
        and column_name not in ('last_updated_date', 'last_updated_time')
        and sales_order_id not in (
            select sales_order_id from fact_sales_order_changes where change = 'deleted'
        )
),
aged as (
    select
        column_name, sales_order_id,
        changed.observed_at::date - created_date::date as days
    from changed
    inner join fact_sales_order_current using (sales_order_id)
)
select
    column_name, count(*) as changes, count(distinct sales_order_id) as orders,
    round(avg(days), 1) as average_days_after, max(days) as most_days_after
from aged
group by column_name
order by changes desc, column_name
