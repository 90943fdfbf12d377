"""Load what was built into the warehouse, in one transaction."""
