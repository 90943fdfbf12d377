-- title: Which departments sell?
-- why: Whoever plans people and targets looks at departments first. A department's sales are
-- those of the people who are in it today, whenever they sold.
-- look at: The share of each currency's revenue; staff are those who sold anything. The
-- department 'Unknown' has staff that the source does not have.
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
