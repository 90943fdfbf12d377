"""The project: everything that names the source `totesys`, its tables, or its warehouse."""
