"""The lake as Apache Iceberg tables: published from the logs after a load. No step of the pipeline
reads them: wrong tables are published again (docs/adr/0031-published-tables.md)."""
