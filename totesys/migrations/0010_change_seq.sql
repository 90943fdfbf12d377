-- The order and the time of a change within its batch (docs/adr/0026). Nothing is rewritten: existing
-- versions read as 0 and NULL. The new unique index is built from the versions, about a second for each
-- million.

alter table fact_sales_order
    add column change_seq integer not null default 0,
    add column changed_at timestamp;
alter table if exists etl.latest_sales_order
    add column change_seq integer not null default 0,
    add column changed_at timestamp;

alter table fact_purchase_order
    add column change_seq integer not null default 0,
    add column changed_at timestamp;
alter table if exists etl.latest_purchase_order
    add column change_seq integer not null default 0,
    add column changed_at timestamp;

alter table fact_payment
    add column change_seq integer not null default 0,
    add column changed_at timestamp;
alter table if exists etl.latest_payment
    add column change_seq integer not null default 0,
    add column changed_at timestamp;

-- A version is there once. The index also finds all versions of a row in their order.
select etl.ensure_key('fact_sales_order', 'u', '{sales_order_id, batch_seq, change_seq}');
select etl.ensure_key('fact_purchase_order', 'u', '{purchase_order_id, batch_seq, change_seq}');
select etl.ensure_key('fact_payment', 'u', '{payment_id, batch_seq, change_seq}');
select etl.drop_key('fact_sales_order', 'u', '{sales_order_id, batch_seq}');
select etl.drop_key('fact_purchase_order', 'u', '{purchase_order_id, batch_seq}');
select etl.drop_key('fact_payment', 'u', '{payment_id, batch_seq}');
