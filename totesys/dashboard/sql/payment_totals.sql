-- Paid and unpaid payments by currency and payment type, and those overdue on :today.
select
    currency,
    payment_type,
    count(*) as payments,
    coalesce(sum(value) filter (where paid), 0) as paid,
    coalesce(sum(value) filter (where not paid), 0) as unpaid,
    count(*) filter (where not paid and payment_date < :today) as overdue_payments,
    coalesce(sum(value) filter (where not paid and payment_date < :today), 0) as overdue
from ({scope}) as payments
group by currency, payment_type
order by currency, payment_type
