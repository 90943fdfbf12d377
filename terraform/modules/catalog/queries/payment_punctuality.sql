-- Are payments made on the agreed day?
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
        ) - INTERVAL '14' DAY
),
flipped as (
    SELECT
        payment_id,
        max(observed_at) AS paid_at
    FROM fact_payment_changes
    WHERE
        batch_seq BETWEEN (
            SELECT
                first
            FROM recent
        ) AND (
            SELECT
                last
            FROM recent
        )
        AND column_name = 'paid'
        AND new_value = 'true'
    GROUP BY
        payment_id
),
made as (
    SELECT
        payment_type_name,
        currency_id,
        currency_code,
        payment_amount,
        date_diff('DAY', CAST(payment_date AS DATE), CAST(paid_at AS DATE)) AS days
    FROM flipped
    INNER JOIN fact_payment_wide
        USING (payment_id)
    WHERE
        paid
)
SELECT
    payment_type_name,
    currency_code,
    count(*) AS payments,
    count(*) FILTER(WHERE
        days < 0) AS early,
    count(*) FILTER(WHERE
        days = 0) AS on_the_day,
    count(*) FILTER(WHERE
        days > 0) AS late,
    coalesce(sum(payment_amount) FILTER(WHERE
        days > 0), 0) AS late_amount,
    round(avg(days) FILTER(WHERE
        days > 0), 1) AS average_days_late,
    max(days) FILTER(WHERE
        days > 0) AS most_days_late
FROM made
GROUP BY
    payment_type_name,
    currency_id,
    currency_code
ORDER BY
    payment_type_name,
    currency_code,
    currency_id
