-- How do purchases compare with sales, month by month?
with dim_currency_latest as (
    select
        currency_id, currency_code, currency_name
    from (
        select *, row_number() over (partition by currency_id order by batch desc) as back
        from dim_currency
    )
    where back = 1
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
orders as (
    SELECT
        created_date,
        currency_id,
        sum(units_sold * unit_price) AS sold,
        0.00 AS bought
    FROM fact_sales_order_current
    GROUP BY
        created_date,
        currency_id
    UNION ALL
    SELECT
        created_date,
        currency_id,
        0.00,
        sum(item_quantity * item_unit_price)
    FROM fact_purchase_order_current
    GROUP BY
        created_date,
        currency_id
),
monthly as (
    SELECT
        CAST(date_trunc('MONTH', created_date) AS DATE) AS month,
        currency_id,
        sum(sold) AS sales,
        sum(bought) AS purchases
    FROM orders
    GROUP BY
        1,
        2
)
SELECT
    month,
    currency_code,
    sales,
    purchases,
    sales - purchases AS balance,
    round(100.0 * purchases / nullif(sales, 0), 1) AS purchases_in_percent_of_sales
FROM monthly
LEFT JOIN dim_currency_latest AS dim_currency
    USING (currency_id)
ORDER BY
    month,
    currency_code
