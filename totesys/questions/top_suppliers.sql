-- title: Which suppliers do we buy the most from?
-- why: Large suppliers are negotiating partners, and dependencies.
-- look at: The share of the first places, and the date of the last order to each.
-- theme: purchases
with suppliers as (
    select
        currency_id, counterparty_id, count(*) as orders,
        sum(item_quantity * item_unit_price) as spend, max(created_date) as last_order
    from fact_purchase_order_current
    group by currency_id, counterparty_id
),
ranked as (
    select
        *, rank() over (partition by currency_id order by spend desc) as place,
        sum(spend) over (partition by currency_id) as spend_of_currency
    from suppliers
)
select
    currency_code, place, counterparty_id, counterparty_legal_name as name,
    counterparty_legal_country as country, orders, spend,
    round(100.0 * spend / nullif(spend_of_currency, 0), 1) as percent_of_currency, last_order
from ranked
left join dim_counterparty using (counterparty_id)
left join dim_currency using (currency_id)
where place <= 10
order by currency_code, place, counterparty_id
