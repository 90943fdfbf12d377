-- Which counterparties buy the most?
with dim_counterparty_latest as (
    select
        counterparty_id, counterparty_legal_name, counterparty_legal_address_line_1,
        counterparty_legal_address_line_2, counterparty_legal_district, counterparty_legal_city,
        counterparty_legal_postal_code, counterparty_legal_country,
        counterparty_legal_phone_number
    from (
        select *, row_number() over (partition by counterparty_id order by batch desc) as back
        from dim_counterparty
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
customers as (
    SELECT
        currency_id,
        counterparty_id,
        count(*) AS orders,
        sum(units_sold * unit_price) AS revenue,
        max(created_date) AS last_order
    FROM fact_sales_order_current
    GROUP BY
        currency_id,
        counterparty_id
),
ranked as (
    SELECT
        *,
        rank() OVER (PARTITION BY currency_id ORDER BY revenue DESC NULLS FIRST) AS place,
        sum(revenue) OVER (PARTITION BY currency_id) AS revenue_of_currency
    FROM customers
)
SELECT
    currency_code,
    place,
    counterparty_id,
    counterparty_legal_name AS name,
    counterparty_legal_country AS country,
    orders,
    revenue,
    round(100.0 * revenue / nullif(revenue_of_currency, 0), 1) AS percent_of_currency,
    last_order
FROM ranked
LEFT JOIN dim_counterparty_latest AS dim_counterparty
    USING (counterparty_id)
LEFT JOIN dim_currency_latest AS dim_currency
    USING (currency_id)
WHERE
    place <= 10
ORDER BY
    currency_code,
    place,
    counterparty_id
