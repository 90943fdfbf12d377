select staff_id as key, first_name || ' ' || last_name || ', ' || department_name as label
from dim_staff where staff_id = any(:keys)
