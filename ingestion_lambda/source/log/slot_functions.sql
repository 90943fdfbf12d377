-- Functions on one replication slot, so that the role of the platform needs no REPLICATION attribute.
-- Run it in the source's database as a role that has it, such as the owner of the publication:
--     psql "$source" --set role=platform --file slot_functions.sql
-- They run with the rights of that role, on this slot and this publication only. One slot serves
-- one lake.
begin;

create schema if not exists warehouse_log;

create or replace function warehouse_log.slot() returns name
    language sql immutable set search_path = pg_catalog, pg_temp
    as $$ select name 'warehouse_log' $$;

create or replace function warehouse_log.publication() returns name
    language sql immutable set search_path = pg_catalog, pg_temp
    as $$ select name 'warehouse' $$;

create or replace function warehouse_log.create_slot() returns void
    language sql security definer set search_path = pg_catalog, pg_temp
    as $$ select pg_create_logical_replication_slot(warehouse_log.slot(), 'pgoutput') $$;

create or replace function warehouse_log.drop_slot() returns void
    language sql security definer set search_path = pg_catalog, pg_temp
    as $$ select pg_drop_replication_slot(warehouse_log.slot()) $$;

create or replace function warehouse_log.advance_slot(upto pg_lsn) returns void
    language sql security definer set search_path = pg_catalog, pg_temp
    as $$ select pg_replication_slot_advance(warehouse_log.slot(), upto) $$;

create or replace function warehouse_log.peek_slot(upto pg_lsn)
    returns table (lsn pg_lsn, xid xid, data bytea)
    language sql security definer set search_path = pg_catalog, pg_temp
    as $$
        select * from pg_logical_slot_peek_binary_changes(
            warehouse_log.slot(), upto, null, 'proto_version', '1',
            'publication_names', quote_ident(warehouse_log.publication()))
    $$;

revoke all on schema warehouse_log from public;
revoke all on all functions in schema warehouse_log from public;
grant usage on schema warehouse_log to :"role";
grant execute on all functions in schema warehouse_log to :"role";

commit;
