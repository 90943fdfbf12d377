-- Every row that dim_location ever had, and from when up to but without when it had it.
with batches as (
    -- what changes the dimension lands as a change of what it is made from
    select distinct batch_seq, observed_at as valid_from from ${ingestion}.address
),
dim_location_history as (
    select
        location_id, address_line_1, address_line_2, district, city, postal_code, country, phone,
        batch_seq, valid_from,
        lead(valid_from) over (partition by location_id order by batch_seq) as valid_to,
        lead(batch_seq) over (partition by location_id order by batch_seq) is null as is_current
    from dim_location
    inner join batches on batch_seq = cast(substr(batch, 1, 20) as bigint)
)
select * from dim_location_history
