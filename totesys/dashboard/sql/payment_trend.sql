-- Payments of the kind :kind by the day, week or month (:grain) in which they are due.
select
    currency,
    cast(date_trunc(:grain, cast(payment_date as timestamp)) as date) as period,
    case when paid then 'Paid' else 'Not paid yet' end as state,
    count(*) as payments,
    sum(value) as value
from ({scope}) as payments
where kind = :kind
group by currency, period, state
order by currency, period, state
