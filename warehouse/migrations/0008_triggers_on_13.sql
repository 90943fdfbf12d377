-- PostgreSQL 13 has no "create or replace trigger". The function differs from that of migration 0005
-- in this only: it drops a trigger before it creates it.

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
        'insert into etl.%I select distinct on (%2$I) * from %3$s order by %2$I, batch_seq desc',
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
