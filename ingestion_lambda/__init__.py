"""Poll the source: land the rows that changed since the last batch, and commit them as the next."""
