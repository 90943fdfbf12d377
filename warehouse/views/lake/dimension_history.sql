-- A version begins with the commit of its transaction. Where that is unknown, it begins with its
-- observation, but never earlier than the version before it.
select
    {columns}, batch_seq, change_seq, valid_from,
    lead(valid_from) over versions as valid_to,
    lead(batch_seq) over versions is null as is_current
from (
    select *, max(coalesce(changed_at, observed_at)) over versions as valid_from
    from lake.{dimension}
    window versions as (partition by {key} order by batch_seq, change_seq)
) as version
window versions as (partition by {key} order by batch_seq, change_seq)
