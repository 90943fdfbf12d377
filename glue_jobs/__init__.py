"""The Spark jobs: build dimensions and facts from batches, and load the warehouse."""
