-- title: Which counterparties buy the most?
-- why: The loss of one large customer is the largest risk of a sales department.
-- look at: The share of the first places, and the date of the last order of each.
-- theme: sales
with customers as (
    select
        currency_id, counterparty_id, count(*) as orders,
        sum(units_sold * unit_price) as revenue, max(created_date) as last_order
    from fact_sales_order_current
    group by currency_id, counterparty_id
),
ranked as (
    select
        *, rank() over (partition by currency_id order by revenue desc) as place,
        sum(revenue) over (partition by currency_id) as revenue_of_currency
    from customers
)
select
    currency_code, place, counterparty_id, counterparty_legal_name as name,
    counterparty_legal_country as country, orders, revenue,
    round(100.0 * revenue / nullif(revenue_of_currency, 0), 1) as percent_of_currency, last_order
from ranked
left join dim_counterparty using (counterparty_id)
left join dim_currency using (currency_id)
where place <= 10
order by currency_code, place, counterparty_id
