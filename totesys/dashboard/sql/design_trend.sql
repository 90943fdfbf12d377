-- Units by day, week or month (:grain) of the designs with one of the :names; all others have the group name
-- NULL.
with days as (
    select created_date, place, sum(units) as units
    from ({scope}) as orders
    left join (
        select design_id, array_position(cast(:names as text[]), item) as place
        from ({designs}) as designs
        where item = any(cast(:names as text[]))
    ) as chosen using (design_id)
    group by created_date, place
)
select
    (cast(:names as text[]))[place] as group_name,
    cast(date_trunc(:grain, cast(created_date as timestamp)) as date) as period,
    cast(sum(units) as bigint) as units
from days
group by place, period
order by period, group_name
