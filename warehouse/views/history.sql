-- A version begins with the commit of its transaction. Where that is unknown, the first version begins
-- with the row, at created_at, and every later one with its observation. None begins earlier than the
-- version before it. If several versions begin at the same moment, the last one is valid, and the
-- intervals of the others are empty. The clock is always that of the source.
create view {view} as
select
    {columns},
    version,
    valid_from,
    lead(valid_from) over versions as valid_to,
    lead(batch_seq) over versions is null as is_current
from (
    select {columns}, version, max(begins_at) over versions as valid_from
    from (
        select
            {columns},
            row_number() over versions as version,
            case
                when changed_at is not null then changed_at
                when not is_deleted and row_number() over versions = 1
                    then least(created_date + created_time, observed_at)
                else max(observed_at) over versions
            end as begins_at
        from {fact}
        window versions as (partition by {key} order by batch_seq, change_seq)
    ) as version
    window versions as (partition by {key} order by batch_seq, change_seq)
) as version
window versions as (partition by {key} order by batch_seq, change_seq);

comment on view {view} is
    'Every version of every row, numbered from 1 in the order of batch_seq and change_seq, with its '
    'validity: from valid_from up to, but not including, valid_to, which is NULL while the version '
    'is valid. The latest version has is_current; a deletion has is_deleted and the last values of '
    'the row.';
