-- title: Which countries do our customers buy from?
-- why: Countries differ in tax, freight and risk. The country is that of the counterparty's legal
-- address, not of the delivery.
-- look at: A country whose whole revenue is one counterparty, and one with many small ones.
-- theme: sales
select
    counterparty_legal_country as country, currency_code,
    count(distinct counterparty_id) as counterparties,
    count(*) as orders,
    sum(units_sold * unit_price) as revenue,
    round(
        100.0 * sum(units_sold * unit_price)
        / nullif(sum(sum(units_sold * unit_price)) over (partition by currency_code), 0), 1
    ) as percent_of_currency
from fact_sales_order_wide
group by counterparty_legal_country, currency_code
order by currency_code, revenue desc, min(counterparty_id)
