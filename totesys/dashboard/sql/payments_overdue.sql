-- The :max_rows partners with the highest overdue amount on :today, of payments of one type. The names
-- of partners with the same name include their IDs.
with groups as (
    select
        currency,
        partner as name,
        partner_id,
        count(*) as payments,
        sum(value) as value,
        cast(:today as date) - min(payment_date) as longest
    from ({scope}) as payments
    where payment_type = :payment_type and not paid and payment_date < :today
    group by currency, name, partner_id
), ranked as (
    select
        *,
        count(*) over (partition by currency, name) as same_name,
        row_number() over (partition by currency order by value desc) as rank
    from groups
)
select
    currency, case when same_name > 1 then name || ' (' || partner_id || ')' else name end as name,
    payments, value, longest
from ranked
where rank <= :max_rows
order by currency, value desc, name
