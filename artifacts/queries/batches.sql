select distinct batch_seq, observed_at as valid_from from ${ingestion}.${table}
