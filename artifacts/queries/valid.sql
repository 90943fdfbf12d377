valid as (
    -- A version is valid from the commit of its transaction. Where that is unknown, the first one is
    -- valid from the row's creation, every later one from its observation. None begins earlier than
    -- the version before it.
    select
        *, max(begins_at) over (partition by ${key} order by batch_seq, change_seq) as valid_from
    from (
        select
            *,
            case
                when changed_at is not null then changed_at
                when not is_deleted and version = 1 then least(created_at, observed_at)
                else max(observed_at) over (partition by ${key} order by batch_seq, change_seq)
            end as begins_at
        from (
            select
                *,
                row_number() over (partition by ${key} order by batch_seq, change_seq) as version,
                cast(cast(created_date as varchar) || ' ' || created_time as timestamp) as created_at
            from versions
        )
    )
)
