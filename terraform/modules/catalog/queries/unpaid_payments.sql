-- What is still to be paid, and how much of it is overdue?
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
dim_currency_latest as (
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
fact_payment_wide as (
    select
        fact.payment_id, fact.created_date, fact.created_time, fact.last_updated_date,
        fact.last_updated_time, fact.transaction_id, fact.counterparty_id, fact.payment_amount,
        fact.currency_id, fact.payment_type_id, fact.paid, fact.payment_date, fact.observed_at,
        fact.batch_seq, fact.is_deleted, currency_id_member.currency_code as currency_code,
        payment_type_id_member.payment_type_name as payment_type_name
    from fact_payment_current as fact
    left join dim_currency_latest as currency_id_member
        on currency_id_member.currency_id = fact.currency_id
    left join dim_payment_type_latest as payment_type_id_member
        on payment_type_id_member.payment_type_id = fact.payment_type_id
),
today as (
    SELECT
        CAST(max(observed_at) AS DATE) AS day
    FROM ledger
)
SELECT
    payment_type_name,
    currency_code,
    count(*) AS unpaid,
    sum(payment_amount) AS unpaid_amount,
    count(*) FILTER(WHERE
        payment_date < day) AS overdue,
    coalesce(sum(payment_amount) FILTER(WHERE
        payment_date < day), 0) AS overdue_amount,
    min(payment_date) AS oldest_due
FROM fact_payment_wide
CROSS JOIN today
WHERE
    NOT paid
GROUP BY
    payment_type_name,
    currency_id,
    currency_code
ORDER BY
    payment_type_name,
    currency_code,
    currency_id
