-- title: Which people sell the most?
-- why: It shows from whom others can learn, and which customers depend on one person.
-- look at: The places of one person in different currencies, and the revenue for each order: a few
-- large orders are another way of selling than many small ones. Equal revenue shares a place.
-- theme: sales
with sellers as (
    select
        currency_id, sales_staff_id as staff_id, count(*) as orders,
        sum(units_sold * unit_price) as revenue
    from fact_sales_order_current
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
left join dim_staff using (staff_id)
left join dim_currency using (currency_id)
where place <= 10
order by currency_code, place, staff_id
