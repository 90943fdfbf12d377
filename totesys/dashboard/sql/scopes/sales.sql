-- The sales orders that match the filters, in their current state.
select
    sales_order_id as key, created_date, currency,
    sales_staff_department_name as department,
    sales_staff_first_name || ' ' || sales_staff_last_name as person,
    sales_staff_id as person_id, counterparty_id as partner_id,
    counterparty_legal_name as partner, counterparty_legal_country as country,
    design_id, design_name as item, design_file_name as file,
    units_sold as units, units_sold * unit_price as value, agreed_delivery_date
from fact_sales_order_wide
left join ({currencies}) as named using (currency_id)
where created_date between :since and :until
    and (cardinality(cast(:currencies as text[])) = 0 or currency = any(:currencies))
    and (cardinality(cast(:countries as text[])) = 0 or counterparty_legal_country = any(:countries))
    and (cardinality(cast(:departments as text[])) = 0
        or sales_staff_department_name = any(:departments))
