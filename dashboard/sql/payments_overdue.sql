-- With whom most is overdue on :today, of the payments of the kind :kind.
select currency, name, payments, value, longest
from (
    select
        currency,
        partner as name,
        count(*) as payments,
        sum(value) as value,
        cast(:today as date) - min(payment_date) as longest,
        row_number() over (partition by currency order by sum(value) desc) as place
    from ({scope}) as payments
    where kind = :kind and not paid and payment_date < :today
    group by currency, name
) as ranked
where place <= :most
order by currency, value desc, name
