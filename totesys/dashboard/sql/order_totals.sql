-- Orders since :period_start, and of the days in scope before it, by currency.
select
    currency,
    count(*) filter (where created_date >= :period_start) as orders,
    coalesce(sum(units) filter (where created_date >= :period_start), 0) as units,
    coalesce(sum(value) filter (where created_date >= :period_start), 0) as value,
    count(*) filter (where created_date < :period_start) as orders_before,
    coalesce(sum(value) filter (where created_date < :period_start), 0) as value_before
from ({scope}) as orders
group by currency
order by currency
