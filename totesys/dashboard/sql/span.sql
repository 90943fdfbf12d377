-- The days of the first and the last order, and the day of the last poll that found a change. Without
-- the window columns of the history views, PostgreSQL only scans the facts.
select
    min(first_day) as first_day,
    max(last_day) as last_day,
    (select cast(max(observed_at) as date) from etl.ledger) as today
from (
    select min(created_date) as first_day, max(created_date) as last_day from fact_sales_order_history
    union all
    select min(created_date), max(created_date) from fact_purchase_order_history
) as span
