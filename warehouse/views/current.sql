-- Triggers maintain the latest versions (migration 0005): a search in all versions takes seconds.
create view {view} as
select {columns}
from etl.{latest}
where not is_deleted;

comment on view {view} is
    'Every row in its current state: its latest version, unless that is a deletion.';
