"""Pure transformations: DataFrames in, a DataFrame out."""
