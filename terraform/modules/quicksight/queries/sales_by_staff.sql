with sellers as (
    select
        currency_id, sales_staff_id as staff_id, count(*) as orders,
        sum(units_sold * unit_price) as revenue
    from ${schema}.fact_sales_order_current
    group by currency_id, sales_staff_id
),
ranked as (
    select *, rank() over (partition by currency_id order by revenue desc) as place
    from sellers
)
select
    currency_code, place, staff_id, first_name || ' ' || last_name as name, department_name,
    orders, revenue, round(revenue / orders, 2) as revenue_an_order
from ranked
left join ${schema}.dim_staff using (staff_id)
left join ${schema}.dim_currency using (currency_id)
where place <= 10
order by currency_code, place, staff_id
