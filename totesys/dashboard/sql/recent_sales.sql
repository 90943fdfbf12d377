-- The sales orders that were updated or deleted most recently, without batch 1, which inserted all.
-- An order that was deleted and inserted again is not deleted.
select
    key, count(*) as changes, max(observed_at) as observed_at,
    not exists (select from fact_sales_order_current where sales_order_id = key) as is_deleted
from (
    select sales_order_id as key, observed_at, batch_seq
    from fact_sales_order_changes
    where change <> 'created' and batch_seq > 1
        and batch_seq > (select max(batch_seq) from etl.ledger) - :batches
    order by batch_seq desc
    limit 500
) as latest
group by key
order by max(batch_seq) desc, key desc
limit :max_rows
