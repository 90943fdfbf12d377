-- The members of staff of the departments that are selected.
select staff_id from ({people}) as named where department = any(:departments)
