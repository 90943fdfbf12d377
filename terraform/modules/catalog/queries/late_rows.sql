-- Which rows became visible late?
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
fact_payment_current as (
    with versions as (
        select
            payment_id, created_date, created_time, last_updated_date, last_updated_time,
            transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,
            payment_date, observed_at, batch_seq, is_deleted
        from fact_payment
        union all
        -- a deletion whose last values cannot be read has those of the version before it
        select
            payment_id, created_date, created_time, last_updated_date, last_updated_time,
            transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,
            payment_date,
            gone_at, gone_with, true
        from (
            select
                earlier.*, gone.observed_at as gone_at, gone.batch_seq as gone_with,
                row_number() over (
                    partition by gone.payment_id, gone.batch_seq order by earlier.batch_seq desc
                ) as back
            from fact_payment_tombstones as gone
            inner join fact_payment as earlier
                on earlier.payment_id = gone.payment_id
                and earlier.batch_seq < gone.batch_seq
        )
        where back = 1
    ),
    fact_payment_current as (
        select
            payment_id, created_date, created_time, last_updated_date, last_updated_time,
            transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,
            payment_date, observed_at, batch_seq, is_deleted
        from (
            select *, row_number() over (partition by payment_id order by batch_seq desc) as back
            from versions
        )
        where back = 1 and not is_deleted
    )
    select * from fact_payment_current
),
fact_payment_changes as (
    with versions as (
        select
            payment_id, created_date, created_time, last_updated_date, last_updated_time,
            transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,
            payment_date, observed_at, batch_seq, is_deleted
        from fact_payment
        union all
        -- a deletion whose last values cannot be read has those of the version before it
        select
            payment_id, created_date, created_time, last_updated_date, last_updated_time,
            transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,
            payment_date,
            gone_at, gone_with, true
        from (
            select
                earlier.*, gone.observed_at as gone_at, gone.batch_seq as gone_with,
                row_number() over (
                    partition by gone.payment_id, gone.batch_seq order by earlier.batch_seq desc
                ) as back
            from fact_payment_tombstones as gone
            inner join fact_payment as earlier
                on earlier.payment_id = gone.payment_id
                and earlier.batch_seq < gone.batch_seq
        )
        where back = 1
    ),
    pairs as (
        select
            *, lag(is_deleted) over (partition by payment_id order by batch_seq) as was_deleted,
            lag(created_date) over (partition by payment_id order by batch_seq) as old_created_date,
            lag(created_time) over (partition by payment_id order by batch_seq) as old_created_time,
            lag(last_updated_date) over (partition by payment_id order by batch_seq) as old_last_updated_date,
            lag(last_updated_time) over (partition by payment_id order by batch_seq) as old_last_updated_time,
            lag(transaction_id) over (partition by payment_id order by batch_seq) as old_transaction_id,
            lag(counterparty_id) over (partition by payment_id order by batch_seq) as old_counterparty_id,
            lag(payment_amount) over (partition by payment_id order by batch_seq) as old_payment_amount,
            lag(currency_id) over (partition by payment_id order by batch_seq) as old_currency_id,
            lag(payment_type_id) over (partition by payment_id order by batch_seq) as old_payment_type_id,
            lag(paid) over (partition by payment_id order by batch_seq) as old_paid,
            lag(payment_date) over (partition by payment_id order by batch_seq) as old_payment_date
        from versions
    )
    select
        payment_id, batch_seq, observed_at, 'deleted' as change,
        cast(null as varchar) as column_name, cast(null as varchar) as old_value,
        cast(null as varchar) as new_value
    from pairs
    where is_deleted and not coalesce(was_deleted, false)
    union all
    select
        payment_id, batch_seq, observed_at, 'created',
        cast(null as varchar), cast(null as varchar), cast(null as varchar)
    from pairs
    where not is_deleted and coalesce(was_deleted, true)
    union all
    select
        payment_id, batch_seq, observed_at, 'updated', column_name,
        case column_name
            when 'created_date' then cast(old_created_date as varchar)
            when 'created_time' then cast(old_created_time as varchar)
            when 'last_updated_date' then cast(old_last_updated_date as varchar)
            when 'last_updated_time' then cast(old_last_updated_time as varchar)
            when 'transaction_id' then cast(old_transaction_id as varchar)
            when 'counterparty_id' then cast(old_counterparty_id as varchar)
            when 'payment_amount' then cast(old_payment_amount as varchar)
            when 'currency_id' then cast(old_currency_id as varchar)
            when 'payment_type_id' then cast(old_payment_type_id as varchar)
            when 'paid' then cast(old_paid as varchar)
            when 'payment_date' then cast(old_payment_date as varchar)
        end,
        case column_name
            when 'created_date' then cast(created_date as varchar)
            when 'created_time' then cast(created_time as varchar)
            when 'last_updated_date' then cast(last_updated_date as varchar)
            when 'last_updated_time' then cast(last_updated_time as varchar)
            when 'transaction_id' then cast(transaction_id as varchar)
            when 'counterparty_id' then cast(counterparty_id as varchar)
            when 'payment_amount' then cast(payment_amount as varchar)
            when 'currency_id' then cast(currency_id as varchar)
            when 'payment_type_id' then cast(payment_type_id as varchar)
            when 'paid' then cast(paid as varchar)
            when 'payment_date' then cast(payment_date as varchar)
        end
    from pairs
    cross join (
        values
            ('created_date'), ('created_time'), ('last_updated_date'), ('last_updated_time'),
            ('transaction_id'), ('counterparty_id'), ('payment_amount'), ('currency_id'),
            ('payment_type_id'), ('paid'), ('payment_date')
    ) as told (column_name)
    where
        was_deleted is not null
        and case column_name
            when 'created_date' then created_date is distinct from old_created_date
            when 'created_time' then created_time is distinct from old_created_time
            when 'last_updated_date' then last_updated_date is distinct from old_last_updated_date
            when 'last_updated_time' then last_updated_time is distinct from old_last_updated_time
            when 'transaction_id' then transaction_id is distinct from old_transaction_id
            when 'counterparty_id' then counterparty_id is distinct from old_counterparty_id
            when 'payment_amount' then payment_amount is distinct from old_payment_amount
            when 'currency_id' then currency_id is distinct from old_currency_id
            when 'payment_type_id' then payment_type_id is distinct from old_payment_type_id
            when 'paid' then paid is distinct from old_paid
            when 'payment_date' then payment_date is distinct from old_payment_date
        end
),
fact_purchase_order_current as (
    with versions as (
        select
            purchase_order_id, created_date, created_time, last_updated_date, last_updated_time,
            staff_id, counterparty_id, item_code, item_quantity, item_unit_price, currency_id,
            agreed_delivery_date, agreed_payment_date, agreed_delivery_location_id, observed_at,
            batch_seq, is_deleted
        from fact_purchase_order
        union all
        -- a deletion whose last values cannot be read has those of the version before it
        select
            purchase_order_id, created_date, created_time, last_updated_date, last_updated_time,
            staff_id, counterparty_id, item_code, item_quantity, item_unit_price, currency_id,
            agreed_delivery_date, agreed_payment_date, agreed_delivery_location_id,
            gone_at, gone_with, true
        from (
            select
                earlier.*, gone.observed_at as gone_at, gone.batch_seq as gone_with,
                row_number() over (
                    partition by gone.purchase_order_id, gone.batch_seq order by earlier.batch_seq desc
                ) as back
            from fact_purchase_order_tombstones as gone
            inner join fact_purchase_order as earlier
                on earlier.purchase_order_id = gone.purchase_order_id
                and earlier.batch_seq < gone.batch_seq
        )
        where back = 1
    ),
    fact_purchase_order_current as (
        select
            purchase_order_id, created_date, created_time, last_updated_date, last_updated_time,
            staff_id, counterparty_id, item_code, item_quantity, item_unit_price, currency_id,
            agreed_delivery_date, agreed_payment_date, agreed_delivery_location_id, observed_at,
            batch_seq, is_deleted
        from (
            select *, row_number() over (partition by purchase_order_id order by batch_seq desc) as back
            from versions
        )
        where back = 1 and not is_deleted
    )
    select * from fact_purchase_order_current
),
fact_purchase_order_changes as (
    with versions as (
        select
            purchase_order_id, created_date, created_time, last_updated_date, last_updated_time,
            staff_id, counterparty_id, item_code, item_quantity, item_unit_price, currency_id,
            agreed_delivery_date, agreed_payment_date, agreed_delivery_location_id, observed_at,
            batch_seq, is_deleted
        from fact_purchase_order
        union all
        -- a deletion whose last values cannot be read has those of the version before it
        select
            purchase_order_id, created_date, created_time, last_updated_date, last_updated_time,
            staff_id, counterparty_id, item_code, item_quantity, item_unit_price, currency_id,
            agreed_delivery_date, agreed_payment_date, agreed_delivery_location_id,
            gone_at, gone_with, true
        from (
            select
                earlier.*, gone.observed_at as gone_at, gone.batch_seq as gone_with,
                row_number() over (
                    partition by gone.purchase_order_id, gone.batch_seq order by earlier.batch_seq desc
                ) as back
            from fact_purchase_order_tombstones as gone
            inner join fact_purchase_order as earlier
                on earlier.purchase_order_id = gone.purchase_order_id
                and earlier.batch_seq < gone.batch_seq
        )
        where back = 1
    ),
    pairs as (
        select
            *, lag(is_deleted) over (partition by purchase_order_id order by batch_seq) as was_deleted,
            lag(created_date) over (partition by purchase_order_id order by batch_seq) as old_created_date,
            lag(created_time) over (partition by purchase_order_id order by batch_seq) as old_created_time,
            lag(last_updated_date) over (partition by purchase_order_id order by batch_seq) as old_last_updated_date,
            lag(last_updated_time) over (partition by purchase_order_id order by batch_seq) as old_last_updated_time,
            lag(staff_id) over (partition by purchase_order_id order by batch_seq) as old_staff_id,
            lag(counterparty_id) over (partition by purchase_order_id order by batch_seq) as old_counterparty_id,
            lag(item_code) over (partition by purchase_order_id order by batch_seq) as old_item_code,
            lag(item_quantity) over (partition by purchase_order_id order by batch_seq) as old_item_quantity,
            lag(item_unit_price) over (partition by purchase_order_id order by batch_seq) as old_item_unit_price,
            lag(currency_id) over (partition by purchase_order_id order by batch_seq) as old_currency_id,
            lag(agreed_delivery_date) over (partition by purchase_order_id order by batch_seq) as old_agreed_delivery_date,
            lag(agreed_payment_date) over (partition by purchase_order_id order by batch_seq) as old_agreed_payment_date,
            lag(agreed_delivery_location_id) over (partition by purchase_order_id order by batch_seq) as old_agreed_delivery_location_id
        from versions
    )
    select
        purchase_order_id, batch_seq, observed_at, 'deleted' as change,
        cast(null as varchar) as column_name, cast(null as varchar) as old_value,
        cast(null as varchar) as new_value
    from pairs
    where is_deleted and not coalesce(was_deleted, false)
    union all
    select
        purchase_order_id, batch_seq, observed_at, 'created',
        cast(null as varchar), cast(null as varchar), cast(null as varchar)
    from pairs
    where not is_deleted and coalesce(was_deleted, true)
    union all
    select
        purchase_order_id, batch_seq, observed_at, 'updated', column_name,
        case column_name
            when 'created_date' then cast(old_created_date as varchar)
            when 'created_time' then cast(old_created_time as varchar)
            when 'last_updated_date' then cast(old_last_updated_date as varchar)
            when 'last_updated_time' then cast(old_last_updated_time as varchar)
            when 'staff_id' then cast(old_staff_id as varchar)
            when 'counterparty_id' then cast(old_counterparty_id as varchar)
            when 'item_code' then cast(old_item_code as varchar)
            when 'item_quantity' then cast(old_item_quantity as varchar)
            when 'item_unit_price' then cast(old_item_unit_price as varchar)
            when 'currency_id' then cast(old_currency_id as varchar)
            when 'agreed_delivery_date' then cast(old_agreed_delivery_date as varchar)
            when 'agreed_payment_date' then cast(old_agreed_payment_date as varchar)
            when 'agreed_delivery_location_id' then cast(old_agreed_delivery_location_id as varchar)
        end,
        case column_name
            when 'created_date' then cast(created_date as varchar)
            when 'created_time' then cast(created_time as varchar)
            when 'last_updated_date' then cast(last_updated_date as varchar)
            when 'last_updated_time' then cast(last_updated_time as varchar)
            when 'staff_id' then cast(staff_id as varchar)
            when 'counterparty_id' then cast(counterparty_id as varchar)
            when 'item_code' then cast(item_code as varchar)
            when 'item_quantity' then cast(item_quantity as varchar)
            when 'item_unit_price' then cast(item_unit_price as varchar)
            when 'currency_id' then cast(currency_id as varchar)
            when 'agreed_delivery_date' then cast(agreed_delivery_date as varchar)
            when 'agreed_payment_date' then cast(agreed_payment_date as varchar)
            when 'agreed_delivery_location_id' then cast(agreed_delivery_location_id as varchar)
        end
    from pairs
    cross join (
        values
            ('created_date'), ('created_time'), ('last_updated_date'), ('last_updated_time'),
            ('staff_id'), ('counterparty_id'), ('item_code'), ('item_quantity'), ('item_unit_price'),
            ('currency_id'), ('agreed_delivery_date'), ('agreed_payment_date'),
            ('agreed_delivery_location_id')
    ) as told (column_name)
    where
        was_deleted is not null
        and case column_name
            when 'created_date' then created_date is distinct from old_created_date
            when 'created_time' then created_time is distinct from old_created_time
            when 'last_updated_date' then last_updated_date is distinct from old_last_updated_date
            when 'last_updated_time' then last_updated_time is distinct from old_last_updated_time
            when 'staff_id' then staff_id is distinct from old_staff_id
            when 'counterparty_id' then counterparty_id is distinct from old_counterparty_id
            when 'item_code' then item_code is distinct from old_item_code
            when 'item_quantity' then item_quantity is distinct from old_item_quantity
            when 'item_unit_price' then item_unit_price is distinct from old_item_unit_price
            when 'currency_id' then currency_id is distinct from old_currency_id
            when 'agreed_delivery_date' then agreed_delivery_date is distinct from old_agreed_delivery_date
            when 'agreed_payment_date' then agreed_payment_date is distinct from old_agreed_payment_date
            when 'agreed_delivery_location_id' then agreed_delivery_location_id is distinct from old_agreed_delivery_location_id
        end
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
batches as (
    SELECT
        batch_seq,
        observed_at,
        lag(observed_at) OVER (ORDER BY batch_seq) AS seen_before
    FROM ledger
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
        ) - INTERVAL '7' DAY
),
made as (
    SELECT
        'sales orders' AS rows_of,
        came.batch_seq,
        CAST(CAST(created_date AS VARCHAR) || ' ' || created_time AS TIMESTAMP) AS made_at
    FROM fact_sales_order_changes AS came
    INNER JOIN fact_sales_order_current
        USING (sales_order_id)
    WHERE
        change = 'created'
        AND came.batch_seq BETWEEN (
            SELECT
                first
            FROM recent
        ) AND (
            SELECT
                last
            FROM recent
        )
        AND NOT sales_order_id IN (
            SELECT
                sales_order_id
            FROM fact_sales_order_changes
            WHERE
                change = 'deleted'
        )
    UNION ALL
    SELECT
        'purchase orders',
        came.batch_seq,
        CAST(CAST(created_date AS VARCHAR) || ' ' || created_time AS TIMESTAMP)
    FROM fact_purchase_order_changes AS came
    INNER JOIN fact_purchase_order_current
        USING (purchase_order_id)
    WHERE
        change = 'created'
        AND came.batch_seq BETWEEN (
            SELECT
                first
            FROM recent
        ) AND (
            SELECT
                last
            FROM recent
        )
        AND NOT purchase_order_id IN (
            SELECT
                purchase_order_id
            FROM fact_purchase_order_changes
            WHERE
                change = 'deleted'
        )
    UNION ALL
    SELECT
        'payments',
        came.batch_seq,
        CAST(CAST(created_date AS VARCHAR) || ' ' || created_time AS TIMESTAMP)
    FROM fact_payment_changes AS came
    INNER JOIN fact_payment_current
        USING (payment_id)
    WHERE
        change = 'created'
        AND came.batch_seq BETWEEN (
            SELECT
                first
            FROM recent
        ) AND (
            SELECT
                last
            FROM recent
        )
        AND NOT payment_id IN (
            SELECT
                payment_id
            FROM fact_payment_changes
            WHERE
                change = 'deleted'
        )
),
first_seen as (
    SELECT
        rows_of,
        CAST(observed_at AS DATE) AS day,
        made_at < seen_before OR made_at < observed_at - INTERVAL '30' MINUTE AS is_late,
        (
            to_unixtime(CAST(observed_at AS TIMESTAMP)) - to_unixtime(CAST(made_at AS TIMESTAMP))
        ) / 60 AS minutes
    FROM made
    INNER JOIN batches
        USING (batch_seq)
    WHERE
        seen_before IS NOT NULL
)
SELECT
    day,
    rows_of,
    count(*) AS new_rows,
    count(*) FILTER(WHERE
        is_late) AS late_rows,
    round(max(minutes), 1) AS longest_minutes
FROM first_seen
GROUP BY
    day,
    rows_of
ORDER BY
    day DESC NULLS FIRST,
    rows_of
