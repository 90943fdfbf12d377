-- Units by day, week or month (:grain) of the :max_names design names with the most units; all
-- others have the group name NULL.
with ordered as (
    select
        item as name,
        cast(date_trunc(:grain, cast(created_date as timestamp)) as date) as period,
        sum(units) as units
    from ({scope}) as orders
    group by name, period
), leading_names as (
    select name from ordered group by name order by sum(units) desc, name limit :max_names
)
select
    case when name in (select name from leading_names) then name end as group_name,
    period,
    sum(units) as units
from ordered
group by group_name, period
order by period, group_name
