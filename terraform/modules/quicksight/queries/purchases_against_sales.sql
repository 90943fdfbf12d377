with orders as (
    select created_date, currency_code, units_sold * unit_price as sold, 0.00 as bought
    from ${schema}.fact_sales_order_wide
    union all
    select created_date, currency_code, 0.00, item_quantity * item_unit_price
    from ${schema}.fact_purchase_order_wide
),
monthly as (
    select
        date_trunc('month', created_date)::date as month, currency_code,
        sum(sold) as sales, sum(bought) as purchases
    from orders
    group by 1, 2
)
select
    month, currency_code, sales, purchases, sales - purchases as balance,
    round(100.0 * purchases / nullif(sales, 0), 1) as purchases_in_percent_of_sales
from monthly
order by month, currency_code
