-- Payments by currency and direction: paid and unpaid ones that are due from :since to :until, and,
-- whenever they are due, those that are overdue on :today and those that are not due yet.
select
    currency,
    direction,
    count(*) filter (where payment_date between :since and :until) as payments,
    coalesce(sum(value) filter (where paid and payment_date between :since and :until), 0) as paid,
    coalesce(sum(value) filter (where not paid and payment_date between :since and :until), 0)
        as unpaid,
    count(*) filter (where {overdue}) as overdue_payments,
    coalesce(sum(value) filter (where {overdue}), 0) as overdue,
    coalesce(sum(value) filter (where not paid and not {overdue}), 0) as not_due
from ({scope}) as payments
group by currency, direction
order by currency, direction
