-- The :max_rows groups (:by) with the highest value of orders in each currency.
select currency, name, id, orders, units, value
from (
    select
        currency,
        case :by
            when 'department' then department
            when 'country' then country
            when 'partner' then partner
            when 'person' then person
        end as name,
        case :by when 'partner' then partner_id when 'person' then person_id end as id,
        count(*) as orders,
        sum(units) as units,
        sum(value) as value,
        row_number() over (partition by currency order by sum(value) desc) as rank
    from ({scope}) as orders
    group by currency, name, id
) as ranked
where rank <= :max_rows
order by currency, value desc, name
