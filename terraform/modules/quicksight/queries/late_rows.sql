with batches as (
    select
        batch_seq, observed_at, lag(observed_at) over (order by batch_seq) as seen_before
    from etl.ledger
),
recent as (
    select min(batch_seq) as batch_seq
    from etl.ledger
    where observed_at > (select max(observed_at) from etl.ledger) - interval '7 days'
),
made as (
    select
        'sales orders' as rows_of, sales_order_id as id, came.batch_seq,
        created_date + created_time as made_at
    from ${schema}.fact_sales_order_changes as came
    inner join ${schema}.fact_sales_order_current using (sales_order_id)
    where came.batch_seq >= (select batch_seq from recent) and change = 'created'
    union all
    select 'purchase orders', purchase_order_id, came.batch_seq, created_date + created_time
    from ${schema}.fact_purchase_order_changes as came
    inner join ${schema}.fact_purchase_order_current using (purchase_order_id)
    where came.batch_seq >= (select batch_seq from recent) and change = 'created'
    union all
    select 'payments', payment_id, came.batch_seq, created_date + created_time
    from ${schema}.fact_payment_changes as came
    inner join ${schema}.fact_payment_current using (payment_id)
    where came.batch_seq >= (select batch_seq from recent) and change = 'created'
),
gone as (
    select 'sales orders' as rows_of, sales_order_id as id
    from ${schema}.fact_sales_order_changes where change = 'deleted'
    union
    select 'purchase orders', purchase_order_id
    from ${schema}.fact_purchase_order_changes where change = 'deleted'
    union
    select 'payments', payment_id
    from ${schema}.fact_payment_changes where change = 'deleted'
),
first_seen as (
    select
        made.rows_of, observed_at::date as day, coalesce(made_at < seen_before, false) as is_late,
        (extract(epoch from observed_at) - extract(epoch from made_at)) / 60 as minutes
    from made
    inner join batches using (batch_seq)
    left join gone on gone.rows_of = made.rows_of and gone.id = made.id
    where gone.id is null
)
select
    day, rows_of, count(*) as new_rows,
    count(*) filter (where is_late) as late_rows,
    round(max(minutes) filter (where is_late), 1) as longest_minutes
from first_seen
group by day, rows_of
order by day desc, rows_of
