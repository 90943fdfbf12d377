-- Fills an empty source with {orders} orders, their transactions and payments, and all rows that
-- these refer to. The same arguments give the same rows. The history ends with the last working day
-- before {until} and covers at most two years, so that more orders mean more orders a day.

CREATE FUNCTION pg_temp.draw(n bigint, what text, among integer) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint8extended(n, hashtextextended(what, {seed})) & 9223372036854775807) % among)::integer
$$;

CREATE FUNCTION pg_temp.one_of(choices text[], n bigint, what text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT choices[1 + pg_temp.draw(n, what, cardinality(choices))]
$$;

CREATE TEMP TABLE working_day ON COMMIT DROP AS
SELECT day, row_number() OVER (ORDER BY day) AS number
FROM (
    SELECT day::date AS day
    FROM generate_series(date {until} - 2 * {days} - 7, date {until} - 1, interval '1 day') AS day
    WHERE extract(isodow FROM day) < 6
    ORDER BY day DESC
    LIMIT {days}
) AS latest;

CREATE TEMP TABLE opening ON COMMIT DROP AS
SELECT min(day) - 1 + time '14:20:49.962' AS moment FROM working_day;

INSERT INTO currency (currency_id, currency_code, created_at, last_updated)
SELECT number, code, moment, moment
FROM opening, unnest(ARRAY['GBP', 'USD', 'EUR']) WITH ORDINALITY AS listed (code, number);

INSERT INTO payment_type (payment_type_id, payment_type_name, created_at, last_updated)
SELECT number, name, moment, moment
FROM opening, unnest(enum_range(NULL::"PaymentTypeName")) WITH ORDINALITY AS listed (name, number);

INSERT INTO department (department_id, department_name, location, manager, created_at, last_updated)
SELECT number, name, location, manager, moment, moment
FROM opening, (VALUES
    (1, 'Sales', 'Manchester', 'Rosa Tully'),
    (2, 'Purchasing', 'Manchester', 'Naomi Ashgrove'),
    (3, 'Production', 'Leeds', 'Chester Lim'),
    (4, 'Dispatch', 'Leds', 'Mark Hannay'),
    (5, 'Finance', 'Manchester', NULL),
    (6, 'Facilities', 'Manchester', ''),
    (7, 'Communications', 'Leeds', 'Ann Blackwood'),
    (8, 'HR, "People" & Culture', NULL, 'James Link')
) AS listed (number, name, location, manager);

INSERT INTO address (
    address_id, address_line_1, address_line_2, district, city, postal_code, country, phone,
    created_at, last_updated
)
SELECT
    n,
    lpad(pg_temp.draw(n, 'house', 9999)::text, 4, '0') || ' '
        || pg_temp.one_of(ARRAY['Herzog', 'Alexie', 'Côte d''Or', 'Łazienki'], n, 'street')
        || pg_temp.one_of(ARRAY[' Via', ' Cliffs', ' Fort', ' Skyway'], n, 'way'),
    CASE WHEN n = 9 THEN E'c/o "The \\ Mill"\nUnit\t3' WHEN n % 3 = 0 THEN 'Tremaine Circles' END,
    CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'Bedfordshire' END,
    pg_temp.one_of(ARRAY['Aliso Viejo', 'St. John''s', 'Lake Charles', 'Olsonside'], n, 'city'),
    CASE WHEN n = 6 THEN '08841' ELSE lpad(pg_temp.draw(n, 'post', 99999)::text, 5, '0') END,
    pg_temp.one_of(ARRAY['Turkey', 'Samoa', 'Côte d''Ivoire', 'Congo, Republic of'], n, 'country'),
    lpad(pg_temp.draw(n, 'area', 9999)::text, 4, '0') || ' '
        || lpad(pg_temp.draw(n, 'phone', 999999)::text, 6, '0'),
    moment,
    moment
FROM opening, generate_series(1, 30) AS n;

INSERT INTO counterparty (
    counterparty_id, counterparty_legal_name, legal_address_id, commercial_contact,
    delivery_contact, created_at, last_updated
)
SELECT
    n,
    CASE WHEN n = 7 THEN 'Padberg, Lueilwitz and Johnson' ELSE
        pg_temp.one_of(ARRAY['Fahey', 'Leannon', 'Armstrong', 'Kohler', 'O''Hara'], n, 'firm')
        || pg_temp.one_of(ARRAY[' and Sons', ' - Lakin', ', Hayes and Will', ' LLC'], n, 'form')
    END,
    1 + pg_temp.draw(n, 'legal address', 30),
    CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'Melba Sanford' END,
    CASE n % 5 WHEN 0 THEN NULL ELSE 'Jean Hane III' END,
    moment,
    moment
FROM opening, generate_series(1, 20) AS n;

INSERT INTO staff (
    staff_id, first_name, last_name, department_id, email_address, created_at, last_updated
)
SELECT
    n, first_name, last_name, 1 + pg_temp.draw(n, 'department', 8),
    lower(first_name || '.' || last_name) || '@totes.example', moment, moment
FROM opening, generate_series(1, 20) AS n, LATERAL (SELECT
    pg_temp.one_of(ARRAY['Jeremie', 'Deron', 'Zoë', 'Magdalena', 'Imani'], n, 'first') AS first_name,
    CASE WHEN n = 17 THEN 'O''Keefe' ELSE
        pg_temp.one_of(ARRAY['Franey', 'Beier', 'Erdman', 'Glover', 'VonRueden'], n, 'last')
    END AS last_name
) AS name;

INSERT INTO design (
    design_id, created_at, design_name, file_location, file_name, last_updated
)
SELECT
    n, moment, name,
    pg_temp.one_of(ARRAY['/usr', '/private', '/boot', '/var/log', '/lib'], n, 'folder'),
    lower(name) || '-' || to_char(moment - n * interval '1 day', 'YYYYMMDD') || '-'
        || lpad(to_hex(pg_temp.draw(n, 'file', 65536)), 4, '0') || '.json',
    moment
FROM opening, generate_series(1, {designs}) AS n, LATERAL (SELECT
    pg_temp.one_of(ARRAY['Wooden', 'Bronze', 'Soft', 'Plastic', 'Metal'], n, 'design') AS name
) AS design;

-- One row for each order, in heap order, which differs a little from the order of ids, as in the
-- real source. Times overlap a little too: sometimes a later id has an earlier created_at.
CREATE TEMP TABLE placed ON COMMIT DROP AS
SELECT
    n,
    is_sale,
    row_number() OVER (PARTITION BY is_sale ORDER BY n) AS order_id,
    day + time '08:00' + milliseconds * interval '1 millisecond' AS created_at,
    1 + pg_temp.draw(n, 'staff', 20) AS staff_id,
    1 + pg_temp.draw(n, 'counterparty', 20) AS counterparty_id,
    1 + pg_temp.draw(n, 'currency', 3) AS currency_id,
    1 + pg_temp.draw(n, 'location', 30) AS location_id,
    CASE WHEN is_sale THEN 1001 + pg_temp.draw(n, 'quantity', 98999)
        ELSE 1 + pg_temp.draw(n, 'quantity', 999) END AS quantity,
    CASE WHEN is_sale THEN 2 + pg_temp.draw(n, 'price', 201) / 100.0
        ELSE 3 + pg_temp.draw(n, 'price', 99600) / 100.0 END::numeric(10, 2) AS price,
    (day + pg_temp.draw(n, 'delivery', 7))::text AS delivery_date,
    day + pg_temp.draw(n, 'payment', 7) AS payment_date,
    day
FROM (
    SELECT
        n,
        pg_temp.draw(n, 'kind', 10) < 7 AS is_sale,
        ((n - 1) % {per_day} * 34000000::bigint + pg_temp.draw(n, 'moment', 40000000)) / {per_day}
            AS milliseconds,
        1 + (n - 1) / {per_day} AS working_day
    FROM generate_series(1, {orders}) AS n
) AS numbered
JOIN working_day ON working_day.number = numbered.working_day
ORDER BY n / 8, pg_temp.draw(n, 'heap', 8), n;

-- Dropped while rows are inserted: checking nine foreign keys row by row takes most of the time.
CREATE TEMP TABLE foreign_key ON COMMIT DROP AS
SELECT conrelid::regclass AS holder, conname, pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE contype = 'f' AND conrelid IN (
    'sales_order'::regclass, 'purchase_order'::regclass, 'transaction'::regclass, 'payment'::regclass
);

DO $$
DECLARE
    removed record;
BEGIN
    FOR removed IN SELECT * FROM foreign_key LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', removed.holder, removed.conname);
    END LOOP;
END
$$;

INSERT INTO sales_order (
    sales_order_id, created_at, last_updated, design_id, staff_id, counterparty_id, units_sold,
    unit_price, currency_id, agreed_delivery_date, agreed_payment_date, agreed_delivery_location_id
)
SELECT
    order_id, created_at, created_at, 1 + pg_temp.draw(n, 'design', {designs}), staff_id,
    counterparty_id, quantity, price, currency_id, delivery_date, payment_date::text, location_id
FROM placed
WHERE is_sale;

INSERT INTO purchase_order (
    purchase_order_id, created_at, last_updated, staff_id, counterparty_id, item_code,
    item_quantity, item_unit_price, currency_id, agreed_delivery_date, agreed_payment_date,
    agreed_delivery_location_id
)
SELECT
    order_id, created_at, created_at, staff_id, counterparty_id,
    upper(lpad(to_hex(pg_temp.draw(n, 'item', 268435456)), 7, '0')),
    quantity, price, currency_id, delivery_date, payment_date::text, location_id
FROM placed
WHERE NOT is_sale;

INSERT INTO transaction (
    transaction_id, transaction_type, sales_order_id, purchase_order_id, created_at, last_updated
)
SELECT
    n,
    CASE WHEN is_sale THEN 'SALE' ELSE 'PURCHASE' END::"TransactionType",
    CASE WHEN is_sale THEN order_id END,
    CASE WHEN NOT is_sale THEN order_id END,
    created_at,
    created_at
FROM placed;

-- The weekday job at 07:55:11 has paid the payments due on its day. Payments due at a weekend, or on
-- the day of the order itself, stay unpaid.
INSERT INTO payment (
    payment_id, created_at, last_updated, transaction_id, counterparty_id, payment_amount,
    currency_id, payment_type_id, paid, payment_date, company_ac_number, counterparty_ac_number
)
SELECT
    n,
    created_at,
    CASE WHEN paid
        THEN payment_date + time '07:55:11'
            + pg_temp.draw(payment_date - date '2000-01-01', 'flip', 1000) * interval '1 ms'
        ELSE created_at
    END,
    n,
    counterparty_id,
    quantity * price,
    currency_id,
    CASE WHEN is_sale THEN 1 ELSE 3 END,
    paid,
    payment_date::text,
    10000000 + pg_temp.draw(n, 'company account', 90000000),
    10000000 + pg_temp.draw(n, 'counterparty account', 90000000)
FROM placed, LATERAL (SELECT
    payment_date > day AND payment_date < date {until} AND extract(isodow FROM payment_date) < 6
        AS paid
) AS flip;

DO $$
DECLARE
    removed record;
BEGIN
    FOR removed IN SELECT * FROM foreign_key LOOP
        EXECUTE format(
            'ALTER TABLE %s ADD CONSTRAINT %I %s', removed.holder, removed.conname, removed.definition
        );
    END LOOP;
END
$$;

-- Each serial key continues after the last one used.
DO $$
DECLARE
    key record;
BEGIN
    FOR key IN
        SELECT table_name, column_name, pg_get_serial_sequence(table_name, column_name) AS sequence
        FROM information_schema.columns
        WHERE table_schema = current_schema AND column_default LIKE 'nextval(%'
    LOOP
        EXECUTE format(
            'SELECT setval(%L, max(%I)) FROM %I', key.sequence, key.column_name, key.table_name
        );
    END LOOP;
END
$$;

DROP FUNCTION pg_temp.one_of, pg_temp.draw;
ANALYZE sales_order, purchase_order, transaction, payment, design;
