-- The sales orders that match the filters, in their current state. Queries aggregate by keys, and add names
-- afterwards: those of a million rows would take most of the time.
select
    sales_order_id as key, created_date, currency_id, sales_staff_id as person_id,
    counterparty_id as partner_id, design_id, cast(null as text) as item, units_sold as units,
    units_sold * unit_price as value, agreed_delivery_date
from fact_sales_order_current as fact
where created_date between :since and :until
    and {of_filters}
    and (cardinality(cast(:departments as text[])) = 0 or sales_staff_id in ({of_departments}))
    and (cardinality(cast(:people as int[])) = 0 or sales_staff_id = any(:people))
    and (cardinality(cast(:designs as int[])) = 0 or design_id = any(:designs))
