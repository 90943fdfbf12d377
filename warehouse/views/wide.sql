-- Left joins: PostgreSQL does not read a dimension of which no column is selected.
create view {view} as
select {fact_columns}{dimension_columns}
from {current} as fact{joins};

comment on view {view} is
    'Every row in its current state, with the columns of the dimensions that it refers to. Their '
    'prefix is the name of the referring column without _id, unless they begin with it already. '
    'The columns of the calendar are not included.';
