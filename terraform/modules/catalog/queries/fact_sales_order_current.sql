-- Every row of sales_order as it is now: its latest version, unless that is its deletion.
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
