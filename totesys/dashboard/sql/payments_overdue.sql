-- The :max_rows partners with the highest overdue amount on :today, of payments of one direction.
with overdue as (
    select
        currency_id, partner_id, payment_type_id, count(*) as payments, sum(value) as value,
        min(payment_date) as oldest
    from ({scope}) as payments
    where {overdue}
    group by currency_id, partner_id, payment_type_id
)
select currency, name, payments, value, longest
from (
    select
        currency,
        partner as name,
        cast(sum(payments) as bigint) as payments,
        sum(value) as value,
        cast(:today as date) - min(oldest) as longest,
        row_number() over (partition by currency order by sum(value) desc, partner_id) as rank
    from overdue
    left join ({currencies}) as currencies using (currency_id)
    left join ({partners}) as partners on counterparty_id = partner_id
    left join ({directions}) as directions using (payment_type_id)
    where direction = :direction
    group by currency, partner, partner_id
) as ranked
where rank <= :max_rows
order by currency, rank
