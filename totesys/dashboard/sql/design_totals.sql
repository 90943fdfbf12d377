-- The number of designs, of designs in the scope's orders, of orders, and of units.
select
    (select count(*) from dim_design) as designs,
    count(distinct design_id) as ordered,
    count(*) as orders,
    coalesce(sum(units), 0) as units
from ({scope}) as orders
