"""The mirror: the source as of a batch, kept in the lake."""
