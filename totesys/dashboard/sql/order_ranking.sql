-- The :max_rows groups (:by) with the highest value of orders in each currency. People or partners
-- with the same name are separate groups, and their names include their IDs.
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
        count(*) over (partition by currency, name) as same_name,
        row_number() over (partition by currency order by value desc) as rank
    from groups
)
select
    currency, case when same_name > 1 then name || ' (' || id || ')' else name end as name,
    orders, units, value
from ranked
where rank <= :max_rows
order by currency, value desc, name
