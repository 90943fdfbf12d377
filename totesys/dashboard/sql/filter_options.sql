-- The options of each filter.
select 'currency' as filter, currency as value from ({currencies}) as named
union
select 'country', counterparty_legal_country from dim_counterparty
union
select 'department', department_name from dim_staff
order by filter, value
