-- Every row that dim_staff ever had, and from when up to but without when it had it.
with batches as (
    -- what changes the dimension lands as a change of what it is made from
    select distinct batch_seq, observed_at as valid_from from ${ingestion}.department
    union
    select distinct batch_seq, observed_at as valid_from from ${ingestion}.staff
),
dim_staff_history as (
    select
        staff_id, first_name, last_name, department_name, location, email_address,
        batch_seq, valid_from,
        lead(valid_from) over (partition by staff_id order by batch_seq) as valid_to,
        lead(batch_seq) over (partition by staff_id order by batch_seq) is null as is_current
    from dim_staff
    inner join batches on batch_seq = cast(substr(batch, 1, 20) as bigint)
)
select * from dim_staff_history
