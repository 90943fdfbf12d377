-- The latest batches: the time of the poll on the source's clock, of the commit to the lake, and of
-- the load into the warehouse.
select
    batch_seq, observed_at, committed_at, loaded_at, rows,
    extract(epoch from loaded_at - committed_at) as seconds
from etl.ledger
where loaded_at >= clock_timestamp() - cast(:window as interval)
order by batch_seq desc
limit :max_rows
