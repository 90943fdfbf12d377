select
    staff_department_name as department_name, currency_code,
    count(distinct staff_id) as staff,
    count(*) as orders,
    sum(item_quantity * item_unit_price) as spend,
    max(item_quantity * item_unit_price) as largest_order
from ${schema}.fact_purchase_order_wide
group by staff_department_name, currency_code
order by currency_code, spend desc, min(staff_id)
