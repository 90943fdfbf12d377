-- The :max_rows designs with the most units.
select
    design_id, item as design, file, count(*) as orders, sum(units) as units,
    max(created_date) as last_ordered
from ({scope}) as orders
group by design_id, design, file
order by units desc, design_id
limit :max_rows
