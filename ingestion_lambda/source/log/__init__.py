"""PostgreSQL's log (WAL) as logical decoding shows it: publication, replication slot, messages."""
