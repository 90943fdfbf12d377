-- The version before is looked up for each version, so that the changes of one row, or of the
-- latest batches, cost no more than they are.
create view {view} as
select
    new.{key}, new.batch_seq, new.observed_at,
    difference.change, difference.column_name, difference.old_value, difference.new_value
from {fact} as new
left join lateral (
    select {columns}
    from {fact} as earlier
    where earlier.{key} = new.{key} and earlier.batch_seq < new.batch_seq
    order by earlier.batch_seq desc
    limit 1
) as old on true
cross join lateral (
    values
    ('created', null, null, null, not new.is_deleted and old.is_deleted is not false),
    ('deleted', null, null, null, new.is_deleted and old.is_deleted is not true),
    {differences}
) as difference (change, column_name, old_value, new_value, is_there)
where difference.is_there;

comment on view {view} is
    'What changed, one row a column: change is ''updated'', with the old and the new value as text. '
    'That a row came, came again or went is a row of its own, ''created'' or ''deleted'', without '
    'column_name. A version that differs in no column of this fact has no row here.';
