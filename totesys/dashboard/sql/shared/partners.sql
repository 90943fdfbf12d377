-- A unique name for each counterparty: its legal name, followed by its ID if several share the name.
select
    counterparty_id,
    coalesce(nullif(btrim(counterparty_legal_country), ''), 'No country') as country,
    case when count(*) over (partition by name) = 1 then name
        else name || ' (' || counterparty_id || ')'
    end as partner
from (
    select *, coalesce(nullif(btrim(counterparty_legal_name), ''), 'No name') as name
    from dim_counterparty
) as named
