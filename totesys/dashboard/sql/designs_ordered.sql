-- The :max_rows designs with the most units, each beside the totals of all: the number of designs, of
-- designs in the scope's orders, of orders, and of units.
select
    design_id, item as design, file, orders, units, last_ordered,
    (select count(*) from dim_design) as all_designs,
    count(*) over () as all_ordered,
    cast(sum(orders) over () as bigint) as all_orders,
    cast(sum(units) over () as bigint) as all_units
from (
    select design_id, count(*) as orders, sum(units) as units, max(created_date) as last_ordered
    from ({scope}) as orders
    group by design_id
) as ordered
left join ({designs}) as designs using (design_id)
order by units desc, design_id
limit :max_rows
