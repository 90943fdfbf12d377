-- Purchase orders with the values of their latest version, also if they are deleted.
select
    purchase_order_id as key, created_date, partner, item_code as item, item_quantity as units,
    item_quantity * item_unit_price as value, currency, is_deleted
from fact_purchase_order_history as latest
left join ({partners}) as partner using (counterparty_id)
left join ({currencies}) as named using (currency_id)
where purchase_order_id = any(:keys) and (batch_seq, change_seq) = (
    select every.batch_seq, every.change_seq from fact_purchase_order_history as every
    where every.purchase_order_id = latest.purchase_order_id
    order by every.batch_seq desc, every.change_seq desc
    limit 1
)
