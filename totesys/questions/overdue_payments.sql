-- title: How long are unpaid payments overdue?
-- why: The older a debt, the less likely it is paid. The company's own debts are shown as well.
-- look at: Amounts beyond 30 days. Days are counted up to the day on which the source was last
-- observed.
-- theme: payments
with today as (
    select max(observed_at)::date as day from etl.ledger
),
overdue as (
    select
        payment_type_name, currency_id, currency_code, counterparty_id, payment_amount,
        day::date - payment_date::date as days
    from fact_payment_wide
    cross join today
    where not paid and payment_date < day
),
aged as (
    select
        *,
        case when days <= 7 then 1 when days <= 30 then 8 when days <= 90 then 31 else 91 end
            as from_days
    from overdue
)
select
    payment_type_name, currency_code, from_days,
    case from_days when 1 then 7 when 8 then 30 when 31 then 90 end as to_days,
    count(*) as payments, count(distinct counterparty_id) as counterparties,
    sum(payment_amount) as amount
from aged
group by payment_type_name, currency_id, currency_code, from_days
order by payment_type_name, currency_code, currency_id, from_days
