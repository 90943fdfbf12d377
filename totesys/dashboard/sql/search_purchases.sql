-- Purchase orders with the number :number, or with a supplier or item, in any version, whose name
-- contains :text. The number comes first, then the latest orders; values are those of the latest
-- version. Without the window columns of the history view, PostgreSQL only scans the fact.
with found as (
    select purchase_order_id as key
    from fact_purchase_order_history
    where purchase_order_id = :number
        or counterparty_id in (
            select counterparty_id from dim_counterparty
            where position(lower(:text) in lower(counterparty_legal_name)) > 0
        )
        or position(lower(:text) in lower(item_code)) > 0
    group by key
    order by purchase_order_id = :number desc, key desc
    limit :max_rows
)
select
    found.key, latest.created_date, counterparty_legal_name as partner, item_code as item,
    item_quantity * item_unit_price as value, currency_code as currency, latest.is_deleted
from found
join fact_purchase_order_history as latest on purchase_order_id = key and batch_seq = (
    select max(batch_seq) from fact_purchase_order_history where purchase_order_id = key
)
left join dim_counterparty using (counterparty_id)
left join dim_currency using (currency_id)
order by key desc
