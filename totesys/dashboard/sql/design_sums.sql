-- The :max_rows leading rows of each ``kind``: designs, and names of designs, by their units in all
-- currencies; and names in each currency, by the value of their orders. Each row has the totals of all.
with ordered as (
    select
        currency_id, design_id, count(*) as orders, sum(units) as units, sum(value) as value,
        max(created_date) as last_ordered
    from ({scope}) as orders
    group by currency_id, design_id
), ranked as (
    select
        grouping(design_id, currency_id) as kind, design_id, currency_id, item,
        sum(orders) as orders, sum(units) as units, max(last_ordered) as last_ordered,
        sum(value) as value,
        row_number() over (
            partition by grouping(design_id, currency_id), currency_id
            order by
                case when grouping(currency_id) = 0 then sum(value) else sum(units) end desc,
                design_id, item
        ) as rank
    from ordered left join ({designs}) as designs using (design_id)
    group by grouping sets ((design_id), (item), (currency_id, item))
)
select
    case kind when 1 then 'design' when 2 then 'value' when 3 then 'name' end as kind,
    design_id, coalesce(ranked.item, designs.item) as item, file, currency,
    cast(orders as bigint) as orders, cast(units as bigint) as units, last_ordered,
    case when currency_id is not null then value end as value,
    (select count(*) from dim_design) as all_designs,
    (select count(distinct design_id) from ordered) as all_ordered,
    (select cast(sum(units) as bigint) from ordered) as all_units
from ranked
left join ({currencies}) as currencies using (currency_id)
left join ({designs}) as designs using (design_id)
where rank <= :max_rows
order by kind, currency, rank
