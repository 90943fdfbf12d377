-- The sales orders that match the filters, in their current state.
select
    sales_order_id as key, created_date, currency, department, person,
    sales_staff_id as person_id, counterparty_id as partner_id, partner, country,
    design_id, item, file, units_sold as units, units_sold * unit_price as value,
    agreed_delivery_date
from fact_sales_order_current as fact
left join ({currencies}) as currencies using (currency_id)
left join ({partners}) as partners using (counterparty_id)
left join ({designs}) as designs using (design_id)
left join ({people}) as people on staff_id = sales_staff_id
where created_date between :since and :until
    and {of_filters}
    and (cardinality(cast(:departments as text[])) = 0 or department = any(:departments))
    and (cardinality(cast(:people as int[])) = 0 or staff_id = any(:people))
    and (cardinality(cast(:designs as int[])) = 0 or design_id = any(:designs))
