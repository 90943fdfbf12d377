-- The :max_rows design names with the highest value of orders in each currency.
select currency, name, orders, units, value
from (
    select
        currency, item as name, count(*) as orders, sum(units) as units, sum(value) as value,
        row_number() over (partition by currency order by sum(value) desc) as rank
    from ({scope}) as orders
    group by currency, name
) as ranked
where rank <= :max_rows
order by currency, value desc, name
