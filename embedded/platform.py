"""The platform on one machine: the poll and the workflow that run as Lambda and Glue jobs on
AWS."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, Self

import contracts
from contracts import PlatformError
from contracts.project import PROJECT
from embedded.server.spark import EmbeddedSpark
from embedded.workflow import JobResult, Spark, run, run_job, run_jobs
from embedded.workflow_definition import Event, Workflow, read_workflow
from glue_jobs.build.generation import check_generation
from ingestion_lambda.options import DEFAULT_OPTIONS, PollOptions
from ingestion_lambda.poll import Polled, poll
from lake import Lake, new_run, open_lake
from lake.attempts import MIGRATE, POLL
from lake.local import local_addresses, open_local_lake
from lake.publishing import is_due, lags
from lake.quarantine import count_open
from lake.recording import Recording
from postgres import connected, from_dsn
from publish.waiting import compaction_is_due
from warehouse import SCHEMA, migrate

WAREHOUSE = f"{PROJECT.upper()}_WAREHOUSE_DSN"
"""The variable that gives the load job its DSN, because an argument never holds a secret."""

DIMENSIONS, FACTS, LOAD = "build_dimensions", "build_facts", "load_warehouse"
PUBLISHING = 60
"""Seconds after which a publication ends with the commits that it has begun, so that a lake that is
far behind does not stop the polls."""

STEPS = {DIMENSIONS: "dimensions", FACTS: "facts", LOAD: "load"}


@dataclass
class DeferredBus:
    """Keeps the events of a poll, for the workflow to run after it."""

    events: list[Event] = field(default_factory=list)

    def publish(self, event: Event) -> None:
        """Keep the event."""
        self.events.append(event)

    def workflow_runs(self) -> bool:
        """Return False: poll and workflow take turns in this process, and concurrent runs are
        harmless."""
        return False


class Platform:
    """A lake in a directory, its source and its warehouse, in the generation that is in use there
    unless ``generation`` names another.

    Spark starts when a job first needs it and stops at the end of the block. With ``spark``, the
    caller's session is used and keeps running.
    """

    def __init__(
        self,
        folder: Path,
        source: str = "",
        warehouse: str = "",
        schema: str = SCHEMA,
        spark: Spark | None = None,
        generation: int | None = None,
    ) -> None:
        self._source, self._warehouse, self._schema = source, warehouse, schema
        ingestion, processed = local_addresses(folder)
        self.lake: Lake = (
            open_lake(ingestion, processed, generation) if generation else open_local_lake(folder)
        )
        self._own_spark = EmbeddedSpark()
        self._spark = spark or self._own_spark.get
        self._workflow: Workflow = read_workflow(
            {
                "name": "embedded",
                "source": contracts.source().name,
                "ingestion": ingestion,
                "processed": processed,
                "generation": str(self.lake.generation),
                "warehouse": f"env:{WAREHOUSE}",
                "schema": schema,
                "catalog": "",
            }
        )
        self._seconds = dict.fromkeys(("poll", *STEPS.values()), 0.0)
        self._polled = Polled(0)
        self._compacted = 0  # the last batch that was loaded when a compaction began

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._own_spark.stop()

    def cycle(self, options: PollOptions = DEFAULT_OPTIONS) -> None:
        """Poll once, and run the workflow if the load log lags."""
        for event in self.poll(options):
            # migrate with the load, so that the builds run even if the warehouse is down
            before = {LOAD: self.migrate}
            self._note(run(self._workflow, event, self._spark, before=before))

    def poll(self, options: PollOptions = DEFAULT_OPTIONS) -> Sequence[Event]:
        """Poll once, with an operator's options, and return the published events."""
        start, bus, run = perf_counter(), DeferredBus(), new_run()
        source, address = contracts.source(), from_dsn(self._source)
        with Recording(self.lake.attempts, POLL, run) as recording:
            with connected(address, "poll") as connection:
                self._polled = poll(connection, source, self.lake, bus, run, options)
            recording.figures.update(self._polled.health.figures)
        self._seconds["poll"] = perf_counter() - start
        return bus.events

    def transform(self, retry_quarantined: bool = False) -> None:
        """Build the dimensions and facts that are missing, concurrently, and with
        ``retry_quarantined`` bring back quarantined rows that conform now."""
        self._note(run_jobs(self._workflow, (DIMENSIONS, FACTS), self._spark))
        if retry_quarantined:  # needs the calendars of the built dimensions
            retry = run_job(self._workflow, FACTS, self._spark, ["--retry-quarantined"])
            self._seconds[STEPS[FACTS]] += retry.seconds

    def load(self) -> None:
        """Load every batch that is built and not yet in the warehouse."""
        self.migrate()
        self._note({LOAD: run_job(self._workflow, LOAD, self._spark)})

    def publish(self) -> str:
        """Publish for about a minute what the warehouse has and the tables do not have yet, and
        return the reason if that failed, otherwise ''. A failure is recorded as an attempt; the
        next call continues."""
        if is_due(self.lake):
            # a quiet cycle does not import pyiceberg
            from publish.after_load import publish_after_load  # noqa: PLC0415 - imports pyiceberg
            from publish.local_catalog import LocalCatalog  # noqa: PLC0415 - as above

            end = perf_counter() + PUBLISHING
            catalog = LocalCatalog(self.lake)
            return publish_after_load(self.lake, catalog, lambda: perf_counter() < end)
        return ""

    def compact(self) -> str:
        """Compact the published tables if enough batches wait, and return the reason if that
        failed, otherwise ''. It is recorded as an attempt; the next one is due as after a success.
        Tables that lag are not compacted."""
        if not compaction_is_due(self.lake, self._compacted) or lags(self.lake):
            return ""
        self._compacted = self.lake.loads.last_batch()
        from publish.local_catalog import LocalCatalog  # noqa: PLC0415 - imports pyiceberg
        from publish.recorded import compact_recorded  # noqa: PLC0415 - as above

        try:
            compact_recorded(self.lake, LocalCatalog(self.lake))
        except PlatformError as error:
            return str(error)
        return ""

    def report(self) -> dict[str, Any]:
        """Return the state of the platform, and the changes and seconds of this run."""
        return {
            "seq": self.lake.batches.head_seq(),
            "changes": self._polled.changes,
            "loaded_through": self.lake.loads.last_batch(),
            "quarantined": count_open(self.lake),
            "seconds": {name: round(seconds, 3) for name, seconds in self._seconds.items()},
        }

    def migrate(self) -> list[str]:
        """Create or migrate the warehouse, and return the names of the applied migrations. Raises
        ContractsChanged, before anything changes, if the generation cannot follow the contracts."""
        os.environ[WAREHOUSE] = self._warehouse
        address = from_dsn(self._warehouse)
        with (
            Recording(self.lake.attempts, MIGRATE, new_run()),
            connected(address, "migrate") as connection,
        ):
            check_generation(self.lake, contracts.warehouse())
            return migrate(connection, self._schema)

    def _note(self, results: dict[str, JobResult]) -> None:
        for name, job in results.items():
            self._seconds[STEPS[name]] = job.seconds
