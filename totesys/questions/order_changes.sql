-- title: What is changed in sales orders after they were placed, and how often?
-- why: The source's own last_updated never tells of an edit; only the history does. Every change
-- is work for somebody, and a late one may come after the goods have left.
-- look at: Which column is changed most, by how many orders it is shared, and how many days after
-- the order was placed, where it is still there. These are the changes that were seen in the last
-- 14 days, without those of orders that had been deleted and came again.
-- theme: sales
with recent as (
    select min(batch_seq) as first, max(batch_seq) as last
    from etl.ledger
    where observed_at > (select max(observed_at) from etl.ledger) - interval '14' day
),
gone as (
    select sales_order_id, batch_seq from fact_sales_order_changes where change = 'deleted'
),
changed as (
    select edit.sales_order_id, edit.column_name, edit.observed_at
    from fact_sales_order_changes as edit
    left join gone
        on gone.sales_order_id = edit.sales_order_id and gone.batch_seq < edit.batch_seq
    where edit.change = 'updated' and gone.sales_order_id is null
        and edit.column_name not in ('last_updated_date', 'last_updated_time')
        and edit.batch_seq between (select first from recent) and (select last from recent)
),
aged as (
    select
        changed.sales_order_id, column_name,
        changed.observed_at::date - created_date::date as days
    from changed
    left join fact_sales_order_current as placed
        on placed.sales_order_id = changed.sales_order_id
)
select
    column_name, count(*) as changes, count(distinct sales_order_id) as orders,
    round(avg(days), 1) as average_days_after, max(days) as most_days_after
from aged
group by column_name
order by changes desc, column_name
