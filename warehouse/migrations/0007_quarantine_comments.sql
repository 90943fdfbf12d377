-- Describe retries with the term that the platform uses everywhere: quarantine.

comment on table etl.retry is
    'Which retries are in the warehouse: rows that were in quarantine and could be read later. '
    'A row here is committed together with the versions that the retry released.';
comment on column etl.retry.through is 'The last batch whose quarantined rows it retried.';
