-- The payments that match the filters, in their current state. A payment has no department.
select
    payment_id as key, payment_date, currency, payment_type_name as payment_type,
    counterparty_id as partner_id, counterparty_legal_name as partner,
    counterparty_legal_country as country, paid, payment_amount as value
from fact_payment_wide
left join ({currencies}) as named using (currency_id)
where payment_date between :since and :until
    and (cardinality(cast(:currencies as text[])) = 0 or currency = any(:currencies))
    and (cardinality(cast(:countries as text[])) = 0 or counterparty_legal_country = any(:countries))
