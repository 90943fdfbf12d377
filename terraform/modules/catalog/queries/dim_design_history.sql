-- Every row that dim_design ever had, and from when up to but without when it had it.
with batches as (
    -- what changes the dimension lands as a change of what it is made from
    select distinct batch_seq, observed_at as valid_from from ${ingestion}.design
),
dim_design_history as (
    select
        design_id, design_name, file_location, file_name,
        batch_seq, valid_from,
        lead(valid_from) over (partition by design_id order by batch_seq) as valid_to,
        lead(batch_seq) over (partition by design_id order by batch_seq) is null as is_current
    from dim_design
    inner join batches on batch_seq = cast(substr(batch, 1, 20) as bigint)
)
select * from dim_design_history
