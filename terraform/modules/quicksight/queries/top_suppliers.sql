with suppliers as (
    select
        currency_code, counterparty_id, counterparty_legal_name, counterparty_legal_country,
        count(*) as orders, count(distinct item_code) as items,
        sum(item_quantity * item_unit_price) as spend
    from ${schema}.fact_purchase_order_wide
    group by
        currency_code, counterparty_id, counterparty_legal_name, counterparty_legal_country
),
ranked as (
    select
        *, rank() over (partition by currency_code order by spend desc) as place,
        sum(spend) over (partition by currency_code) as spend_of_currency
    from suppliers
)
select
    currency_code, place, counterparty_id, counterparty_legal_name as name,
    counterparty_legal_country as country, orders, items, spend,
    round(100.0 * spend / nullif(spend_of_currency, 0), 1) as percent_of_currency
from ranked
where place <= 10
order by currency_code, place, counterparty_id
