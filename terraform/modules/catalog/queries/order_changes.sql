-- What is changed in sales orders after they were placed, and how often?
with ledger as (
    select batch_seq, observed_at from ${ingestion}.address
    union
    select batch_seq, observed_at from ${ingestion}.counterparty
    union
    select batch_seq, observed_at from ${ingestion}.currency
    union
    select batch_seq, observed_at from ${ingestion}.department
    union
    select batch_seq, observed_at from ${ingestion}.design
    union
    select batch_seq, observed_at from ${ingestion}.payment
    union
    select batch_seq, observed_at from ${ingestion}.payment_type
    union
    select batch_seq, observed_at from ${ingestion}.purchase_order
    union
    select batch_seq, observed_at from ${ingestion}.sales_order
    union
    select batch_seq, observed_at from ${ingestion}.staff
    union
    select batch_seq, observed_at from ${ingestion}.transaction
),
fact_sales_order_current as (
    with versions as (
        select
            sales_order_id, created_date, created_time, last_updated_date, last_updated_time,
            sales_staff_id, counterparty_id, units_sold, unit_price, currency_id, design_id,
            agreed_payment_date, agreed_delivery_date, agreed_delivery_location_id, observed_at,
            batch_seq, is_deleted
        from fact_sales_order
        union all
        -- a deletion whose last values cannot be read has those of the version before it
        select
            sales_order_id, created_date, created_time, last_updated_date, last_updated_time,
            sales_staff_id, counterparty_id, units_sold, unit_price, currency_id, design_id,
            agreed_payment_date, agreed_delivery_date, agreed_delivery_location_id,
            gone_at, gone_with, true
        from (
            select
                earlier.*, gone.observed_at as gone_at, gone.batch_seq as gone_with,
                row_number() over (
                    partition by gone.sales_order_id, gone.batch_seq order by earlier.batch_seq desc
                ) as back
            from fact_sales_order_tombstones as gone
            inner join fact_sales_order as earlier
                on earlier.sales_order_id = gone.sales_order_id
                and earlier.batch_seq < gone.batch_seq
        )
        where back = 1
    ),
    fact_sales_order_current as (
        select
            sales_order_id, created_date, created_time, last_updated_date, last_updated_time,
            sales_staff_id, counterparty_id, units_sold, unit_price, currency_id, design_id,
            agreed_payment_date, agreed_delivery_date, agreed_delivery_location_id, observed_at,
            batch_seq, is_deleted
        from (
            select *, row_number() over (partition by sales_order_id order by batch_seq desc) as back
            from versions
        )
        where back = 1 and not is_deleted
    )
    select * from fact_sales_order_current
),
fact_sales_order_changes as (
    with versions as (
        select
            sales_order_id, created_date, created_time, last_updated_date, last_updated_time,
            sales_staff_id, counterparty_id, units_sold, unit_price, currency_id, design_id,
            agreed_payment_date, agreed_delivery_date, agreed_delivery_location_id, observed_at,
            batch_seq, is_deleted
        from fact_sales_order
        union all
        -- a deletion whose last values cannot be read has those of the version before it
        select
            sales_order_id, created_date, created_time, last_updated_date, last_updated_time,
            sales_staff_id, counterparty_id, units_sold, unit_price, currency_id, design_id,
            agreed_payment_date, agreed_delivery_date, agreed_delivery_location_id,
            gone_at, gone_with, true
        from (
            select
                earlier.*, gone.observed_at as gone_at, gone.batch_seq as gone_with,
                row_number() over (
                    partition by gone.sales_order_id, gone.batch_seq order by earlier.batch_seq desc
                ) as back
            from fact_sales_order_tombstones as gone
            inner join fact_sales_order as earlier
                on earlier.sales_order_id = gone.sales_order_id
                and earlier.batch_seq < gone.batch_seq
        )
        where back = 1
    ),
    pairs as (
        select
            *, lag(is_deleted) over (partition by sales_order_id order by batch_seq) as was_deleted,
            lag(created_date) over (partition by sales_order_id order by batch_seq) as old_created_date,
            lag(created_time) over (partition by sales_order_id order by batch_seq) as old_created_time,
            lag(last_updated_date) over (partition by sales_order_id order by batch_seq) as old_last_updated_date,
            lag(last_updated_time) over (partition by sales_order_id order by batch_seq) as old_last_updated_time,
            lag(sales_staff_id) over (partition by sales_order_id order by batch_seq) as old_sales_staff_id,
            lag(counterparty_id) over (partition by sales_order_id order by batch_seq) as old_counterparty_id,
            lag(units_sold) over (partition by sales_order_id order by batch_seq) as old_units_sold,
            lag(unit_price) over (partition by sales_order_id order by batch_seq) as old_unit_price,
            lag(currency_id) over (partition by sales_order_id order by batch_seq) as old_currency_id,
            lag(design_id) over (partition by sales_order_id order by batch_seq) as old_design_id,
            lag(agreed_payment_date) over (partition by sales_order_id order by batch_seq) as old_agreed_payment_date,
            lag(agreed_delivery_date) over (partition by sales_order_id order by batch_seq) as old_agreed_delivery_date,
            lag(agreed_delivery_location_id) over (partition by sales_order_id order by batch_seq) as old_agreed_delivery_location_id
        from versions
    )
    select
        sales_order_id, batch_seq, observed_at, 'deleted' as change,
        cast(null as varchar) as column_name, cast(null as varchar) as old_value,
        cast(null as varchar) as new_value
    from pairs
    where is_deleted and not coalesce(was_deleted, false)
    union all
    select
        sales_order_id, batch_seq, observed_at, 'created',
        cast(null as varchar), cast(null as varchar), cast(null as varchar)
    from pairs
    where not is_deleted and coalesce(was_deleted, true)
    union all
    select
        sales_order_id, batch_seq, observed_at, 'updated', column_name,
        case column_name
            when 'created_date' then cast(old_created_date as varchar)
            when 'created_time' then cast(old_created_time as varchar)
            when 'last_updated_date' then cast(old_last_updated_date as varchar)
            when 'last_updated_time' then cast(old_last_updated_time as varchar)
            when 'sales_staff_id' then cast(old_sales_staff_id as varchar)
            when 'counterparty_id' then cast(old_counterparty_id as varchar)
            when 'units_sold' then cast(old_units_sold as varchar)
            when 'unit_price' then cast(old_unit_price as varchar)
            when 'currency_id' then cast(old_currency_id as varchar)
            when 'design_id' then cast(old_design_id as varchar)
            when 'agreed_payment_date' then cast(old_agreed_payment_date as varchar)
            when 'agreed_delivery_date' then cast(old_agreed_delivery_date as varchar)
            when 'agreed_delivery_location_id' then cast(old_agreed_delivery_location_id as varchar)
        end,
        case column_name
            when 'created_date' then cast(created_date as varchar)
            when 'created_time' then cast(created_time as varchar)
            when 'last_updated_date' then cast(last_updated_date as varchar)
            when 'last_updated_time' then cast(last_updated_time as varchar)
            when 'sales_staff_id' then cast(sales_staff_id as varchar)
            when 'counterparty_id' then cast(counterparty_id as varchar)
            when 'units_sold' then cast(units_sold as varchar)
            when 'unit_price' then cast(unit_price as varchar)
            when 'currency_id' then cast(currency_id as varchar)
            when 'design_id' then cast(design_id as varchar)
            when 'agreed_payment_date' then cast(agreed_payment_date as varchar)
            when 'agreed_delivery_date' then cast(agreed_delivery_date as varchar)
            when 'agreed_delivery_location_id' then cast(agreed_delivery_location_id as varchar)
        end
    from pairs
    cross join (
        values
            ('created_date'), ('created_time'), ('last_updated_date'), ('last_updated_time'),
            ('sales_staff_id'), ('counterparty_id'), ('units_sold'), ('unit_price'), ('currency_id'),
            ('design_id'), ('agreed_payment_date'), ('agreed_delivery_date'),
            ('agreed_delivery_location_id')
    ) as told (column_name)
    where
        was_deleted is not null
        and case column_name
            when 'created_date' then created_date is distinct from old_created_date
            when 'created_time' then created_time is distinct from old_created_time
            when 'last_updated_date' then last_updated_date is distinct from old_last_updated_date
            when 'last_updated_time' then last_updated_time is distinct from old_last_updated_time
            when 'sales_staff_id' then sales_staff_id is distinct from old_sales_staff_id
            when 'counterparty_id' then counterparty_id is distinct from old_counterparty_id
            when 'units_sold' then units_sold is distinct from old_units_sold
            when 'unit_price' then unit_price is distinct from old_unit_price
            when 'currency_id' then currency_id is distinct from old_currency_id
            when 'design_id' then design_id is distinct from old_design_id
            when 'agreed_payment_date' then agreed_payment_date is distinct from old_agreed_payment_date
            when 'agreed_delivery_date' then agreed_delivery_date is distinct from old_agreed_delivery_date
            when 'agreed_delivery_location_id' then agreed_delivery_location_id is distinct from old_agreed_delivery_location_id
        end
),
recent as (
    SELECT
        min(batch_seq) AS first,
        max(batch_seq) AS last
    FROM ledger
    WHERE
        observed_at > (
            SELECT
                max(observed_at)
            FROM ledger
        ) - INTERVAL '14' DAY
),
gone as (
    SELECT
        sales_order_id,
        batch_seq
    FROM fact_sales_order_changes
    WHERE
        change = 'deleted'
),
changed as (
    SELECT
        edit.sales_order_id,
        edit.column_name,
        edit.observed_at
    FROM fact_sales_order_changes AS edit
    LEFT JOIN gone
        ON gone.sales_order_id = edit.sales_order_id AND gone.batch_seq < edit.batch_seq
    WHERE
        edit.change = 'updated'
        AND gone.sales_order_id IS NULL
        AND NOT edit.column_name IN ('last_updated_date', 'last_updated_time')
        AND edit.batch_seq BETWEEN (
            SELECT
                first
            FROM recent
        ) AND (
            SELECT
                last
            FROM recent
        )
),
aged as (
    SELECT
        changed.sales_order_id,
        column_name,
        date_diff('DAY', CAST(created_date AS DATE), CAST(changed.observed_at AS DATE)) AS days
    FROM changed
    LEFT JOIN fact_sales_order_current AS placed
        ON placed.sales_order_id = changed.sales_order_id
)
SELECT
    column_name,
    count(*) AS changes,
    count(DISTINCT sales_order_id) AS orders,
    round(avg(days), 1) AS average_days_after,
    max(days) AS most_days_after
FROM aged
GROUP BY
    column_name
ORDER BY
    changes DESC NULLS FIRST,
    column_name
