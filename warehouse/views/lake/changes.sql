with pairs as (
    select
        *, lag(is_deleted) over versions as was_deleted, {befores}
    from {fact}
    window versions as (partition by {key} order by batch_seq, change_seq)
)
select
    {key}, batch_seq, change_seq, observed_at, changed_at, 'deleted' as change,
    cast(null as varchar) as column_name, cast(null as varchar) as old_value,
    cast(null as varchar) as new_value
from pairs
where is_deleted and not coalesce(was_deleted, false)
union all
select
    {key}, batch_seq, change_seq, observed_at, changed_at, 'created',
    cast(null as varchar), cast(null as varchar), cast(null as varchar)
from pairs
where not is_deleted and coalesce(was_deleted, true)
union all
select
    {key}, batch_seq, change_seq, observed_at, changed_at, 'updated', column_name,
    case column_name {olds} end, case column_name {news} end
from pairs
cross join (values {compared}) as compared (column_name)
where was_deleted is not null and case column_name {differences} end
