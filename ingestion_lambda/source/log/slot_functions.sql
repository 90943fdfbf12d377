-- Functions on one replication slot, so that the role of the platform needs no REPLICATION attribute.
-- Run it in the source's database as a role that has it and CREATE on the database:
--     psql "$source" --set ON_ERROR_STOP=1 --set role=platform --file slot_functions.sql
-- They run with the rights of that role, on this slot and this publication only. One slot serves
-- one lake. To use other names, write them in every function: a function that runs as its owner
-- calls only those of PostgreSQL. Run again with another role, the script replaces the first role.
begin;
set local search_path = pg_catalog, pg_temp;

-- The owner of a schema may replace each function in it.
do $$
begin
    if exists (
        select from pg_namespace n left join pg_proc p on pronamespace = n.oid
        where nspname = 'warehouse_log' and not (
            pg_get_userbyid(nspowner) = current_user
            and (proowner is null or pg_get_userbyid(proowner) = current_user))
    ) then
        raise exception 'the schema warehouse_log, or a function in it, belongs to another role'
            using hint = 'Drop the schema if it is not needed, or run this script as its owner.';
    end if;
end
$$;

drop function if exists
    warehouse_log.slot(), warehouse_log.publication(), warehouse_log.create_slot(),
    warehouse_log.drop_slot(), warehouse_log.advance_slot(pg_lsn), warehouse_log.peek_slot(pg_lsn);
drop schema if exists warehouse_log;
create schema warehouse_log;

create function warehouse_log.slot() returns name
    language sql immutable security definer set search_path = pg_catalog, pg_temp
    as $$ select name 'warehouse_log' $$;

create function warehouse_log.publication() returns name
    language sql immutable security definer set search_path = pg_catalog, pg_temp
    as $$ select name 'warehouse' $$;

create function warehouse_log.create_slot() returns void
    language sql security definer set search_path = pg_catalog, pg_temp
    as $$ select pg_create_logical_replication_slot('warehouse_log', 'pgoutput') $$;

create function warehouse_log.drop_slot() returns void
    language sql security definer set search_path = pg_catalog, pg_temp
    as $$ select pg_drop_replication_slot('warehouse_log') $$;

create function warehouse_log.advance_slot(upto pg_lsn) returns void
    language sql security definer set search_path = pg_catalog, pg_temp
    as $$ select pg_replication_slot_advance('warehouse_log', upto) $$;

create function warehouse_log.peek_slot(upto pg_lsn)
    returns table (lsn pg_lsn, xid xid, data bytea)
    language sql security definer set search_path = pg_catalog, pg_temp
    as $$
        select * from pg_logical_slot_peek_binary_changes(
            'warehouse_log', upto, null, 'proto_version', '1',
            'publication_names', quote_ident('warehouse'))
    $$;

revoke all on all functions in schema warehouse_log from public;
grant usage on schema warehouse_log to :"role";
grant execute on all functions in schema warehouse_log to :"role";

commit;
