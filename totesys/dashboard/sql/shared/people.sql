-- A unique name for each member of staff: first and last name, followed by the ID if several share it.
select
    staff_id,
    coalesce(nullif(btrim(department_name), ''), 'No department') as department,
    case when count(*) over (partition by name) = 1 then name
        else name || ' (' || staff_id || ')'
    end as person
from (
    select *, coalesce(nullif(btrim(first_name || ' ' || last_name), ''), 'No name') as name
    from dim_staff
) as named
