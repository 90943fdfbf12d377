-- Reads the view, because a reader has no rights on the table. PostgreSQL does not compute the
-- window functions of the view, because their columns are not selected.
create function {view}(timestamp) returns table ({definitions}) language sql stable as $$
    select {columns}
    from {history} as latest
    where observed_at <= $1 and not is_deleted and not exists (
        select from {history} as later
        where later.{key} = latest.{key}
            and (later.batch_seq, later.change_seq) > (latest.batch_seq, latest.change_seq)
            and later.observed_at <= $1
    )
$$;

comment on function {view}(timestamp) is
    'The rows as the warehouse knew them at a moment on the source''s clock: the latest version '
    'that had been observed by then, unless that is a deletion. It reproduces a report of that '
    'moment; later observations do not count.';
