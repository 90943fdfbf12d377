-- title: Which designs bring the most revenue?
-- why: A few designs usually bring most of the revenue, and the next designs follow from them.
-- look at: The distance between the first and the tenth place, and designs with high revenue in one
-- currency only. Designs with equal revenue share a place.
-- theme: sales
with designs as (
    select
        currency_id, design_id, count(*) as orders,
        sum(units_sold) as units, sum(units_sold * unit_price) as revenue
    from fact_sales_order_current
    group by currency_id, design_id
),
ranked as (
    select *, rank() over (partition by currency_id order by revenue desc) as place
    from designs
)
select currency_code, place, design_id, design_name, orders, units, revenue
from ranked
left join dim_design using (design_id)
left join dim_currency using (currency_id)
where place <= 10
order by currency_code, place, design_id
