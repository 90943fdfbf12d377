-- Whom do we buy from, and how much?
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
suppliers as (
    SELECT
        currency_id,
        counterparty_id,
        count(*) AS orders,
        sum(item_quantity * item_unit_price) AS spend,
        max(created_date) AS last_order
    FROM fact_purchase_order_current
    GROUP BY
        currency_id,
        counterparty_id
),
ranked as (
    SELECT
        *,
        rank() OVER (PARTITION BY currency_id ORDER BY spend DESC NULLS FIRST) AS place,
        sum(spend) OVER (PARTITION BY currency_id) AS spend_of_currency
    FROM suppliers
)
SELECT
    currency_code,
    place,
    counterparty_id,
    counterparty_legal_name AS name,
    counterparty_legal_country AS country,
    orders,
    spend,
    round(100.0 * spend / nullif(spend_of_currency, 0), 1) AS percent_of_currency,
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
