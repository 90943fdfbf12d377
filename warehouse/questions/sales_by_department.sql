-- title: Which departments sell?
-- why: Whoever plans people and targets looks at departments first. A department's sales are those of
-- the people who are in it today, whenever they sold.
-- look at: The share of each currency's revenue; staff are those who sold anything. The department
-- 'Unknown' has staff that the source does not have.
-- theme: sales
select
    sales_staff_department_name as department_name, currency_code,
    count(distinct sales_staff_id) as staff,
    count(*) as orders,
    sum(units_sold * unit_price) as revenue,
    round(
        100.0 * sum(units_sold * unit_price)
        / nullif(sum(sum(units_sold * unit_price)) over (partition by currency_code), 0), 1
    ) as percent_of_currency
from fact_sales_order_wide
group by sales_staff_department_name, currency_code
order by currency_code, revenue desc, min(sales_staff_id)
