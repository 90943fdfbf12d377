"""Rebuild a warehouse from the lake alone; on request, repeat all transformations."""

from dataclasses import replace
from pathlib import Path

from contracts import PlatformError
from embedded.platform import Platform
from embedded.workflow import Spark
from glue_jobs.errors import SchemaOutdated
from glue_jobs.load import ledger
from glue_jobs.load.pending import built_through
from lake import Lake, SeqTaken, new_run, now
from lake.entries import GenerationEntry
from lake.local import open_local_lake
from postgres import connected, from_dsn


class NothingToRebuild(PlatformError):
    """The lake holds no batch."""


class WarehouseNotEmpty(PlatformError):
    """The warehouse holds batches of another lake or generation."""

    exit_code = 2


class ReplayUnfinished(PlatformError):
    """The next generation does not have every batch yet."""


def rebuild(
    folder: Path, warehouse: str, schema: str, is_next: bool = False, spark: Spark | None = None
) -> Platform:
    """Load every batch of the lake into an empty warehouse, and return the platform that did it.

    With ``is_next``, build all batches again in the next generation, beside the generation in use,
    and adopt the next one when it is complete. Nothing is overwritten, and an interrupted rebuild
    continues where it stopped. Raises NothingToRebuild, WarehouseNotEmpty or ReplayUnfinished.
    """
    lake = open_local_lake(folder)
    head = lake.batches.head_seq()
    if not head:
        raise NothingToRebuild("The lake holds no batch, so there is nothing to rebuild from.")
    lake = replace(lake, generation=lake.generation + is_next)
    _refuse_other_batches(warehouse, lake.batches.entry(head).lake, lake.generation)
    with Platform(folder, "", warehouse, schema, spark, lake.generation) as platform:
        platform.migrate()
        platform.transform()  # builds only the missing batches
        if is_next:
            _adopt(lake)
        platform.load()
    return platform


def _refuse_other_batches(warehouse: str, name: str, generation: int) -> None:
    with connected(from_dsn(warehouse), "rebuild") as connection:
        try:
            state = ledger.read_state(connection)
        except SchemaOutdated:
            return
    if state.head and (state.lake, state.generation) != (name, generation):
        raise WarehouseNotEmpty(
            f"The warehouse at {from_dsn(warehouse)} holds batches 1 to {state.head} of lake"
            f" {state.lake}, generation {state.generation}, and this rebuild is of lake"
            f" {name}, generation {generation}. To fix: create an"
            " empty database, and name it in --warehouse."
        )


def _adopt(lake: Lake) -> None:
    """Record that the lake's generation is the one in use from now on."""
    built, head = built_through(lake), lake.batches.head_seq()
    if built < head:
        raise ReplayUnfinished(
            f"Generation {lake.generation} has {built} of {head} batches: another run is building"
            " it, or new batches arrived. To fix: run the rebuild again; it continues from there."
        )
    for seq in range(lake.generations.head_seq() + 1, lake.generation + 1):
        try:
            lake.generations.commit(GenerationEntry(seq, new_run(), now()))
        except SeqTaken:
            continue
