-- A unique name for each currency: its code, followed by its ID if several currencies share the code,
-- as members do whose source row was not loaded yet.
select
    currency_id,
    case when count(*) over (partition by currency_code) = 1 then currency_code
        else currency_code || ' (' || currency_id || ')'
    end as currency
from dim_currency
