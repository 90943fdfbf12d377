-- Sales orders with the number :number, or with a customer or design, in any version, whose name
-- contains :text. The number comes first, then the latest orders; values are those of the latest
-- version. Without the window columns of the history view, PostgreSQL only scans the fact.
with found as (
    select sales_order_id as key
    from fact_sales_order_history
    where sales_order_id = :number
        or counterparty_id in (
            select counterparty_id from dim_counterparty
            where position(lower(:text) in lower(counterparty_legal_name)) > 0
        )
        or design_id in (
            select design_id from dim_design
            where position(lower(:text) in lower(design_name)) > 0
        )
    group by key
    order by sales_order_id = :number desc, key desc
    limit :max_rows
)
select
    found.key, latest.created_date, counterparty_legal_name as partner, design_name as item,
    units_sold * unit_price as value, currency_code as currency, latest.is_deleted
from found
join fact_sales_order_history as latest on sales_order_id = key and batch_seq = (
    select max(batch_seq) from fact_sales_order_history where sales_order_id = key
)
left join dim_counterparty using (counterparty_id)
left join dim_design using (design_id)
left join dim_currency using (currency_id)
order by key desc
