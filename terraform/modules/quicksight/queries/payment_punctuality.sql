with recent as (
    select min(batch_seq) as first, max(batch_seq) as last
    from etl.ledger
    where observed_at > (select max(observed_at) from etl.ledger) - interval '14' day
),
flipped as (
    select payment_id, max(observed_at) as paid_at
    from ${schema}.fact_payment_changes
    where batch_seq between (select first from recent) and (select last from recent)
        and column_name = 'paid' and new_value = 'true'
    group by payment_id
),
made as (
    select
        payment_type_name, currency_id, currency_code, payment_amount,
        paid_at::date - payment_date::date as days
    from flipped
    inner join ${schema}.fact_payment_wide using (payment_id)
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
