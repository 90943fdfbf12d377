-- The argument has no name, because it could be that of a column.
create function {view}(timestamp) returns table ({definitions}) language sql stable as $$
    select {columns}
    from {history}
    where valid_from <= $1 and (valid_to is null or valid_to > $1) and not is_deleted
$$;

comment on function {view}(timestamp) is
    'The rows that were valid at a moment on the source''s clock, with their values then. '
    'Rows deleted by then are excluded. Later observations count; as_known excludes them.';
