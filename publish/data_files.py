"""Data files of an Iceberg table, described from the footers of Parquet files."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table.metadata import TableMetadata

from contracts.arrow import FIELD_ID, arrow_type
from contracts.field_ids import field_ids
from contracts.tables import Column
from lake.concurrent import map_concurrently
from publish.errors import OutdatedFile, PublishFailed

INT96 = "INT96"


def data_files(
    files: FileIO, metadata: TableMetadata, columns: Sequence[Column], addresses: Iterable[str]
) -> Iterable[DataFile]:
    """Yield a data file for each address; their footers are read concurrently. A file without field
    ids is accepted if the table maps names to ids. Raises OutdatedFile, and PublishFailed for a
    damaged file."""
    ids = field_ids(columns)
    expected = {ids[column.name]: arrow_type(column.type) for column in columns}
    contract = _Contract(expected, ids if metadata.name_mapping() else {})
    return map_concurrently(lambda each: _data_file(files, metadata, contract, each), addresses)


class _Contract(NamedTuple):
    types: Mapping[int, pa.DataType]
    ids: Mapping[str, int]  # of columns without an id in the file


def _data_file(
    files: FileIO, metadata: TableMetadata, contract: _Contract, address: str
) -> DataFile:
    with files.new_input(address).open() as opened:
        body = opened.read()
    footer = _footer(body, address)
    _check(footer, contract, address)
    schema = metadata.schema()
    statistics = data_file_statistics_from_parquet_metadata(
        parquet_metadata=footer,
        stats_columns=compute_statistics_plan(schema, metadata.properties),
        parquet_column_mapping=parquet_path_to_id_mapping(schema),
    )
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=address,
        file_format=FileFormat.PARQUET,
        partition=statistics.partition(metadata.spec(), schema),
        file_size_in_bytes=len(body),
        sort_order_id=None,
        spec_id=metadata.default_spec_id,
        equality_ids=None,
        key_metadata=None,
        **statistics.to_serialized_dict(),
    )


def _footer(body: bytes, address: str) -> pq.FileMetaData:
    try:
        return pq.read_metadata(io.BytesIO(body))
    except pa.ArrowException as damage:
        raise PublishFailed(
            f"{address} cannot be read as a Parquet file: {damage}. No later file of its table is"
            " published. To fix: restore an earlier version of the object, then publish again."
        ) from damage


def _check(footer: pq.FileMetaData, contract: _Contract, address: str) -> None:
    """Raise OutdatedFile unless each column has the type that the contract gives to its field id,
    and no timestamp is an INT96."""
    physical = {footer.schema.column(number).physical_type for number in range(footer.num_columns)}
    if INT96 in physical:
        raise _outdated(address, "stores timestamps as INT96")
    for field in footer.schema.to_arrow_schema():
        number = (field.metadata or {}).get(FIELD_ID.encode()) or contract.ids.get(field.name)
        if number is None:
            raise _outdated(address, f"has no field id of the column {field.name}")
        if contract.types.get(int(number)) != field.type:
            found = f"{field.name}, {field.type}, with field id {int(number)}"
            raise _outdated(address, f"has {found}")


def _outdated(address: str, reason: str) -> OutdatedFile:
    return OutdatedFile(
        f"{address} {reason}, which readers of Iceberg tables refuse or misread: an earlier version"
        " wrote it. No later file of its table is published. To fix: build the next"
        " generation (python -m embedded rebuild --generation next, or a higher --generation of the"
        " jobs) and publish that."
    )
