select distinct batch_seq, observed_at from ${ingestion}.${table}
