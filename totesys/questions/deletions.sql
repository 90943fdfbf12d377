-- title: What was deleted in the source?
-- why: A row that is gone from the source is gone from every report. The history knows that it
-- was there, since when it is gone, and its last values.
-- look at: Any deletion of an order or a payment, and rows that came again: somebody deleted them
-- by mistake, or wrote them anew. A month counts what was seen to be gone in it.
-- theme: platform
with gone as (
    select
        'sales orders' as rows_of, gone.sales_order_id as id, gone.observed_at,
        there.sales_order_id as there_again
    from fact_sales_order_changes as gone
    left join fact_sales_order_current as there on there.sales_order_id = gone.sales_order_id
    where change = 'deleted'
    union all
    select 'purchase orders', gone.purchase_order_id, gone.observed_at, there.purchase_order_id
    from fact_purchase_order_changes as gone
    left join fact_purchase_order_current as there
        on there.purchase_order_id = gone.purchase_order_id
    where change = 'deleted'
    union all
    select 'payments', gone.payment_id, gone.observed_at, there.payment_id
    from fact_payment_changes as gone
    left join fact_payment_current as there on there.payment_id = gone.payment_id
    where change = 'deleted'
)
select
    date_trunc('month', observed_at)::date as month, rows_of,
    count(*) as deletions, count(distinct id) as rows_deleted,
    count(distinct there_again) as rows_there_again, max(observed_at) as last_deletion
from gone
group by 1, 2
order by month desc, rows_of
