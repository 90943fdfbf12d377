-- The :most names of designs with the highest value of orders in each currency.
select currency, name, orders, units, value
from (
    select
        currency, what as name, count(*) as orders, sum(units) as units, sum(value) as value,
        row_number() over (partition by currency order by sum(value) desc) as place
    from ({scope}) as orders
    group by currency, name
) as ranked
where place <= :most
order by currency, value desc, name
