-- The Purchases and Payments stars, which share dimensions with Sales. Tables that stand already
-- are adopted as in 0002.

create table if not exists dim_payment_type (
    payment_type_id   integer primary key,
    payment_type_name text not null
);

create table if not exists dim_transaction (
    transaction_id    integer primary key,
    transaction_type  text not null,
    sales_order_id    integer,
    purchase_order_id integer
);

create table if not exists fact_purchase_order (
    purchase_record_id          serial primary key,
    purchase_order_id           integer not null,
    created_date                date not null,
    created_time                time not null,
    last_updated_date           date not null,
    last_updated_time           time not null,
    staff_id                    integer not null,
    counterparty_id             integer not null,
    item_code                   text not null,
    item_quantity               integer not null,
    item_unit_price             numeric(10,2) not null,
    currency_id                 integer not null,
    agreed_delivery_date        date not null,
    agreed_payment_date         date not null,
    agreed_delivery_location_id integer not null
);

create table if not exists fact_payment (
    payment_record_id serial primary key,
    payment_id        integer not null,
    created_date      date not null,
    created_time      time not null,
    last_updated_date date not null,
    last_updated_time time not null,
    transaction_id    integer not null,
    counterparty_id   integer not null,
    payment_amount    numeric(10,2) not null,
    currency_id       integer not null,
    payment_type_id   integer not null,
    paid              boolean not null,
    payment_date      date not null
);

-- Ours. A table with rows refuses them, for nobody knows what batch its rows were of.
alter table fact_purchase_order add column if not exists observed_at timestamp not null;
alter table fact_purchase_order add column if not exists batch_seq bigint not null;
alter table fact_purchase_order add column if not exists is_deleted boolean not null;
alter table fact_payment add column if not exists observed_at timestamp not null;
alter table fact_payment add column if not exists batch_seq bigint not null;
alter table fact_payment add column if not exists is_deleted boolean not null;

select etl.widen_text('dim_payment_type');
select etl.widen_text('dim_transaction');
select etl.widen_text('fact_purchase_order');

select etl.ensure_key('dim_payment_type', 'p', '{payment_type_id}');
select etl.ensure_key('dim_transaction', 'p', '{transaction_id}');
select etl.ensure_key('fact_purchase_order', 'p', '{purchase_record_id}');
select etl.ensure_key('fact_payment', 'p', '{payment_record_id}');

-- A version is there once. The index also finds all versions of a row in their order.
select etl.ensure_key('fact_purchase_order', 'u', '{purchase_order_id, batch_seq}');
select etl.ensure_key('fact_payment', 'u', '{payment_id, batch_seq}');
-- What the latest batches brought.
create index if not exists fact_purchase_order_batch_seq on fact_purchase_order (batch_seq);
create index if not exists fact_payment_batch_seq on fact_payment (batch_seq);
-- From an order to its transaction, and on to its payment.
create index if not exists dim_transaction_sales_order_id on dim_transaction (sales_order_id)
    where sales_order_id is not null;
create index if not exists dim_transaction_purchase_order_id on dim_transaction (purchase_order_id)
    where purchase_order_id is not null;
create index if not exists fact_payment_transaction_id on fact_payment (transaction_id);

select etl.ensure_reference('fact_purchase_order', 'created_date', 'dim_date');
select etl.ensure_reference('fact_purchase_order', 'last_updated_date', 'dim_date');
select etl.ensure_reference('fact_purchase_order', 'staff_id', 'dim_staff');
select etl.ensure_reference('fact_purchase_order', 'counterparty_id', 'dim_counterparty');
select etl.ensure_reference('fact_purchase_order', 'currency_id', 'dim_currency');
select etl.ensure_reference('fact_purchase_order', 'agreed_delivery_date', 'dim_date');
select etl.ensure_reference('fact_purchase_order', 'agreed_payment_date', 'dim_date');
select etl.ensure_reference('fact_purchase_order', 'agreed_delivery_location_id', 'dim_location');

select etl.ensure_reference('fact_payment', 'created_date', 'dim_date');
select etl.ensure_reference('fact_payment', 'last_updated_date', 'dim_date');
select etl.ensure_reference('fact_payment', 'transaction_id', 'dim_transaction');
select etl.ensure_reference('fact_payment', 'counterparty_id', 'dim_counterparty');
select etl.ensure_reference('fact_payment', 'currency_id', 'dim_currency');
select etl.ensure_reference('fact_payment', 'payment_type_id', 'dim_payment_type');
select etl.ensure_reference('fact_payment', 'payment_date', 'dim_date');
