-- How much did we sell each month?
with dim_date_latest as (
    select
        date_id, year, month, day, day_of_week, day_name, month_name, quarter
    from (
        select *, row_number() over (partition by date_id order by batch desc) as back
        from dim_date
    )
    where back = 1
),
dim_currency_latest as (
    select
        currency_id, currency_code, currency_name
    from (
        select *, row_number() over (partition by currency_id order by batch desc) as back
        from dim_currency
    )
    where back = 1
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
daily as (
    SELECT
        created_date,
        currency_id,
        count(*) AS orders,
        sum(units_sold) AS units,
        sum(units_sold * unit_price) AS revenue
    FROM fact_sales_order_current
    GROUP BY
        created_date,
        currency_id
),
months as (
    SELECT
        date_id AS month
    FROM dim_date_latest AS dim_date
    WHERE
        day = 1
        AND date_id >= (
            SELECT
                CAST(date_trunc('MONTH', min(created_date)) AS DATE)
            FROM daily
        )
        AND date_id <= (
            SELECT
                max(created_date)
            FROM daily
        )
),
monthly as (
    SELECT
        CAST(date_trunc('MONTH', created_date) AS DATE) AS month,
        currency_id,
        sum(orders) AS orders,
        sum(units) AS units,
        sum(revenue) AS revenue
    FROM daily
    GROUP BY
        1,
        2
),
currencies as (
    SELECT DISTINCT
        currency_id
    FROM daily
)
SELECT
    months.month,
    currency_code,
    coalesce(orders, 0) AS orders,
    coalesce(units, 0) AS units,
    coalesce(revenue, 0) AS revenue
FROM months
CROSS JOIN currencies
LEFT JOIN monthly
    ON monthly.month = months.month AND monthly.currency_id = currencies.currency_id
LEFT JOIN dim_currency_latest AS dim_currency
    ON dim_currency.currency_id = currencies.currency_id
ORDER BY
    months.month,
    currency_code
