-- What has to be delivered in the next seven days, and where to?
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
dim_location_latest as (
    select
        location_id, address_line_1, address_line_2, district, city, postal_code, country, phone
    from (
        select *, row_number() over (partition by location_id order by batch desc, batch_seq desc, coalesce(change_seq, 0) desc) as recency
        from dim_location
    )
    where recency = 1
),
fact_sales_order_current as (
    with landed as (
        -- files of earlier versions of the platform have no change_seq
        select
            sales_order_id, created_date, created_time, last_updated_date, last_updated_time,
            sales_staff_id, counterparty_id, units_sold, unit_price, currency_id, design_id,
            agreed_payment_date, agreed_delivery_date, agreed_delivery_location_id,
            observed_at, batch_seq, is_deleted, coalesce(change_seq, 0) as change_seq, changed_at
        from fact_sales_order
    ),
    deletions as (
        select sales_order_id, observed_at, batch_seq, coalesce(change_seq, 0) as change_seq, changed_at
        from fact_sales_order_tombstones
    ),
    versions as (
        select
            sales_order_id, created_date, created_time, last_updated_date, last_updated_time,
            sales_staff_id, counterparty_id, units_sold, unit_price, currency_id, design_id,
            agreed_payment_date, agreed_delivery_date, agreed_delivery_location_id, observed_at,
            batch_seq, is_deleted, change_seq, changed_at
        from landed
        union all
        -- a deletion without readable values takes those of the previous version
        select
            sales_order_id, created_date, created_time, last_updated_date, last_updated_time,
            sales_staff_id, counterparty_id, units_sold, unit_price, currency_id, design_id,
            agreed_payment_date, agreed_delivery_date, agreed_delivery_location_id,
            deleted_at, deleted_in, true, deleted_by, committed_at
        from (
            select
                earlier.*, deletion.observed_at as deleted_at, deletion.batch_seq as deleted_in,
                deletion.change_seq as deleted_by, deletion.changed_at as committed_at,
                row_number() over (
                    partition by deletion.sales_order_id, deletion.batch_seq, deletion.change_seq
                    order by earlier.batch_seq desc, earlier.change_seq desc
                ) as recency
            from deletions as deletion
            inner join landed as earlier
                on earlier.sales_order_id = deletion.sales_order_id
                and (earlier.batch_seq, earlier.change_seq)
                    < (deletion.batch_seq, deletion.change_seq)
        )
        where recency = 1
    ),
    fact_sales_order_current as (
        select
            sales_order_id, created_date, created_time, last_updated_date, last_updated_time,
            sales_staff_id, counterparty_id, units_sold, unit_price, currency_id, design_id,
            agreed_payment_date, agreed_delivery_date, agreed_delivery_location_id, observed_at,
            batch_seq, is_deleted, change_seq, changed_at
        from (
            select
                *, row_number() over (
                    partition by sales_order_id order by batch_seq desc, change_seq desc
                ) as recency
            from versions
        )
        where recency = 1 and not is_deleted
    )
    select * from fact_sales_order_current
),
fact_sales_order_wide as (
    select
        fact.sales_order_id, fact.created_date, fact.created_time, fact.last_updated_date,
        fact.last_updated_time, fact.sales_staff_id, fact.counterparty_id, fact.units_sold,
        fact.unit_price, fact.currency_id, fact.design_id, fact.agreed_payment_date,
        fact.agreed_delivery_date, fact.agreed_delivery_location_id, fact.observed_at,
        fact.batch_seq, fact.is_deleted, fact.change_seq, fact.changed_at,
        agreed_delivery_location_id_member.city as agreed_delivery_location_city,
        agreed_delivery_location_id_member.country as agreed_delivery_location_country
    from fact_sales_order_current as fact
    left join dim_location_latest as agreed_delivery_location_id_member
        on agreed_delivery_location_id_member.location_id = fact.agreed_delivery_location_id
),
today as (
    SELECT
        CAST(max(observed_at) AS DATE) AS day
    FROM ledger
)
SELECT
    agreed_delivery_date,
    agreed_delivery_location_id AS location_id,
    agreed_delivery_location_city AS city,
    agreed_delivery_location_country AS country,
    count(*) AS orders,
    sum(units_sold) AS units
FROM fact_sales_order_wide
WHERE
    agreed_delivery_date >= (
        SELECT
            day
        FROM today
    )
    AND agreed_delivery_date < (
        SELECT
            day + INTERVAL '7' DAY
        FROM today
    )
GROUP BY
    agreed_delivery_date,
    agreed_delivery_location_id,
    agreed_delivery_location_city,
    agreed_delivery_location_country
ORDER BY
    agreed_delivery_date,
    agreed_delivery_location_id
