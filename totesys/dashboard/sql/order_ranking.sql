-- The :max_rows groups (:by) with the highest value of orders in each currency.
with members as (
    select
        currency_id,
        case when cast(:by as text) in ('department', 'person') then person_id else partner_id end
            as member,
        count(*) as orders, sum(units) as units, sum(value) as value
    from ({scope}) as orders
    group by currency_id, member
)
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
        case when cast(:by as text) in ('partner', 'person') then member end as id,
        cast(sum(orders) as bigint) as orders,
        cast(sum(units) as bigint) as units,
        sum(value) as value,
        row_number() over (partition by currency order by sum(value) desc) as rank
    from members
    left join ({currencies}) as currencies using (currency_id)
    left join ({partners}) as partners on counterparty_id = member
    left join ({people}) as people on staff_id = member
    group by currency, name, id
) as ranked
where rank <= :max_rows
order by currency, value desc, name
