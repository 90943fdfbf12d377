select
    ${columns}
from (
    select *, row_number() over (partition by ${key} order by ${order}) as recency
    from ${table}
)
where recency = 1
