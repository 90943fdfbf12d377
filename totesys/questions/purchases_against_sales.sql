-- title: How do purchases compare with sales, month by month?
-- why: Sales pay for purchases, in each currency separately.
-- look at: Months in which purchases exceed sales, and currencies with purchases only.
-- theme: purchases
with orders as (
    select
        created_date, currency_id, sum(units_sold * unit_price) as sold, 0.00 as bought
    from fact_sales_order_current
    group by created_date, currency_id
    union all
    select created_date, currency_id, 0.00, sum(item_quantity * item_unit_price)
    from fact_purchase_order_current
    group by created_date, currency_id
),
monthly as (
    select
        date_trunc('month', created_date)::date as month, currency_id,
        sum(sold) as sales, sum(bought) as purchases
    from orders
    group by 1, 2
)
select
    month, currency_code, sales, purchases, sales - purchases as balance,
    round(100.0 * purchases / nullif(sales, 0), 1) as purchases_in_percent_of_sales
from monthly
left join dim_currency using (currency_id)
order by month, currency_code
