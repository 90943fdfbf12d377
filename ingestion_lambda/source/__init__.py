"""Read the source: one snapshot, its catalog, and the rows that changed."""
