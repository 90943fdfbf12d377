-- title: What was deleted in the source?
-- why: A row that is deleted in the source disappears from every report. The history keeps the
-- row, the time of its deletion and its last values.
-- look at: Any deletion of an order or a payment, and reinserted rows: they were deleted by
-- mistake, or written again. A month counts the deletions observed in it.
-- theme: platform
with deleted_rows as (
    select
        'sales orders' as rows_of, deleted.sales_order_id as id, deleted.observed_at,
        there.sales_order_id as there_again
    from fact_sales_order_changes as deleted
    left join fact_sales_order_current as there on there.sales_order_id = deleted.sales_order_id
    where change = 'deleted'
    union all
    select 'purchase orders', deleted.purchase_order_id, deleted.observed_at, there.purchase_order_id
    from fact_purchase_order_changes as deleted
    left join fact_purchase_order_current as there
        on there.purchase_order_id = deleted.purchase_order_id
    where change = 'deleted'
    union all
    select 'payments', deleted.payment_id, deleted.observed_at, there.payment_id
    from fact_payment_changes as deleted
    left join fact_payment_current as there on there.payment_id = deleted.payment_id
    where change = 'deleted'
)
select
    date_trunc('month', observed_at)::date as month, rows_of,
    count(*) as deletions, count(distinct id) as rows_deleted,
    count(distinct there_again) as rows_there_again, max(observed_at) as last_deletion
from deleted_rows
group by 1, 2
order by month desc, rows_of
