-- The options of each filter: the value that a scope compares, and its name.
select 'currency' as filter, currency as value, currency as label from ({currencies}) as named
union
select 'country', country, country from ({partners}) as named
union
select 'department', department, department from ({people}) as named
union
select 'partner', cast(counterparty_id as text), partner from ({partners}) as named
union
select 'person', cast(staff_id as text), person from ({people}) as named
union
select 'design', cast(design_id as text), item || ', ' || file from ({designs}) as named
order by filter, label, value
