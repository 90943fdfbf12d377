-- How many designs there are, and how many of them were ordered.
select
    (select count(*) from dim_design) as designs,
    count(distinct design_id) as ordered,
    count(*) as orders,
    coalesce(sum(units), 0) as units
from ({scope}) as orders
