-- What falls due each month, and how much of it was paid?
with dim_currency_latest as (
    select
        currency_id, currency_code, currency_name
    from (
        select *, row_number() over (partition by currency_id order by batch desc) as back
        from dim_currency
    )
    where back = 1
),
dim_payment_type_latest as (
    select
        payment_type_id, payment_type_name
    from (
        select *, row_number() over (partition by payment_type_id order by batch desc) as back
        from dim_payment_type
    )
    where back = 1
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
daily as (
    SELECT
        payment_date,
        payment_type_id,
        currency_id,
        count(*) AS payments,
        sum(payment_amount) AS amount,
        sum(payment_amount) FILTER(WHERE
            paid) AS paid_amount
    FROM fact_payment_current
    GROUP BY
        payment_date,
        payment_type_id,
        currency_id
)
SELECT
    CAST(date_trunc('MONTH', payment_date) AS DATE) AS month,
    payment_type_name,
    currency_code,
    sum(payments) AS payments,
    sum(amount) AS amount,
    coalesce(sum(paid_amount), 0) AS paid_amount,
    sum(amount) - coalesce(sum(paid_amount), 0) AS unpaid_amount
FROM daily
LEFT JOIN dim_payment_type_latest AS dim_payment_type
    USING (payment_type_id)
LEFT JOIN dim_currency_latest AS dim_currency
    USING (currency_id)
GROUP BY
    1,
    2,
    3,
    currency_id
ORDER BY
    month,
    payment_type_name,
    currency_code,
    currency_id
