-- What the filters offer, and the days between which there are orders.
select 'currency' as kind, currency as value from ({currencies}) as named
union
select 'country', counterparty_legal_country from dim_counterparty
union
select 'department', department_name from dim_staff
order by kind, value
