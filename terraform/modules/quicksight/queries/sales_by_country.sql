select
    counterparty_legal_country as country, currency_code,
    count(distinct counterparty_id) as counterparties,
    count(*) as orders,
    sum(units_sold * unit_price) as revenue,
    round(
        100.0 * sum(units_sold * unit_price)
        / nullif(sum(sum(units_sold * unit_price)) over (partition by currency_code), 0), 1
    ) as percent_of_currency
from ${schema}.fact_sales_order_wide
group by counterparty_legal_country, currency_code
order by currency_code, revenue desc, min(counterparty_id)
