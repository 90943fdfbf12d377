-- Sales orders that have the number :number, or have or once had a customer or a design whose
-- name holds :text. The one of that number comes first, then the latest; each is shown as its latest
-- version has it. Of the history no window is asked for, so that PostgreSQL only reads the fact.
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
    limit :most
)
select
    found.key, latest.created_date, counterparty_legal_name as partner, design_name as what,
    units_sold * unit_price as value, currency_code as currency, latest.is_deleted
from found
join fact_sales_order_history as latest on sales_order_id = key and batch_seq = (
    select max(batch_seq) from fact_sales_order_history where sales_order_id = key
)
left join dim_counterparty using (counterparty_id)
left join dim_design using (design_id)
left join dim_currency using (currency_id)
order by key desc
