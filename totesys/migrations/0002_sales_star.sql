-- The Sales star. Tables that stand already are adopted: they keep their rows (a fact must be
-- empty, for nothing is known of the history of its rows) and get what they lack.

create table if not exists dim_date (
    date_id     date primary key,
    year        integer not null,
    month       integer not null,
    day         integer not null,
    day_of_week integer not null,
    day_name    text not null,
    month_name  text not null,
    quarter     integer not null
);

create table if not exists dim_staff (
    staff_id        integer primary key,
    first_name      text not null,
    last_name       text not null,
    department_name text not null,
    location        text not null,
    email_address   text not null
);

create table if not exists dim_location (
    location_id    integer primary key,
    address_line_1 text not null,
    address_line_2 text,
    district       text,
    city           text not null,
    postal_code    text not null,
    country        text not null,
    phone          text not null
);

create table if not exists dim_currency (
    currency_id   integer primary key,
    currency_code text not null,
    currency_name text not null
);

create table if not exists dim_design (
    design_id     integer primary key,
    design_name   text not null,
    file_location text not null,
    file_name     text not null
);

create table if not exists dim_counterparty (
    counterparty_id                   integer primary key,
    counterparty_legal_name           text not null,
    counterparty_legal_address_line_1 text not null,
    counterparty_legal_address_line_2 text,
    counterparty_legal_district       text,
    counterparty_legal_city           text not null,
    counterparty_legal_postal_code    text not null,
    counterparty_legal_country        text not null,
    counterparty_legal_phone_number   text not null
);

create table if not exists fact_sales_order (
    sales_record_id             serial primary key,
    sales_order_id              integer not null,
    created_date                date not null,
    created_time                time not null,
    last_updated_date           date not null,
    last_updated_time           time not null,
    sales_staff_id              integer not null,
    counterparty_id             integer not null,
    units_sold                  integer not null,
    unit_price                  numeric(10,2) not null,
    currency_id                 integer not null,
    design_id                   integer not null,
    agreed_payment_date         date not null,
    agreed_delivery_date        date not null,
    agreed_delivery_location_id integer not null
);

-- Ours. A table with rows refuses them, for nobody knows what batch its rows were of.
alter table fact_sales_order add column if not exists observed_at timestamp not null;
alter table fact_sales_order add column if not exists batch_seq bigint not null;
alter table fact_sales_order add column if not exists is_deleted boolean not null;

select etl.widen_text('dim_staff');
select etl.widen_text('dim_date');
select etl.widen_text('dim_location');
select etl.widen_text('dim_currency');
select etl.widen_text('dim_design');
select etl.widen_text('dim_counterparty');

select etl.ensure_key('dim_date', 'p', '{date_id}');
select etl.ensure_key('dim_staff', 'p', '{staff_id}');
select etl.ensure_key('dim_location', 'p', '{location_id}');
select etl.ensure_key('dim_currency', 'p', '{currency_id}');
select etl.ensure_key('dim_design', 'p', '{design_id}');
select etl.ensure_key('dim_counterparty', 'p', '{counterparty_id}');
select etl.ensure_key('fact_sales_order', 'p', '{sales_record_id}');

-- A version is there once. The index also finds all versions of an order in their order.
select etl.ensure_key('fact_sales_order', 'u', '{sales_order_id, batch_seq}');
-- What the latest batches brought.
create index if not exists fact_sales_order_batch_seq on fact_sales_order (batch_seq);

select etl.ensure_reference('fact_sales_order', 'created_date', 'dim_date');
select etl.ensure_reference('fact_sales_order', 'last_updated_date', 'dim_date');
select etl.ensure_reference('fact_sales_order', 'agreed_payment_date', 'dim_date');
select etl.ensure_reference('fact_sales_order', 'agreed_delivery_date', 'dim_date');
select etl.ensure_reference('fact_sales_order', 'sales_staff_id', 'dim_staff');
select etl.ensure_reference('fact_sales_order', 'counterparty_id', 'dim_counterparty');
select etl.ensure_reference('fact_sales_order', 'currency_id', 'dim_currency');
select etl.ensure_reference('fact_sales_order', 'design_id', 'dim_design');
select etl.ensure_reference('fact_sales_order', 'agreed_delivery_location_id', 'dim_location');
