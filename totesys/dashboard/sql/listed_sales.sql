-- Sales orders with the values of their latest version, also if they are deleted.
select
    sales_order_id as key, created_date, partner, item, units_sold as units,
    units_sold * unit_price as value, currency, is_deleted
from fact_sales_order_history as latest
left join ({partners}) as partner using (counterparty_id)
left join ({designs}) as design using (design_id)
left join ({currencies}) as named using (currency_id)
where sales_order_id = any(:keys) and (batch_seq, change_seq) = (
    select every.batch_seq, every.change_seq from fact_sales_order_history as every
    where every.sales_order_id = latest.sales_order_id
    order by every.batch_seq desc, every.change_seq desc
    limit 1
)
