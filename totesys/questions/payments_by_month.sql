-- title: What falls due each month, and how much of it was paid?
-- why: It shows incoming and outgoing cash by the agreed day.
-- look at: Past months with an unpaid remainder, and the amounts of the coming months.
-- theme: payments
with daily as (
    select
        payment_date, payment_type_id, currency_id, count(*) as payments,
        sum(payment_amount) as amount,
        sum(payment_amount) filter (where paid) as paid_amount
    from fact_payment_current
    group by payment_date, payment_type_id, currency_id
)
select
    date_trunc('month', payment_date)::date as month, payment_type_name, currency_code,
    sum(payments) as payments, sum(amount) as amount,
    coalesce(sum(paid_amount), 0) as paid_amount,
    sum(amount) - coalesce(sum(paid_amount), 0) as unpaid_amount
from daily
left join dim_payment_type using (payment_type_id)
left join dim_currency using (currency_id)
group by 1, 2, 3, currency_id
order by month, payment_type_name, currency_code, currency_id
