-- title: Are payments made on the agreed day?
-- why: The source has the agreed day, and whether the payment was made; only the history shows
-- that it was made on another day. The day of payment is that of the commit that made it paid or,
-- where that is unknown, of the batch that first observed it as paid.
-- look at: Late payments, by how many days, and whether the company or its customers are late. The
-- question covers the payments that were first observed as paid in the last 14 days and still are.
-- theme: payments
with recent as (
    select min(batch_seq) as first, max(batch_seq) as last
    from etl.ledger
    where observed_at > (select max(observed_at) from etl.ledger) - interval '14' day
),
paid_payments as (
    select payment_id, max(coalesce(changed_at, observed_at)) as paid_at
    from fact_payment_changes
    where batch_seq between (select first from recent) and (select last from recent)
        and column_name = 'paid' and new_value = 'true'
    group by payment_id
),
made as (
    select
        payment_type_name, currency_id, currency_code, payment_amount,
        paid_at::date - payment_date::date as days
    from paid_payments
    inner join fact_payment_wide using (payment_id)
    where paid
)
select
    payment_type_name, currency_code,
    count(*) as payments,
    count(*) filter (where days < 0) as early,
    count(*) filter (where days = 0) as on_the_day,
    count(*) filter (where days > 0) as late,
    coalesce(sum(payment_amount) filter (where days > 0), 0) as late_amount,
    round(avg(days) filter (where days > 0), 1) as average_days_late,
    max(days) filter (where days > 0) as most_days_late
from made
group by payment_type_name, currency_id, currency_code
order by payment_type_name, currency_code, currency_id
