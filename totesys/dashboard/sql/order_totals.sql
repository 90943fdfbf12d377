-- Orders of a period that begins on :begins, and of the time in scope before it, for each currency.
select
    currency,
    count(*) filter (where created_date >= :begins) as orders,
    coalesce(sum(units) filter (where created_date >= :begins), 0) as units,
    coalesce(sum(value) filter (where created_date >= :begins), 0) as value,
    count(*) filter (where created_date < :begins) as orders_before,
    coalesce(sum(value) filter (where created_date < :begins), 0) as value_before
from ({scope}) as orders
group by currency
order by currency
