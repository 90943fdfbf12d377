-- The days of the first and the last order, and the day of the last poll that found a change. If every
-- order is deleted, those of the deleted ones, which take a scan of all versions.
with span as (
    select min(created_date) as first_day, max(created_date) as last_day from fact_sales_order_current
    union all
    select min(created_date), max(created_date) from fact_purchase_order_current
), deleted as (
    select min(created_date) as first_day, max(created_date) as last_day from fact_sales_order_history
    union all
    select min(created_date), max(created_date) from fact_purchase_order_history
)
select
    coalesce(min(first_day), (select min(first_day) from deleted)) as first_day,
    coalesce(max(last_day), (select max(last_day) from deleted)) as last_day,
    (select cast(max(observed_at) as date) from etl.ledger) as today
from span
