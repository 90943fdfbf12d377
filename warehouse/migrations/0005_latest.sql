-- The latest version of every row, beside the fact that has all of them (docs/adr/0015): the views of
-- the current state read it. Triggers keep it, so that it is right whoever writes to a fact. They are
-- put on each fact of the contracts together with its views.

create function etl.note_latest() returns trigger
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
        select distinct on (%3$I) %2$s from %4$s order by %3$I, batch_seq desc
        on conflict (%3$I) do update set (%2$s) = row(%5$s)
        where known.batch_seq < excluded.batch_seq',
        latest, columns, key, versions, excluded
    );
    return null;
end $$;

-- it writes as the owner: nobody else may put it on a table of their own
revoke execute on function etl.note_latest() from public;

-- Nothing where they are kept already; anew where the fact has other columns by now. A load that is
-- under way is waited for: what it has not committed cannot be seen, and would never be noted.
create function etl.keep_latest(fact regclass, latest name, key name) returns void
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
    execute format('lock table %s in share row exclusive mode', fact);
    execute format('drop table if exists etl.%I', latest);
    execute format('create table etl.%I (like %s)', latest, fact);
    execute format('alter table etl.%I add primary key (%I)', latest, key);
    execute format(
        'insert into etl.%I select distinct on (%2$I) * from %3$s order by %2$I, batch_seq desc',
        latest, key, fact
    );
    execute format('analyze etl.%I', latest);
    execute format(
        'create or replace trigger latest_added after insert on %s referencing new table as arrived '
        'for each statement %s', fact, kept
    );
    execute format(
        'create or replace trigger latest_mended after update or delete or truncate on %s '
        'for each statement %s', fact, kept
    );
    -- in sessions, too, that replay rows without checking foreign keys
    execute format('alter table %s enable always trigger latest_added', fact);
    execute format('alter table %s enable always trigger latest_mended', fact);
end $$;

-- What was deleted.
create index if not exists fact_sales_order_deleted on fact_sales_order (batch_seq)
    where is_deleted;
create index if not exists fact_purchase_order_deleted on fact_purchase_order (batch_seq)
    where is_deleted;
create index if not exists fact_payment_deleted on fact_payment (batch_seq) where is_deleted;

-- When the source was last seen, and the batches since a day.
create index if not exists ledger_observed_at on etl.ledger (observed_at);
