"""The data dictionary: what every table, view, function and column means, as a page."""
