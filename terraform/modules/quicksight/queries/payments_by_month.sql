select
    date_trunc('month', payment_date)::date as month, payment_type_name, currency_code,
    count(*) as payments, sum(payment_amount) as amount,
    coalesce(sum(payment_amount) filter (where paid), 0) as paid_amount,
    coalesce(sum(payment_amount) filter (where not paid), 0) as unpaid_amount
from ${schema}.fact_payment_wide
group by 1, 2, 3
order by month, payment_type_name, currency_code
