"""Load built files into the warehouse, in one transaction."""
