-- The :max_rows orders with the highest value in each currency. To sort few of them, the largest order of
-- each day is found first: an order that is smaller than :max_rows of these is not among the largest.
with days as (
    select currency_id, max(value) as high
    from ({scope}) as orders
    group by currency_id, created_date
), limits as (
    select currency_id, high as low
    from (
        select *, row_number() over (partition by currency_id order by high desc) as rank from days
    ) as ranked
    where rank = :max_rows
), ranked as (
    select *, row_number() over (partition by currency_id order by value desc, key) as rank
    from ({scope}) as orders left join limits using (currency_id)
    where low is null or value >= low
)
select
    key, created_date, partner, department, coalesce(designs.item, ranked.item) as item, units,
    currency, value, agreed_delivery_date
from ranked
left join ({currencies}) as currencies using (currency_id)
left join ({partners}) as partners on counterparty_id = partner_id
left join ({people}) as people on staff_id = person_id
left join ({designs}) as designs using (design_id)
where rank <= :max_rows
order by currency, value desc, key
