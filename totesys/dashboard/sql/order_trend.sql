-- Orders by currency and by day, week or month (:grain).
select
    currency,
    cast(date_trunc(:grain, cast(created_date as timestamp)) as date) as period,
    count(*) as orders,
    sum(value) as value
from ({scope}) as orders
group by currency, period
order by currency, period
