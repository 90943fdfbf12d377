"""Pure transformations: DataFrame in, DataFrame out."""
