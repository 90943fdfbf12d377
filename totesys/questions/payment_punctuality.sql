-- title: Are payments made on the agreed day?
-- why: The source has the day that was agreed, and whether a payment was made; that it was made
-- on another day only the history knows. The day of payment is that of the batch that first saw
-- it paid.
-- look at: Late payments, by how many days, and whether we or our customers are late. These are
-- the payments that were seen to be made in the last 14 days and still are.
-- theme: payments
with recent as (
    select min(batch_seq) as first, max(batch_seq) as last
    from etl.ledger
    where observed_at > (select max(observed_at) from etl.ledger) - interval '14' day
),
flipped as (
    select payment_id, max(observed_at) as paid_at
    from fact_payment_changes
    where batch_seq between (select first from recent) and (select last from recent)
        and column_name = 'paid' and new_value = 'true'
    group by payment_id
),
made as (
    select
        payment_type_name, currency_id, currency_code, payment_amount,
        paid_at::date - payment_date::date as days
    from flipped
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
