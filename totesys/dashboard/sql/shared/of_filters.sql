-- Whether a row of a scope matches the filters that every scope has. An empty list selects everything.
(cardinality(cast(:currencies as text[])) = 0 or currency_id in (
    select currency_id from ({currencies}) as named where currency = any(:currencies)
))
    and (cardinality(cast(:countries as text[])) = 0 or counterparty_id in (
        select counterparty_id from ({partners}) as named where country = any(:countries)
    ))
    and (cardinality(cast(:partners as int[])) = 0 or counterparty_id = any(:partners))
