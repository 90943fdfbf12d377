"""The data dictionary: a page with the meaning of every table, view, function and column."""
