-- The payments that match the filters, in their current state, whenever they are due. A payment has no
-- department, person or design.
select
    payment_id as key, payment_date, currency_id, counterparty_id as partner_id, payment_type_id, paid,
    payment_amount as value
from fact_payment_current as fact
where {of_filters}
