-- The :most orders with the highest value in each currency.
select key, created_date, partner, department, what, units, currency, value, agreed_delivery_date
from (
    select *, row_number() over (partition by currency order by value desc, key) as place
    from ({scope}) as orders
) as ranked
where place <= :most
order by currency, place
