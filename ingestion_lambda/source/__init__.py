"""The source: one snapshot, its catalog, and the rows that changed."""
