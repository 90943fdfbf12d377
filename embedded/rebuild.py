"""An empty warehouse again from the lake alone; with new transformations, if they are asked for."""

from dataclasses import replace
from pathlib import Path

from contracts import PlatformError
from embedded.platform import Platform
from embedded.workflow import Spark
from glue_jobs.errors import SchemaOutdated
from glue_jobs.load import ledger
from glue_jobs.load.pending import LakeIdentity, built_through, origin
from lake import Lake, SeqTaken, new_run, now
from lake.entries import GenerationEntry
from lake.local import open_local_lake
from postgres import connected, from_dsn


class NothingToRebuild(PlatformError):
    """The lake holds no batch."""


class WarehouseNotEmpty(PlatformError):
    """The warehouse holds batches that the rebuild cannot be put upon."""

    exit_code = 2


class ReplayUnfinished(PlatformError):
    """The next generation does not hold every batch yet."""


def rebuild(
    folder: Path, warehouse: str, schema: str, anew: bool = False, spark: Spark | None = None
) -> Platform:
    """Bring every batch of the lake into an empty warehouse; the platform that did it.

    With ``anew`` the transformations of all batches are made again, in the next generation,
    beside those of the one in use; once they are whole it is the one in use. Nothing is
    overwritten, and where a rebuild was broken off the next one goes on. Raises NothingToRebuild,
    WarehouseNotEmpty or ReplayUnfinished.
    """
    lake = open_local_lake(folder)
    head = lake.batches.head_seq()
    if not head:
        raise NothingToRebuild("The lake holds no batch, so there is nothing to rebuild from.")
    lake = replace(lake, generation=lake.generation + anew)
    _refuse_other_batches(warehouse, origin(lake, head))
    with Platform(folder, "", warehouse, schema, spark, lake.generation) as platform:
        platform.migrate()
        platform.transform()  # whatever was made before is not made again
        if anew:
            _adopt(lake)
        platform.load()
    return platform


def _refuse_other_batches(warehouse: str, ours: LakeIdentity) -> None:
    with connected(from_dsn(warehouse), "rebuild") as connection:
        try:
            found = ledger.read_state(connection)
        except SchemaOutdated:
            return
    if found.head and (found.lake, found.generation) != (ours.lake, ours.generation):
        raise WarehouseNotEmpty(
            f"The warehouse at {from_dsn(warehouse)} holds batches 1 to {found.head} of lake"
            f" {found.lake}, generation {found.generation}, and this rebuild brings lake"
            f" {ours.lake}, generation {ours.generation}. It needs an empty database: create one,"
            " and name it in --warehouse."
        )


def _adopt(lake: Lake) -> None:
    """From now on the lake's generation is the one in use."""
    built, head = built_through(lake), lake.batches.head_seq()
    if built < head:
        raise ReplayUnfinished(
            f"Generation {lake.generation} holds {built} of {head} batches: another run is at it,"
            " or new batches came. Run the rebuild again; it goes on from there."
        )
    for seq in range(lake.generations.head_seq() + 1, lake.generation + 1):
        try:
            lake.generations.commit(GenerationEntry(seq, new_run(), now()))
        except SeqTaken:
            continue
