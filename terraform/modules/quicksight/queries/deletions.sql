with gone as (
    select 'sales orders' as rows_of, sales_order_id as id, batch_seq, observed_at
    from ${schema}.fact_sales_order_changes where change = 'deleted'
    union all
    select 'purchase orders', purchase_order_id, batch_seq, observed_at
    from ${schema}.fact_purchase_order_changes where change = 'deleted'
    union all
    select 'payments', payment_id, batch_seq, observed_at
    from ${schema}.fact_payment_changes where change = 'deleted'
),
there as (
    select 'sales orders' as rows_of, sales_order_id as id from ${schema}.fact_sales_order_current
    union all
    select 'purchase orders', purchase_order_id from ${schema}.fact_purchase_order_current
    union all
    select 'payments', payment_id from ${schema}.fact_payment_current
)
select
    date_trunc('month', gone.observed_at)::date as month, gone.rows_of,
    count(*) as deletions, count(distinct gone.id) as rows_deleted,
    count(distinct there.id) as rows_there_again, max(gone.observed_at) as last_deletion
from gone
left join there on there.rows_of = gone.rows_of and there.id = gone.id
group by 1, 2
order by month desc, rows_of
