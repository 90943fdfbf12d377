-- The counterpart of etl.ensure_key: drops the primary key or unique constraint on exactly these columns,
-- whatever its name is.

create function etl.drop_key(target regclass, kind "char", columns name[])
returns void language plpgsql as $$
declare
    existing name;
begin
    for existing in
        select conname from pg_constraint
        where conrelid = target and contype = kind and columns = (
            select array_agg(attname order by place.number)
            from unnest(conkey) with ordinality as place (attnum, number)
            join pg_attribute on attrelid = target and pg_attribute.attnum = place.attnum
        )
    loop
        execute format('alter table %s drop constraint %I', target, existing);
    end loop;
end $$;
