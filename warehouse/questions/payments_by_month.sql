-- title: What falls due each month, and how much of it was paid?
-- why: It is the cash that comes in and goes out, by the day agreed.
-- look at: Months that have passed with an unpaid rest, and what the coming months bring.
-- theme: payments
select
    date_trunc('month', payment_date)::date as month, payment_type_name, currency_code,
    count(*) as payments, sum(payment_amount) as amount,
    coalesce(sum(payment_amount) filter (where paid), 0) as paid_amount,
    coalesce(sum(payment_amount) filter (where not paid), 0) as unpaid_amount
from fact_payment_wide
group by 1, 2, 3
order by month, payment_type_name, currency_code
