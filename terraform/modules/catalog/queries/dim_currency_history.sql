-- Every row that dim_currency ever had, and from when up to but without when it had it.
with batches as (
    -- what changes the dimension lands as a change of what it is made from
    select distinct batch_seq, observed_at as valid_from from ${ingestion}.currency
),
dim_currency_history as (
    select
        currency_id, currency_code, currency_name,
        batch_seq, valid_from,
        lead(valid_from) over (partition by currency_id order by batch_seq) as valid_to,
        lead(batch_seq) over (partition by currency_id order by batch_seq) is null as is_current
    from dim_currency
    inner join batches on batch_seq = cast(substr(batch, 1, 20) as bigint)
)
select * from dim_currency_history
