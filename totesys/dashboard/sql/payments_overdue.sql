-- With whom most is overdue on :today, of the payments of the kind :kind. Partners of one name are
-- told apart by their numbers.
with groups as (
    select
        currency,
        partner as name,
        partner_id,
        count(*) as payments,
        sum(value) as value,
        cast(:today as date) - min(payment_date) as longest
    from ({scope}) as payments
    where kind = :kind and not paid and payment_date < :today
    group by currency, name, partner_id
), ranked as (
    select
        *,
        count(*) over (partition by currency, name) as namesakes,
        row_number() over (partition by currency order by value desc) as place
    from groups
)
select
    currency, case when namesakes > 1 then name || ' (' || partner_id || ')' else name end as name,
    payments, value, longest
from ranked
where place <= :most
order by currency, value desc, name
