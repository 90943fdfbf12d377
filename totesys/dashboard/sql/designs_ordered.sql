-- The :most designs of which the most units were ordered.
select
    design_id, what as design, file, count(*) as orders, sum(units) as units,
    max(created_date) as last_ordered
from ({scope}) as orders
group by design_id, design, file
order by units desc, design_id
limit :most
