-- The last loaded batch: its number, the time of its poll on the source's clock, and the time of its
-- commit to the lake.
select batch_seq as batch, observed_at, committed_at
from etl.ledger
order by batch_seq desc
limit 1
