valid as (
    -- The first version is valid from the row's creation; every later one from its observation, never
    -- earlier than the previous version.
    select
        *,
        case
            when not is_deleted and version = 1 then least(created_at, observed_at)
            else max(observed_at) over (partition by ${key} order by batch_seq)
        end as valid_from
    from (
        select
            *, row_number() over (partition by ${key} order by batch_seq) as version,
            cast(cast(created_date as varchar) || ' ' || created_time as timestamp) as created_at
        from versions
    )
)
