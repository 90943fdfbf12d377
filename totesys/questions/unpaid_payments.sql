-- title: What is still to be paid, and how much of it is overdue?
-- why: Unpaid receipts are money that the company lends; late payments cost trust.
-- look at: The overdue part, and the age of the oldest. A payment is overdue if it was due before
-- the day on which the source was last observed.
-- theme: payments
with today as (
    select max(observed_at)::date as day from etl.ledger
)
select
    payment_type_name, currency_code,
    count(*) as unpaid,
    sum(payment_amount) as unpaid_amount,
    count(*) filter (where payment_date < day) as overdue,
    coalesce(sum(payment_amount) filter (where payment_date < day), 0) as overdue_amount,
    min(payment_date) as oldest_due
from fact_payment_wide
cross join today
where not paid
group by payment_type_name, currency_id, currency_code
order by payment_type_name, currency_code, currency_id
