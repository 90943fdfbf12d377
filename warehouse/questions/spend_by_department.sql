-- title: Which departments spend?
-- why: Budgets are by department. A department's purchases are those of the people who are in it
-- today, whenever they bought.
-- look at: The largest spend, and a single order that is most of it.
-- theme: purchases
select
    staff_department_name as department_name, currency_code,
    count(distinct staff_id) as staff,
    count(*) as orders,
    sum(item_quantity * item_unit_price) as spend,
    max(item_quantity * item_unit_price) as largest_order
from fact_purchase_order_wide
group by staff_department_name, currency_code
order by currency_code, spend desc, min(staff_id)
