-- Payments of one direction due from :since to :until, by currency, state, and the day, week or month
-- (:grain) of their due date.
select
    currency,
    cast(date_trunc(:grain, cast(payment_date as timestamp)) as date) as period,
    case when paid then 'Paid' else 'Unpaid' end as state,
    count(*) as payments,
    sum(value) as value
from ({scope}) as payments
where direction = :direction and payment_date between :since and :until
group by currency, period, state
order by currency, period, state
