-- Units by day, week or month (:grain) of the :max_names design names with the most units; all
-- others have the group name NULL.
with leading_names as (
    select designs.item
    from (
        select design_id, sum(units) as units from ({scope}) as orders group by design_id
    ) as ordered
    left join ({designs}) as designs using (design_id)
    group by designs.item
    order by sum(units) desc, designs.item
    limit :max_names
), chosen as (
    select design_id, item from leading_names join ({designs}) as designs using (item)
), ordered as (
    select
        chosen.design_id,
        cast(date_trunc(:grain, cast(created_date as timestamp)) as date) as period,
        sum(units) as units
    from ({scope}) as orders left join chosen using (design_id)
    group by chosen.design_id, period
)
select chosen.item as group_name, period, cast(sum(units) as bigint) as units
from ordered left join chosen using (design_id)
group by group_name, period
order by period, group_name
