-- title: Which countries do our customers buy from?
-- why: Countries differ in tax, freight and risk. The country is that of the counterparty's legal
-- address, not of the delivery.
-- look at: A country with all its revenue from one counterparty, and one with many small
-- counterparties.
-- theme: sales
with customers as (
    select
        currency_id, counterparty_id, count(*) as orders,
        sum(units_sold * unit_price) as revenue
    from fact_sales_order_current
    group by currency_id, counterparty_id
),
countries as (
    select
        counterparty_legal_country as country, currency_id,
        count(*) as counterparties, min(counterparty_id) as first_counterparty_id,
        sum(orders) as orders, sum(revenue) as revenue
    from customers
    left join dim_counterparty using (counterparty_id)
    group by counterparty_legal_country, currency_id
)
select
    country, currency_code, counterparties, orders, revenue,
    round(
        100.0 * revenue / nullif(sum(revenue) over (partition by currency_id), 0), 1
    ) as percent_of_currency
from countries
left join dim_currency using (currency_id)
order by currency_code, revenue desc, first_counterparty_id
