-- When the source was last seen, on its own clock.
select max(observed_at) as moment from etl.ledger
