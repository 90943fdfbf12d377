-- Two years of a warehouse that was polled every five minutes, up to 15 November 2024: {orders} sales
-- orders, of which three in ten were edited once and one in a thousand was deleted.

create function pg_temp.draw(n bigint, what text, among integer) returns integer
language sql immutable
return ((hashint8extended(n, hashtextextended(what, 0)) & 9223372036854775807) % among)::integer;

create function pg_temp.at(batch bigint) returns timestamp language sql immutable
return timestamp '2022-11-16' + batch * interval '5 minutes';

insert into dim_date
select day, extract(year from day), extract(month from day), extract(day from day),
    extract(isodow from day), trim(to_char(day, 'Day')), trim(to_char(day, 'Month')),
    extract(quarter from day)
from generate_series(date '1990-01-01', date '2099-12-31', interval '1 day') as day;

insert into dim_currency values
    (1, 'GBP', 'Pound Sterling'), (2, 'USD', 'US Dollar'), (3, 'EUR', 'Euro');

insert into dim_payment_type values
    (1, 'SALES_RECEIPT'), (2, 'SALES_REFUND'), (3, 'PURCHASE_PAYMENT'), (4, 'PURCHASE_REFUND');

insert into dim_location
select n, 'line 1', null, null, 'City ' || n, '08841', 'Country ' || n % 20, '0730 783349'
from generate_series(1, 30) as n;

insert into dim_counterparty
select n, 'Counterparty ' || n, 'line 1', null, null, 'City', '08841', 'Country ' || n % 15,
    '0730 783349'
from generate_series(1, 1000) as n;

insert into dim_staff
select n, 'First ' || n, 'Last ' || n, 'Department ' || n % 8, 'Leeds', 'someone@example.com'
from generate_series(1, 200) as n;

insert into dim_design
select n, 'Design ' || n, '/srv', 'design-' || n || '.json' from generate_series(1, 5000) as n;

insert into dim_transaction
select n, 'SALE', n, null from generate_series(1, {orders}) as n
union all
select {orders} + n, 'PURCHASE', null, n from generate_series(1, {orders}) as n where n % 5 < 2;

insert into etl.ledger
    (batch_seq, lake, generation, batch_run, run, observed_at, committed_at, loaded_at, rows)
select n, 'lake', 1, 'run', 'run', pg_temp.at(n),
    (pg_temp.at(n) + interval '20 seconds') at time zone 'UTC',
    (pg_temp.at(n) + interval '90 seconds' + pg_temp.draw(n, 'load', 120) * interval '1 second')
        at time zone 'UTC',
    10
from generate_series(1, 730 * 288) as n;

-- the batch that saw each order first, and the time from its creation to that batch
create temp table placed as
select n, floor(n::numeric * 730 * 288 / ({orders} + 1))::bigint + 1 as batch,
    pg_temp.draw(n, 'seconds', 290) * interval '1 second' as before,
    pg_temp.draw(n, 'edited', 10) < 3 as is_edited, pg_temp.draw(n, 'deleted', 1000) = 0 as is_gone
from generate_series(1, {orders}) as n;

analyze placed;

insert into fact_sales_order (
    sales_order_id, created_date, created_time, last_updated_date, last_updated_time,
    sales_staff_id, counterparty_id, units_sold, unit_price, currency_id, design_id,
    agreed_payment_date, agreed_delivery_date, agreed_delivery_location_id,
    observed_at, batch_seq, is_deleted
)
select
    n, made::date, made::time, made::date, made::time,
    1 + pg_temp.draw(n, 'staff', 200), 1 + pg_temp.draw(n, 'counterparty', 1000),
    1000 + pg_temp.draw(n, 'units', 99000), 2 + pg_temp.draw(n, 'price', 200) / 100.0,
    1 + pg_temp.draw(n, 'currency', 3), 1 + pg_temp.draw(n + seen.version, 'design', 5000),
    made::date + pg_temp.draw(n, 'payment', 7),
    made::date + pg_temp.draw(n + seen.version, 'delivery', 7),
    1 + pg_temp.draw(n, 'location', 30),
    pg_temp.at(seen.batch), seen.batch, seen.version = 2
from placed
cross join lateral (select pg_temp.at(batch) - before as made) as moment
cross join lateral (
    select 0 as version, batch
    union all
    select 1, batch + 1 + pg_temp.draw(n, 'edit', 14 * 288) where is_edited
    union all
    select 2, batch + 14 * 288 + pg_temp.draw(n, 'deletion', 90 * 288) where is_gone
) as seen (version, batch)
where seen.batch <= 730 * 288
order by seen.batch, n;

insert into fact_purchase_order (
    purchase_order_id, created_date, created_time, last_updated_date, last_updated_time, staff_id,
    counterparty_id, item_code, item_quantity, item_unit_price, currency_id, agreed_delivery_date,
    agreed_payment_date, agreed_delivery_location_id, observed_at, batch_seq, is_deleted
)
select
    n, made::date, made::time, made::date, made::time,
    1 + pg_temp.draw(n, 'buyer', 200), 1 + pg_temp.draw(n, 'supplier', 1000), 'ITEM' || n % 999,
    1 + pg_temp.draw(n, 'quantity', 999), 3 + pg_temp.draw(n, 'cost', 90000) / 100.0,
    1 + pg_temp.draw(n, 'their currency', 3), made::date + pg_temp.draw(n + seen.version, 'd', 7),
    made::date + 3, 1 + pg_temp.draw(n, 'location', 30), pg_temp.at(seen.batch), seen.batch, false
from placed
cross join lateral (select pg_temp.at(batch) - before as made) as moment
cross join lateral (
    select 0 as version, batch
    union all
    select 1, batch + 1 + pg_temp.draw(n, 'edit', 14 * 288) where is_edited
) as seen
where n % 5 < 2 and seen.batch <= 730 * 288
order by seen.batch, n;

insert into fact_payment (
    payment_id, created_date, created_time, last_updated_date, last_updated_time, transaction_id,
    counterparty_id, payment_amount, currency_id, payment_type_id, paid, payment_date, observed_at,
    batch_seq, is_deleted
)
select
    n + part, made::date, made::time, made::date, made::time, n + part,
    1 + pg_temp.draw(n, 'counterparty', 1000), 1 + pg_temp.draw(n, 'amount', 30000000) / 100.0,
    1 + pg_temp.draw(n, 'currency', 3), case part when 0 then 1 else 3 end, seen.is_paid, due,
    pg_temp.at(seen.batch), seen.batch, false
from placed
cross join (values (0), ({orders})) as parts (part)
cross join lateral (
    select pg_temp.at(batch) - before as made,
        (pg_temp.at(batch) - before)::date + pg_temp.draw(n + part, 'payment', 7) as due
) as moment
cross join lateral (
    select false as is_paid, batch
    union all
    select true, batch + 1 + 96 + 288 * (due - made::date + case pg_temp.draw(n + part, 'late', 30)
        when 0 then pg_temp.draw(n, 'days', 30) else 0 end)
    where pg_temp.draw(n + part, 'never', 100) > 0
) as seen (is_paid, batch)
where (part = 0 or n % 5 < 2) and seen.batch <= 730 * 288
order by seen.batch, n;
