-- The :max_rows orders with the highest value in each currency. They are found by key and value alone,
-- so that PostgreSQL sorts no names.
select key, created_date, partner, department, item, units, currency, value, agreed_delivery_date
from ({scope}) as orders
where key = any(array(
    select key
    from (
        select key, row_number() over (partition by currency order by value desc, key) as rank
        from ({scope}) as orders
    ) as ranked
    where rank <= :max_rows
))
order by currency, value desc, key
