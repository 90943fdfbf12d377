with sellers as (
    select
        currency_code, sales_staff_id, sales_staff_first_name, sales_staff_last_name,
        sales_staff_department_name, count(*) as orders, sum(units_sold * unit_price) as revenue
    from ${schema}.fact_sales_order_wide
    group by
        currency_code, sales_staff_id, sales_staff_first_name, sales_staff_last_name,
        sales_staff_department_name
),
ranked as (
    select *, rank() over (partition by currency_code order by revenue desc) as place
    from sellers
)
select
    currency_code, place, sales_staff_id as staff_id,
    sales_staff_first_name || ' ' || sales_staff_last_name as name,
    sales_staff_department_name as department_name, orders, revenue,
    round(revenue / orders, 2) as revenue_an_order
from ranked
where place <= 10
order by currency_code, place, sales_staff_id
