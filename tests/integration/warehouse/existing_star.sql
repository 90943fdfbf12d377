-- A Sales star that a user created: empty except for one currency, without the platform's columns.
create schema warehouse;
set search_path to warehouse;

create table dim_design (
    design_name varchar not null,
    design_id int primary key,
    file_location varchar not null,
    file_name varchar not null
);
create table dim_currency (
    currency_id int not null,
    currency_code varchar(3) not null,
    currency_name varchar not null
);
insert into dim_currency values (2, 'GBP', 'Pound Sterling');
create table fact_sales_order (
    sales_record_id serial primary key,
    sales_order_id int not null,
    created_date date not null,
    created_time time not null,
    last_updated_date date not null,
    last_updated_time time not null,
    sales_staff_id int not null,
    counterparty_id int not null,
    units_sold int not null,
    unit_price numeric(10,2) not null,
    currency_id int not null,
    design_id int not null references dim_design (design_id),
    agreed_payment_date date not null,
    agreed_delivery_date date not null,
    agreed_delivery_location_id int not null
);
reset search_path;
