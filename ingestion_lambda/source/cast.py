"""Cast an Arrow array, with NULL for each value that does not fit."""

import pyarrow as pa


def cast(values: pa.Array, type_: pa.DataType) -> pa.Array:
    """Return ``values`` as ``type_``, with NULL for each one that does not fit.

    Arrow reports one failure for the whole array, so these values are found by bisection.
    """
    try:
        return values.cast(type_)
    except pa.ArrowInvalid:
        if len(values) == 1:
            return pa.nulls(1, type_)
        middle = len(values) // 2
        return pa.concat_arrays([cast(values[:middle], type_), cast(values[middle:], type_)])
