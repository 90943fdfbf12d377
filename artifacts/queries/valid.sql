valid as (
    -- the row existed since it was made, so its first version is valid from then; every other one
    -- from when it was seen, never earlier than the version before
    select
        *,
        case
            when not is_deleted and version = 1 then least(made_at, observed_at)
            else max(observed_at) over (partition by ${key} order by batch_seq)
        end as valid_from
    from (
        select
            *, row_number() over (partition by ${key} order by batch_seq) as version,
            cast(cast(created_date as varchar) || ' ' || created_time as timestamp) as made_at
        from versions
    )
)
