-- The purchase orders that match the filters, in their current state.
select
    purchase_order_id as key, created_date, currency,
    staff_department_name as department,
    staff_first_name || ' ' || staff_last_name as person,
    staff_id as person_id, counterparty_id as partner_id,
    counterparty_legal_name as partner, counterparty_legal_country as country,
    item_code as item,
    item_quantity as units, item_quantity * item_unit_price as value, agreed_delivery_date
from fact_purchase_order_wide
left join ({currencies}) as named using (currency_id)
where created_date between :since and :until
    and (cardinality(cast(:currencies as text[])) = 0 or currency = any(:currencies))
    and (cardinality(cast(:countries as text[])) = 0 or counterparty_legal_country = any(:countries))
    and (cardinality(cast(:departments as text[])) = 0 or staff_department_name = any(:departments))
