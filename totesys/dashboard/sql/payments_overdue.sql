-- The :max_rows partners with the highest overdue amount on :today, of payments of one direction.
select currency, name, payments, value, longest
from (
    select
        currency,
        partner as name,
        partner_id,
        count(*) as payments,
        sum(value) as value,
        cast(:today as date) - min(payment_date) as longest,
        row_number() over (partition by currency order by sum(value) desc, partner_id) as rank
    from (select * from ({scope}) as every where {overdue}) as payments
    left join ({currencies}) as currencies using (currency_id)
    left join ({partners}) as partners on counterparty_id = partner_id
    left join ({directions}) as directions using (payment_type_id)
    where direction = :direction
    group by currency, partner, partner_id
) as ranked
where rank <= :max_rows
order by currency, rank
