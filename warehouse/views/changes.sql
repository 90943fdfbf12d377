-- The version before is looked up for each version, so that the changes of one row, or of the
-- latest batches, cost no more than they are. Deletions, which are few, are found by their index.
create view {view} as
select
    new.{key}, new.batch_seq, new.observed_at,
    'deleted' as change, null as column_name, null as old_value, null as new_value
from {fact} as new
left join lateral {before} as old on true
where new.is_deleted and old.is_deleted is not true
union all
select
    new.{key}, new.batch_seq, new.observed_at, 'created', null, null, null
from {fact} as new
left join lateral {before} as old on true
where not new.is_deleted and old.is_deleted is not false
union all
select
    new.{key}, new.batch_seq, new.observed_at,
    'updated', difference.column_name, difference.old_value, difference.new_value
from {fact} as new
cross join lateral {before} as old
cross join lateral (
    values
    {differences}
) as difference (column_name, old_value, new_value, is_there)
where difference.is_there;

comment on view {view} is
    'What changed, one row a column: change is ''updated'', with the old and the new value as text. '
    'That a row came, came again or went is a row of its own, ''created'' or ''deleted'', without '
    'column_name. A version that differs in no column of this fact has no row here.';
