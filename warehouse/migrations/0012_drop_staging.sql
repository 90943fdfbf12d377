-- Loads of earlier versions that were killed left staging tables, which are named after the start of their
-- run. A load now creates its staging tables in its transaction (docs/adr/0037).

do $$
declare
    abandoned name;
begin
    for abandoned in
        select tablename from pg_tables
        where schemaname = 'etl' and pg_has_role(tableowner, 'USAGE')
            and tablename like 'staging\_2%' and tablename < 'staging_'
                || to_char(now() at time zone 'UTC' - interval '1 day', 'YYYYMMDD"T"HH24MISS"Z"')
    loop
        execute format('drop table etl.%I', abandoned);
    end loop;
end $$;
