-- title: Which departments spend?
-- why: Budgets belong to departments. The purchases of a department are those of its current staff,
-- whenever they bought.
-- look at: The largest spend, and a single order with most of it.
-- theme: purchases
with buyers as (
    select
        currency_id, staff_id, count(*) as orders,
        sum(item_quantity * item_unit_price) as spend,
        max(item_quantity * item_unit_price) as largest_order
    from fact_purchase_order_current
    group by currency_id, staff_id
),
departments as (
    select
        department_name, currency_id, count(*) as staff, min(staff_id) as first_staff_id,
        sum(orders) as orders, sum(spend) as spend, max(largest_order) as largest_order
    from buyers
    left join dim_staff using (staff_id)
    group by department_name, currency_id
)
select department_name, currency_code, staff, orders, spend, largest_order
from departments
left join dim_currency using (currency_id)
order by currency_code, spend desc, first_staff_id
