-- title: Which departments sell?
-- why: Plans of staff and targets are made by department. The sales of a department are those of
-- its current staff, whenever they sold.
-- look at: The share of the revenue in each currency; staff counts the people with sales. The
-- department 'Unknown' contains staff that are missing in the source.
-- theme: sales
with sellers as (
    select
        currency_id, sales_staff_id as staff_id, count(*) as orders,
        sum(units_sold * unit_price) as revenue
    from fact_sales_order_current
    group by currency_id, sales_staff_id
),
departments as (
    select
        department_name, currency_id, count(*) as staff, min(staff_id) as first_staff_id,
        sum(orders) as orders, sum(revenue) as revenue
    from sellers
    left join dim_staff using (staff_id)
    group by department_name, currency_id
)
select
    department_name, currency_code, staff, orders, revenue,
    round(
        100.0 * revenue / nullif(sum(revenue) over (partition by currency_id), 0), 1
    ) as percent_of_currency
from departments
left join dim_currency using (currency_id)
order by currency_code, revenue desc, first_staff_id
