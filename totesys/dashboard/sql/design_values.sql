-- The :max_rows design names with the highest value of orders in each currency.
with ordered as (
    select
        currency_id, design_id, count(*) as orders, sum(units) as units, sum(value) as value
    from ({scope}) as orders
    group by currency_id, design_id
)
select currency, name, orders, units, value
from (
    select
        currency, designs.item as name, cast(sum(orders) as bigint) as orders,
        cast(sum(units) as bigint) as units, sum(value) as value,
        row_number() over (partition by currency order by sum(value) desc) as rank
    from ordered
    left join ({currencies}) as currencies using (currency_id)
    left join ({designs}) as designs using (design_id)
    group by currency, name
) as ranked
where rank <= :max_rows
order by currency, value desc, name
