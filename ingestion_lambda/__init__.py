"""One poll of the source: what changed since the last batch, landed and committed as the next."""
