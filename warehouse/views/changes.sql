-- The previous version is looked up for each version, so the cost of the changes of one row, or of
-- the latest batches, depends on their number alone. An index finds the deletions, which are few.
create view {view} as
select
    new.{key}, new.batch_seq, new.change_seq, new.observed_at, new.changed_at,
    'deleted' as change, null as column_name, null as old_value, null as new_value
from {fact} as new
left join lateral {before} as old on true
where new.is_deleted and old.is_deleted is not true
union all
select
    new.{key}, new.batch_seq, new.change_seq, new.observed_at, new.changed_at,
    'created', null, null, null
from {fact} as new
left join lateral {before} as old on true
where not new.is_deleted and old.is_deleted is not false
union all
select
    new.{key}, new.batch_seq, new.change_seq, new.observed_at, new.changed_at,
    'updated', difference.column_name, difference.old_value, difference.new_value
from {fact} as new
cross join lateral {before} as old
cross join lateral (
    values
    {differences}
) as difference (column_name, old_value, new_value, differs)
where difference.differs;

comment on view {view} is
    'Every change, one row for each changed column: change is ''updated'', with the old and the '
    'new value as text. An inserted, reinserted or deleted row is one row with ''created'' or '
    '''deleted'' and without column_name. A version that differs in no column of this fact has no '
    'row here.';
