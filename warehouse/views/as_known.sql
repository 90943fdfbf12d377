-- Reads the view, not the table, on which a reader has no rights. Nothing of the view's windows is
-- asked for, and PostgreSQL leaves them out.
create function {view}(timestamp) returns table ({definitions}) language sql stable as $$
    select {columns}
    from {history} as latest
    where observed_at <= $1 and not is_deleted and not exists (
        select from {history} as later
        where later.{key} = latest.{key} and later.batch_seq > latest.batch_seq
            and later.observed_at <= $1
    )
$$;

comment on function {view}(timestamp) is
    'The rows as this warehouse could know them at a moment on the source''s clock: of what had '
    'been observed by then the latest version, unless that is a deletion. A report of that moment '
    'can be made again; what was seen later does not count.';
