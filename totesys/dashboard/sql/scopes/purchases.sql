-- The purchase orders that match the filters, in their current state. They have no design.
select
    purchase_order_id as key, created_date, currency_id, staff_id as person_id,
    counterparty_id as partner_id, cast(null as int) as design_id, item_code as item,
    item_quantity as units, item_quantity * item_unit_price as value, agreed_delivery_date
from fact_purchase_order_current as fact
where created_date between :since and :until
    and {of_filters}
    and (cardinality(cast(:departments as text[])) = 0 or staff_id in ({of_departments}))
    and (cardinality(cast(:people as int[])) = 0 or staff_id = any(:people))
