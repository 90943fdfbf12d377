"""The versions of rows that changed once: their only image is their row in the difference.

Most rows of a bulk change are such. They need neither the mirrored state nor an order.
"""

import pyarrow as pa
import pyarrow.compute as pc

from contracts import SourceTable
from contracts.arrow import row_schema
from ingestion_lambda.capture.neighbours import flat
from ingestion_lambda.mirror.difference import Difference, differs
from ingestion_lambda.source.log.rows import CHANGE, IS_DELETED, IS_INSERTED, UNCHANGED

OP = "op"


def direct_versions(table: SourceTable, difference: Difference, images: pa.Table) -> pa.Table:
    """Return the rows that changed once, with their operation and the number of their
    transaction."""
    key, names = table.key, row_schema(table).names
    parts = (("I", difference.inserted), ("U", difference.updated))
    changed = pa.concat_tables(
        rows.append_column(OP, pa.repeat(op, rows.num_rows))
        for op, rows in [each for each in parts if each[1].num_rows] or parts[:1]
    ).combine_chunks()
    single = _only_images(key, images)
    rows = changed
    if not single[key].equals(changed[key]):  # otherwise they are the same rows in the same order
        position = flat(pc.index_in(single[key], value_set=flat(changed[key])))
        single, rows = single.filter(pc.is_valid(position)), changed.take(position.drop_null())
    rows = rows.append_column(CHANGE, single[CHANGE])
    is_equal = pc.invert(differs(single.select(names), rows.select(names)))
    is_same_op = pc.or_(pc.equal(rows[OP], "I"), pc.invert(single[IS_INSERTED]))
    is_direct = pc.and_(is_equal, is_same_op)
    return rows if pc.all(is_direct, min_count=0).as_py() else rows.filter(is_direct)


def _only_images(key: str, images: pa.Table) -> pa.Table:
    """Return the images of the keys that have only one, which is a whole row."""
    counts = pc.value_counts(flat(images[key]))
    if len(counts) < images.num_rows:
        once = counts.field("values").filter(pc.equal(counts.field("counts"), 1))
        images = images.filter(pc.is_in(images[key], value_set=once))
    is_whole = pc.and_(pc.invert(images[IS_DELETED]), pc.is_null(images[UNCHANGED]))
    return images if pc.all(is_whole, min_count=0).as_py() else images.filter(is_whole)
