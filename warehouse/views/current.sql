-- Triggers keep the latest versions (migration 0005): to find them among all takes seconds.
create view {view} as
select {columns}
from etl.{latest}
where not is_deleted;

comment on view {view} is
    'Every row as it is now: its latest version, unless that is its deletion.';
