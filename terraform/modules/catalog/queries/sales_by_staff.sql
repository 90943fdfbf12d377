-- Which people sell the most?
with dim_currency_latest as (
    select
        currency_id, currency_code, currency_name
    from (
        select *, row_number() over (partition by currency_id order by batch desc) as back
        from dim_currency
    )
    where back = 1
),
dim_staff_latest as (
    select
        staff_id, first_name, last_name, department_name, location, email_address
    from (
        select *, row_number() over (partition by staff_id order by batch desc) as back
        from dim_staff
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
sellers as (
    SELECT
        currency_id,
        sales_staff_id AS staff_id,
        count(*) AS orders,
        sum(units_sold * unit_price) AS revenue
    FROM fact_sales_order_current
    GROUP BY
        currency_id,
        sales_staff_id
),
ranked as (
    SELECT
        *,
        rank() OVER (PARTITION BY currency_id ORDER BY revenue DESC NULLS FIRST) AS place
    FROM sellers
)
SELECT
    currency_code,
    place,
    staff_id,
    concat(CAST(first_name AS VARCHAR), CAST(' ' AS VARCHAR), CAST(last_name AS VARCHAR)) AS name,
    department_name,
    orders,
    revenue,
    round(revenue / orders, 2) AS revenue_an_order
FROM ranked
LEFT JOIN dim_staff_latest AS dim_staff
    USING (staff_id)
LEFT JOIN dim_currency_latest AS dim_currency
    USING (currency_id)
WHERE
    place <= 10
ORDER BY
    currency_code,
    place,
    staff_id
