-- title: What is changed in sales orders after they were placed, and how often?
-- why: The last_updated of the source does not change with an edit; only the history shows it.
-- Every change causes work, and a late one can follow the dispatch of the goods.
-- look at: Which column changes most, in how many orders, and how many days after the order was
-- placed, if it still exists. The question covers the changes observed in the last 14 days, without
-- those of reinserted orders.
-- theme: sales
with recent as (
    select min(batch_seq) as first, max(batch_seq) as last
    from etl.ledger
    where observed_at > (select max(observed_at) from etl.ledger) - interval '14' day
),
deleted as (
    select sales_order_id, batch_seq, change_seq
    from fact_sales_order_changes
    where change = 'deleted'
),
changed as (
    select
        edit.sales_order_id, edit.column_name,
        coalesce(edit.changed_at, edit.observed_at) as changed_at
    from fact_sales_order_changes as edit
    left join deleted
        on deleted.sales_order_id = edit.sales_order_id
        and (deleted.batch_seq, deleted.change_seq) < (edit.batch_seq, edit.change_seq)
    where edit.change = 'updated' and deleted.sales_order_id is null
        and edit.column_name not in ('last_updated_date', 'last_updated_time')
        and edit.batch_seq between (select first from recent) and (select last from recent)
),
aged as (
    select
        changed.sales_order_id, column_name,
        changed.changed_at::date - created_date::date as days
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
