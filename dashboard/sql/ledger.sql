-- The latest batches: when the source was seen, when the batch was in the lake, when its rows were
-- here.
select
    batch_seq, observed_at, committed_at, loaded_at, rows,
    extract(epoch from loaded_at - committed_at) as seconds
from etl.ledger
where loaded_at >= clock_timestamp() - cast(:window as interval)
order by batch_seq desc
limit :most
