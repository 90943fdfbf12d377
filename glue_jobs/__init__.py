"""The Spark jobs: dimensions and facts out of batches, and the load of the warehouse."""
