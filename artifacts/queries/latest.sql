select
    ${columns}
from (
    select *, row_number() over (partition by ${key} order by batch desc) as back
    from ${table}
)
where back = 1
