-- Payments made and not made, by kind and currency, and what of them is overdue on :today.
select
    currency,
    kind,
    count(*) as payments,
    coalesce(sum(value) filter (where paid), 0) as paid,
    coalesce(sum(value) filter (where not paid), 0) as unpaid,
    count(*) filter (where not paid and payment_date < :today) as overdue_payments,
    coalesce(sum(value) filter (where not paid and payment_date < :today), 0) as overdue
from ({scope}) as payments
group by currency, kind
order by currency, kind
