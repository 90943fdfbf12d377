-- The :max_rows orders with the highest value in each currency.
select key, created_date, partner, department, item, units, currency, value, agreed_delivery_date
from (
    select *, row_number() over (partition by currency order by value desc, key) as rank
    from ({scope}) as orders
) as ranked
where rank <= :max_rows
order by currency, rank
