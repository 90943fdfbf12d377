-- The :max_rows orders with the highest value in each currency, of these :days, which an index finds; NULL
-- means all days.
select
    key, created_date, partner, department, coalesce(designs.item, ranked.item) as item, units,
    currency, value, agreed_delivery_date
from (
    select *, row_number() over (partition by currency_id order by value desc, key) as rank
    from ({scope}) as orders
    where cast(:days as date[]) is null or created_date = any(cast(:days as date[]))
) as ranked
left join ({currencies}) as currencies using (currency_id)
left join ({partners}) as partners on counterparty_id = partner_id
left join ({people}) as people on staff_id = person_id
left join ({designs}) as designs using (design_id)
where rank <= :max_rows
order by currency, value desc, key
