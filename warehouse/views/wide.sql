-- Left joins: a dimension that a query does not ask for is not read.
create view {view} as
select {fact_columns}{dimension_columns}
from {current} as fact{joins};

comment on view {view} is
    'Every row as it is now, with the columns of the dimensions that it refers to, each under the '
    'name of its reference (staff_id brings staff_first_name) unless it begins with that already. '
    'Dates are not taken apart.';
