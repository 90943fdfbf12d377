-- Orders by currency: their totals since :period_start, beside those up to :compared_until, of the days in
-- scope; and those since :period_start by day, week or month (:grain). ``largest_days`` are the days with the
-- :max_days largest orders of a day: only they can have one of the :max_days largest orders.
with days as (
    select
        currency_id, created_date, count(*) as orders, sum(units) as units, sum(value) as value,
        max(value) as high,
        case when created_date >= :period_start
            then cast(date_trunc(:grain, cast(created_date as timestamp)) as date)
        end as period
    from ({scope}) as orders
    group by currency_id, created_date
), ranked as (
    select *, rank() over (partition by currency_id, period is null order by high desc) as place
    from days
)
select
    currency,
    grouping(period) = 1 as is_total,
    period,
    cast(coalesce(sum(orders) filter (where period is not null), 0) as bigint) as orders,
    cast(coalesce(sum(units) filter (where period is not null), 0) as bigint) as units,
    coalesce(sum(value) filter (where period is not null), 0) as value,
    cast(coalesce(sum(orders) filter (where created_date <= :compared_until), 0) as bigint)
        as orders_before,
    coalesce(sum(value) filter (where created_date <= :compared_until), 0) as value_before,
    case when grouping(period) = 1
        then array_agg(created_date) filter (where period is not null and place <= :max_days)
    end as largest_days
from ranked left join ({currencies}) as currencies using (currency_id)
group by grouping sets ((currency), (currency, period))
having grouping(period) = 1 or period is not null
order by currency, period
