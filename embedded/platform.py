"""The platform on one machine: what the Lambda and the Glue workflow are on AWS."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, Self

import contracts
from embedded.server.spark import EmbeddedSpark
from embedded.workflow import Ended, Spark, run, run_job
from embedded.workflow_definition import Event, Workflow, read_workflow
from ingestion_lambda.options import DEFAULT_OPTIONS, PollOptions
from ingestion_lambda.poll import Polled, poll
from lake import Lake, new_run, open_lake
from lake.local import local_addresses, open_local_lake
from postgres import connected, from_dsn
from warehouse import SCHEMA, migrate

WAREHOUSE = "TOTESYS_WAREHOUSE_DSN"
"""The variable by which the load job finds the warehouse; an argument holds no secret."""

LOAD = "load_warehouse"
STEPS = {"build_dimensions": "dimensions", "build_facts": "facts", LOAD: "load"}


@dataclass
class DeferredBus:
    """Keeps what a poll publishes, for the workflow to run after it."""

    events: list[Event] = field(default_factory=list)

    def publish(self, event: Event) -> None:
        """Keep the event."""
        self.events.append(event)

    def workflow_runs(self) -> bool:
        """Never: workflow and poll take turns in one process, and runs at once are harmless."""
        return False


class Platform:
    """A lake in a directory, with a source that it ingests and a warehouse that it loads, in the
    generation that is in use there unless another ``generation`` is asked for.

    Spark starts when a job first needs it and stops with the block, unless it is somebody
    else's ``spark``.
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._own_spark.stop()

    def cycle(self, orders: PollOptions = DEFAULT_OPTIONS) -> None:
        """One poll, and the workflow if the load log lags."""
        for event in self.poll(orders):
            # with the load, so that a warehouse that is down holds up nothing else
            begins_with = {LOAD: self.migrate}
            self._note(run(self._workflow, event, self._spark, before=begins_with))

    def poll(self, orders: PollOptions = DEFAULT_OPTIONS) -> Sequence[Event]:
        """One poll, with what an operator asks of it; the events that it published."""
        begun, bus = perf_counter(), DeferredBus()
        with connected(from_dsn(self._source), "poll") as connection:
            self._polled = poll(connection, contracts.source(), self.lake, bus, new_run(), orders)
        self._seconds["poll"] = perf_counter() - begun
        return bus.events

    def transform(self, retry_quarantined: bool = False) -> None:
        """Build dimensions and facts of every batch that lacks them, and where asked bring back
        rows set apart that can be read by now."""
        retry = ["--retry-quarantined"] if retry_quarantined else []
        for name, extra in {"build_dimensions": [], "build_facts": retry}.items():
            self._note({name: run_job(self._workflow, name, self._spark, extra)})

    def load(self) -> None:
        """Load every batch that was built and is not in the warehouse."""
        self.migrate()
        self._note({LOAD: run_job(self._workflow, LOAD, self._spark)})

    def report(self) -> dict[str, Any]:
        """Where the platform stands, and what this run did and how long it took."""
        return {
            "seq": self.lake.batches.head_seq(),
            "changes": self._polled.changes,
            "loaded_through": self.lake.loads.head_seq(),
            "quarantined": self.lake.open_quarantined(),
            "seconds": {name: round(spent, 3) for name, spent in self._seconds.items()},
        }

    def migrate(self) -> list[str]:
        """Make or migrate the warehouse; the names of what was applied."""
        os.environ[WAREHOUSE] = self._warehouse
        with connected(from_dsn(self._warehouse), "migrate") as connection:
            return migrate(connection, self._schema)

    def _note(self, ended: dict[str, Ended]) -> None:
        for name, job in ended.items():
            self._seconds[STEPS[name]] = job.seconds
