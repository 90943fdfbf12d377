"""The mirror: the rows of the source as of a batch, stored in the lake."""
