select
    sales_staff_department_name as department_name, currency_code,
    count(distinct sales_staff_id) as staff,
    count(*) as orders,
    sum(units_sold * unit_price) as revenue,
    round(
        100.0 * sum(units_sold * unit_price)
        / nullif(sum(sum(units_sold * unit_price)) over (partition by currency_code), 0), 1
    ) as percent_of_currency
from ${schema}.fact_sales_order_wide
group by sales_staff_department_name, currency_code
order by currency_code, revenue desc, min(sales_staff_id)
