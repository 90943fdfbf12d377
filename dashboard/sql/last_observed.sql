-- The time of the last poll that found a change, on the source's clock.
select max(observed_at) as moment from etl.ledger
