create view {view} as
select {columns}
from {fact} as latest
where not is_deleted and not exists (
    select from {fact} as later
    where later.{key} = latest.{key} and later.batch_seq > latest.batch_seq
);

comment on view {view} is
    'Every row as it is now: its latest version, unless that is its deletion.';
