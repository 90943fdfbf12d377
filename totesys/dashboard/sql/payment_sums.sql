-- Payments by currency and direction. The totals: paid and unpaid ones that are due from :since to :until,
-- and, whenever they are due, those that are overdue on :today and those that are not due yet. And those
-- due from :since to :until by state and by the day, week or month (:grain) of their due date.
with days as (
    select
        currency_id, payment_type_id, paid, payment_date, count(*) as payments, sum(value) as value,
        case when paid then 'Paid' else 'Unpaid' end as state,
        case when payment_date between :since and :until
            then cast(date_trunc(:grain, cast(payment_date as timestamp)) as date)
        end as period
    from ({scope}) as payments
    group by currency_id, payment_type_id, paid, payment_date
)
select
    currency,
    direction,
    grouping(period) = 1 as is_total,
    state,
    period,
    cast(coalesce(sum(payments) filter (where period is not null), 0) as bigint) as payments,
    coalesce(sum(value) filter (where period is not null), 0) as value,
    coalesce(sum(value) filter (where paid and period is not null), 0) as paid,
    coalesce(sum(value) filter (where not paid and period is not null), 0) as unpaid,
    cast(coalesce(sum(payments) filter (where {overdue}), 0) as bigint) as overdue_payments,
    coalesce(sum(value) filter (where {overdue}), 0) as overdue,
    coalesce(sum(value) filter (where not paid and not {overdue}), 0) as not_due
from days
left join ({currencies}) as currencies using (currency_id)
left join ({directions}) as directions using (payment_type_id)
group by grouping sets ((currency, direction), (currency, direction, state, period))
having grouping(period) = 1 or period is not null
order by currency, direction, period, state
