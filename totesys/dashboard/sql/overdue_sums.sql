-- The payments that are overdue on :today, by currency and direction.
with overdue as (
    select currency_id, payment_type_id, count(*) as payments, sum(value) as value
    from ({scope}) as payments
    where {overdue}
    group by currency_id, payment_type_id
)
select
    currency, direction, cast(sum(payments) as bigint) as overdue_payments, sum(value) as overdue
from overdue
left join ({currencies}) as currencies using (currency_id)
left join ({directions}) as directions using (payment_type_id)
group by currency, direction
order by currency, direction
