-- Orders since :period_start, and those up to :compared_until, of the days in scope, by currency.
select
    currency,
    count(*) filter (where created_date >= :period_start) as orders,
    coalesce(sum(units) filter (where created_date >= :period_start), 0) as units,
    coalesce(sum(value) filter (where created_date >= :period_start), 0) as value,
    count(*) filter (where created_date <= :compared_until) as orders_before,
    coalesce(sum(value) filter (where created_date <= :compared_until), 0) as value_before
from ({scope}) as orders
group by currency
order by currency
