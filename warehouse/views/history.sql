-- The row existed since created_at, so its first version is valid from then; every other one from
-- when it was seen, never earlier than the version before. Of versions that begin at the same
-- moment the last one wins, and the others' intervals are empty.
create view {view} as
select
    {columns},
    version,
    valid_from,
    lead(valid_from) over versions as valid_to,
    lead(batch_seq) over versions is null as is_current
from (
    select
        {columns},
        row_number() over versions as version,
        case
            when not is_deleted and row_number() over versions = 1
                then least(created_date + created_time, observed_at)
            else max(observed_at) over versions
        end as valid_from
    from {fact}
    window versions as (partition by {key} order by batch_seq)
) as version
window versions as (partition by {key} order by batch_seq);

comment on view {view} is
    'Every version of every row, numbered from 1 in the order of batch_seq, and when it was valid: '
    'from valid_from, up to but without valid_to, which is NULL while it lasts. The latest version '
    'is_current; the version that is_deleted says since when the row is gone, with its last values.';
