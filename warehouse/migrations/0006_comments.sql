-- What the columns of the platform's own records mean, where no migration has said it yet.

comment on column etl.ledger.batch_seq is 'The number of the batch in the lake.';

comment on column etl.migration.name is 'The file of the migration.';
comment on column etl.migration.checksum is 'Its SHA-256 when it was applied.';
comment on column etl.migration.applied_at is 'When it was applied.';

comment on column etl.warehouse.only_row is 'True: the table has one row.';
comment on column etl.warehouse.schema_name is 'The schema of the warehouse.';
comment on column etl.warehouse.contracts is 'The fingerprint of the contracts.';
comment on column etl.warehouse.views is 'The fingerprint of the views and of all comments.';
comment on column etl.warehouse.migrated_at is 'When the warehouse was last made to be so.';
