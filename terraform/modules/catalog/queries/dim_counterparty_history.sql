-- Every row that dim_counterparty ever had, and from when up to but without when it had it.
with batches as (
    -- what changes the dimension lands as a change of what it is made from
    select distinct batch_seq, observed_at as valid_from from ${ingestion}.address
    union
    select distinct batch_seq, observed_at as valid_from from ${ingestion}.counterparty
),
dim_counterparty_history as (
    select
        counterparty_id, counterparty_legal_name, counterparty_legal_address_line_1,
        counterparty_legal_address_line_2, counterparty_legal_district, counterparty_legal_city,
        counterparty_legal_postal_code, counterparty_legal_country,
        counterparty_legal_phone_number,
        batch_seq, valid_from,
        lead(valid_from) over (partition by counterparty_id order by batch_seq) as valid_to,
        lead(batch_seq) over (partition by counterparty_id order by batch_seq) is null as is_current
    from dim_counterparty
    inner join batches on batch_seq = cast(substr(batch, 1, 20) as bigint)
)
select * from dim_counterparty_history
