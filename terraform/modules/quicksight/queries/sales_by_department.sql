with sellers as (
    select
        currency_id, sales_staff_id as staff_id, count(*) as orders,
        sum(units_sold * unit_price) as revenue
    from ${schema}.fact_sales_order_current
    group by currency_id, sales_staff_id
),
departments as (
    select
        department_name, currency_id, count(*) as staff, min(staff_id) as first_staff_id,
        sum(orders) as orders, sum(revenue) as revenue
    from sellers
    left join ${schema}.dim_staff using (staff_id)
    group by department_name, currency_id
)
select
    department_name, currency_code, staff, orders, revenue,
    round(
        100.0 * revenue / nullif(sum(revenue) over (partition by currency_id), 0), 1
    ) as percent_of_currency
from departments
left join ${schema}.dim_currency using (currency_id)
order by currency_code, revenue desc, first_staff_id
