-- Every row that dim_transaction ever had, and from when up to but without when it had it.
with batches as (
    -- what changes the dimension lands as a change of what it is made from
    select distinct batch_seq, observed_at as valid_from from ${ingestion}.transaction
),
dim_transaction_history as (
    select
        transaction_id, transaction_type, sales_order_id, purchase_order_id,
        batch_seq, valid_from,
        lead(valid_from) over (partition by transaction_id order by batch_seq) as valid_to,
        lead(batch_seq) over (partition by transaction_id order by batch_seq) is null as is_current
    from dim_transaction
    inner join batches on batch_seq = cast(substr(batch, 1, 20) as bigint)
)
select * from dim_transaction_history
