with designs as (
    select
        currency_code, design_id, design_name, count(*) as orders,
        sum(units_sold) as units, sum(units_sold * unit_price) as revenue
    from ${schema}.fact_sales_order_wide
    group by currency_code, design_id, design_name
),
ranked as (
    select *, rank() over (partition by currency_code order by revenue desc) as place
    from designs
)
select currency_code, place, design_id, design_name, orders, units, revenue
from ranked
where place <= 10
order by currency_code, place, design_id
