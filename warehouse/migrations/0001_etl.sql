-- The platform's own records about the warehouse. migrate runs every migration in a transaction
-- of its own, in which unqualified names mean the warehouse's schema.

do $$ begin
    if to_regnamespace('etl') is null then
        create schema etl;
    end if;
end $$;

comment on schema etl is 'Records of the platform about the warehouse, and staging of its loads.';

create table etl.migration (
    name       text primary key,
    checksum   text not null,
    applied_at timestamptz not null default clock_timestamp()
);

comment on table etl.migration is 'Which migrations were applied, and their SHA-256 then.';

create table etl.warehouse (
    only_row    boolean primary key default true check (only_row),
    schema_name text not null,
    contracts   text not null,
    views       text not null,
    migrated_at timestamptz not null default clock_timestamp()
);

comment on table etl.warehouse is
    'What the warehouse was last made to be: where it is, and the fingerprints of the contracts '
    'and of the views. A load whose contracts differ is refused.';

create table etl.ledger (
    batch_seq    bigint primary key,
    lake         text not null,
    generation   integer not null,
    batch_run    text not null,
    run          text not null,
    observed_at  timestamp not null,
    committed_at timestamptz not null,
    loaded_at    timestamptz not null default clock_timestamp(),
    rows         bigint not null
);

comment on table etl.ledger is
    'Which batches are in the warehouse: a row here is committed together with its batch''s rows.';
comment on column etl.ledger.lake is 'The lake that the batch came from.';
comment on column etl.ledger.generation is 'The replay of the lake''s batches that made its rows.';
comment on column etl.ledger.batch_run is 'The poll that committed the batch.';
comment on column etl.ledger.run is 'The load that brought it.';
comment on column etl.ledger.observed_at is 'When the batch saw the source, on the source''s clock.';
comment on column etl.ledger.committed_at is 'When the batch was committed to the lake.';
comment on column etl.ledger.loaded_at is 'When it was loaded.';
comment on column etl.ledger.rows is 'Rows of dimensions and facts that were made of it.';

-- The next three let a migration adopt a table that stands already: each does nothing where what
-- it is to ensure holds, under whatever name.

create function etl.widen_text(target regclass) returns void language plpgsql as $$
declare
    narrow name;
begin
    for narrow in
        select attname from pg_attribute
        where attrelid = target and attnum > 0 and not attisdropped
            and atttypid in ('varchar'::regtype, 'bpchar'::regtype)
    loop
        execute format('alter table %s alter column %I type text', target, narrow);
    end loop;
end $$;

create function etl.ensure_key(target regclass, kind "char", columns name[])
returns void language plpgsql as $$
begin
    if not exists (
        select from pg_constraint
        where conrelid = target and contype = kind and columns = (
            select array_agg(attname order by place.number)
            from unnest(conkey) with ordinality as place (attnum, number)
            join pg_attribute on attrelid = target and pg_attribute.attnum = place.attnum
        )
    ) then
        execute format(
            'alter table %s add %s (%s)',
            target,
            case kind when 'p' then 'primary key' else 'unique' end,
            (select string_agg(quote_ident(part), ', ') from unnest(columns) as part)
        );
    end if;
end $$;

create function etl.ensure_reference(target regclass, referring name, dimension regclass)
returns void language plpgsql as $$
begin
    if not exists (
        select from pg_constraint
        join pg_attribute on attrelid = conrelid and conkey = array[attnum]
        where conrelid = target and contype = 'f' and attname = referring
            and confrelid = dimension
    ) then
        execute format(
            'alter table %s add foreign key (%I) references %s', target, referring, dimension
        );
    end if;
end $$;
