-- The latest version of a row is that with the greatest (batch_seq, change_seq), see docs/adr/0026. The
-- functions differ from those of migrations 0005 and 0008 in this only. Every fact must have the columns
-- before this migration.

create or replace function etl.note_latest() returns trigger
language plpgsql security definer set search_path to pg_catalog, pg_temp as $$
declare
    latest constant regclass := tg_argv[0];
    key constant name := tg_argv[1];
    columns text;
    excluded text;
    versions constant text := case tg_op
        when 'INSERT' then 'arrived' else format('%I.%I', tg_table_schema, tg_table_name)
    end;
begin
    select
        string_agg(quote_ident(attname), ', ' order by attnum),
        string_agg('excluded.' || quote_ident(attname), ', ' order by attnum)
    into columns, excluded
    from pg_attribute where attrelid = latest and attnum > 0 and not attisdropped;
    if tg_op <> 'INSERT' then  -- somebody mends a fact by hand: one at a time, for each sees all
        execute format('lock table %s in share row exclusive mode', latest);
        execute format('delete from %s', latest);
    end if;
    execute format(
        'insert into %1$s as known (%2$s)
        select distinct on (%3$I) %2$s from %4$s order by %3$I, batch_seq desc, change_seq desc
        on conflict (%3$I) do update set (%2$s) = row(%5$s)
        where (known.batch_seq, known.change_seq) < (excluded.batch_seq, excluded.change_seq)',
        latest, columns, key, versions, excluded
    );
    return null;
end $$;

create or replace function etl.keep_latest(fact regclass, latest name, key name) returns void
language plpgsql as $$
declare
    kept constant text := format('execute function etl.note_latest(%L, %L)', 'etl.' || latest, key);
    of_the_fact text[];
    of_the_latest text[];
begin
    select
        array_agg(attname || ' ' || atttypid || ' ' || atttypmod order by attnum)
            filter (where attrelid = fact),
        array_agg(attname || ' ' || atttypid || ' ' || atttypmod order by attnum)
            filter (where attrelid = to_regclass(format('etl.%I', latest)))
    into of_the_fact, of_the_latest
    from pg_attribute where attnum > 0 and not attisdropped;
    if of_the_latest = of_the_fact then
        return;
    end if;
    -- waits for a running load, whose uncommitted versions would otherwise never be noted
    execute format('lock table %s in share row exclusive mode', fact);
    execute format('drop table if exists etl.%I', latest);
    execute format('create table etl.%I (like %s)', latest, fact);
    execute format('alter table etl.%I add primary key (%I)', latest, key);
    execute format(
        'insert into etl.%I select distinct on (%2$I) * from %3$s
        order by %2$I, batch_seq desc, change_seq desc',
        latest, key, fact
    );
    execute format('analyze etl.%I', latest);
    execute format('drop trigger if exists latest_added on %s', fact);
    execute format('drop trigger if exists latest_mended on %s', fact);
    execute format(
        'create trigger latest_added after insert on %s referencing new table as arrived '
        'for each statement %s', fact, kept
    );
    execute format(
        'create trigger latest_mended after update or delete or truncate on %s '
        'for each statement %s', fact, kept
    );
    -- also in sessions that replay rows without checks of foreign keys
    execute format('alter table %s enable always trigger latest_added', fact);
    execute format('alter table %s enable always trigger latest_mended', fact);
end $$;
