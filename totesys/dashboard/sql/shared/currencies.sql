-- Each currency by a name that is its own: its code, with its number where others have that code too,
-- as have those that the source does not tell of yet.
select
    currency_id,
    case when count(*) over (partition by currency_code) = 1 then currency_code
        else currency_code || ' (' || currency_id || ')'
    end as currency
from dim_currency
