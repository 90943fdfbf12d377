-- The :most groups with the highest value of orders in each currency, by :by. People and partners of
-- one name are groups of their own, told apart by their numbers.
with groups as (
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
        sum(value) as value
    from ({scope}) as orders
    group by currency, name, id
), ranked as (
    select
        *,
        count(*) over (partition by currency, name) as namesakes,
        row_number() over (partition by currency order by value desc) as place
    from groups
)
select
    currency, case when namesakes > 1 then name || ' (' || id || ')' else name end as name,
    orders, units, value
from ranked
where place <= :most
order by currency, value desc, name
