-- Retries of rows that had been set apart, beside the ledger of batches (docs/adr/0009).

create table etl.retry (
    retry_seq    bigint primary key,
    through      bigint not null,
    run          text not null,
    committed_at timestamptz not null,
    loaded_at    timestamptz not null default clock_timestamp(),
    rows         bigint not null
);

comment on table etl.retry is
    'Which retries are in the warehouse: rows that had been set apart and could be read after all. '
    'A row here is committed together with the versions that the retry brought back.';
comment on column etl.retry.retry_seq is 'The number of the retry in the lake.';
comment on column etl.retry.through is 'The last batch whose rows it tried.';
comment on column etl.retry.run is 'The load that brought it.';
comment on column etl.retry.committed_at is 'When the retry was committed to the lake.';
comment on column etl.retry.loaded_at is 'When it was loaded.';
comment on column etl.retry.rows is 'Rows of dimensions and facts that were made of it.';
