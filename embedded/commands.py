"""The commands. Imports wait until a command needs them: a quiet poll does not load Spark's Python,
and --help loads nothing."""

import json
import os
from argparse import Namespace
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

from embedded.arrow_alone import import_arrow_alone
from embedded.progress import finish_progress

if TYPE_CHECKING:
    from embedded.platform import Platform
    from ingestion_lambda.options import PollOptions


def _demo(arguments: Namespace) -> int:
    import_arrow_alone()
    from embedded.demo.demo import demo

    demo(arguments.orders or 200)
    return 0


def _up(arguments: Namespace) -> int:
    import_arrow_alone()
    from embedded.demo.pace import Pace
    from embedded.demo.up import Choices, up

    dashboard = None if arguments.no_dashboard else arguments.dashboard_port
    pace = Pace(arguments.every, arguments.rate)
    up(arguments.directory, Choices(pace, arguments.orders, dashboard, arguments.notify))
    return 0


def _cycle(arguments: Namespace) -> int:
    return _step(arguments, lambda p: p.cycle(_poll_options(arguments)), lambda p: p.publish())


def _poll(arguments: Namespace) -> int:
    return _step(arguments, lambda p: p.poll(_poll_options(arguments)))


def _transform(arguments: Namespace) -> int:
    from embedded.local_lake import existing

    existing(arguments.lake)
    return _step(arguments, lambda p: p.transform(arguments.retry_quarantined))


def _load(arguments: Namespace) -> int:
    from embedded.local_lake import existing

    existing(arguments.lake)
    return _step(arguments, lambda p: p.load(), lambda p: p.publish())


def _poll_options(arguments: Namespace) -> "PollOptions":
    from ingestion_lambda.capture.options import CaptureOptions
    from ingestion_lambda.options import PollOptions

    capture = CaptureOptions(
        arguments.capture, arguments.publication, arguments.slot, arguments.accept_unlimited_wal
    )
    return PollOptions(
        arguments.allow_mass_delete, arguments.reread, arguments.accept_source, capture=capture
    )


def _step(arguments: Namespace, *steps: Callable[["Platform"], object]) -> int:
    import_arrow_alone()
    from embedded.platform import Platform

    start = perf_counter()
    databases = arguments.source or "", arguments.warehouse or "", arguments.schema
    with Platform(arguments.lake, *databases) as platform:
        for step in steps:
            step(platform)
    return _report(platform.report(), start)


def _migrate(arguments: Namespace) -> int:
    import_arrow_alone()
    from embedded.platform import Platform
    from postgres import connected, from_dsn
    from warehouse import migrate

    start = perf_counter()
    if arguments.lake:
        with Platform(arguments.lake, "", arguments.warehouse, arguments.schema) as platform:
            applied = platform.migrate()
    else:
        with connected(from_dsn(arguments.warehouse), "migrate") as connection:
            applied = migrate(connection, arguments.schema)
    return _report({"applied": applied, "schema": arguments.schema}, start)


def _rebuild(arguments: Namespace) -> int:
    import_arrow_alone()
    from embedded.local_lake import existing
    from embedded.rebuild import rebuild

    start, is_next = perf_counter(), arguments.generation == "next"
    platform = rebuild(existing(arguments.lake), arguments.warehouse, arguments.schema, is_next)
    platform.publish()
    return _report({**platform.report(), "generation": platform.lake.generation}, start)


def _reconcile(arguments: Namespace) -> int:
    from embedded.local_lake import existing
    from lake.local import open_local_lake
    from operations.reconcile import reconcile
    from operations.reconcile.screen import show_reconciliation
    from postgres import from_dsn

    start, lake = perf_counter(), open_local_lake(existing(arguments.lake))
    source, warehouse = from_dsn(arguments.source), from_dsn(arguments.warehouse)
    result = reconcile(lake, source, warehouse, arguments.schema)
    finish_progress()
    show_reconciliation(result)
    _report(result.report(), start)
    return result.exit_status


def _backfill(arguments: Namespace) -> int:
    from embedded.local_lake import existing
    from lake.local import open_local_lake
    from operations.backfill import backfill
    from postgres import from_dsn

    start, lake = perf_counter(), open_local_lake(existing(arguments.lake))
    address, column = from_dsn(arguments.warehouse), (arguments.table, arguments.column)
    return _report(backfill(lake, address, arguments.schema, *column).report(), start)


def _erase(arguments: Namespace) -> int:
    import_arrow_alone()
    from embedded.local_lake import existing
    from operations.erasure import erase

    start = perf_counter()
    erased = erase(existing(arguments.lake), arguments.table, arguments.key)
    return _report(vars(erased), start)


def _status(arguments: Namespace) -> int:
    from dashboard.settings import poll_interval
    from embedded.local_lake import existing
    from lake.local import open_local_lake
    from operations.alarms import limits, limits_at
    from operations.status import exit_status, status
    from operations.terminal import show_status
    from operations.warehouse_state import read_warehouse
    from postgres import from_dsn

    start, lake = perf_counter(), open_local_lake(existing(arguments.lake))
    address = from_dsn(arguments.warehouse)
    warehouse = read_warehouse(lake, lambda: address)
    usual = limits_at(poll_interval(os.environ))
    result = status(lake, warehouse, limits=limits(arguments.stale_after, usual))
    if not arguments.json:
        show_status(result)
    _report(result.report(), start)
    return exit_status(result, arguments.check)


def _slot(arguments: Namespace) -> int:
    from operations.slots import drop_slot, list_slots, report, show_slots
    from postgres import from_dsn

    start, address = perf_counter(), from_dsn(arguments.source)
    dropped = drop_slot(address, arguments.slot) if arguments.drop else ""
    slots = list_slots(address)
    finish_progress()
    show_slots(slots, dropped)
    return _report(report(slots, dropped), start)


def _quarantine(arguments: Namespace) -> int:
    from embedded.local_lake import existing
    from lake.local import open_local_lake
    from lake.quarantine import quarantine
    from operations.quarantined_rows import keys_as_csv, quarantined_keys

    lake = open_local_lake(existing(arguments.lake))
    print(keys_as_csv(quarantined_keys(lake, quarantine(lake).open)), end="", flush=True)
    return 0


def _publish(arguments: Namespace) -> int:
    from embedded.local_lake import existing
    from lake.local import open_local_lake
    from publish.local_catalog import LocalCatalog
    from publish.publisher import publish

    start, lake = perf_counter(), open_local_lake(existing(arguments.lake))
    catalog = LocalCatalog(lake)
    if arguments.again:
        catalog.forget()
    result = publish(lake, catalog)
    return _report({"files": sum(result.files.values()), "commits": result.commits}, start)


def _compact(arguments: Namespace) -> int:
    from embedded.local_lake import existing
    from lake.local import open_local_lake
    from publish.local_catalog import LocalCatalog
    from publish.recorded import compact_recorded

    start, lake = perf_counter(), open_local_lake(existing(arguments.lake))
    return _report(vars(compact_recorded(lake, LocalCatalog(lake))), start)


def _query(arguments: Namespace) -> int:
    from embedded.lake_query import query
    from embedded.local_lake import existing
    from lake.local import open_local_lake
    from publish.local_catalog import LocalCatalog
    from publish.publisher import publish

    lake = open_local_lake(existing(arguments.lake))
    publish(lake, LocalCatalog(lake))
    query(lake, arguments.sql, as_csv=arguments.csv)
    return 0


def _report(report: Mapping[str, Any], start: float) -> int:
    """Print the last line, which programs read."""
    finish_progress()
    seconds = {**report.get("seconds", {}), "total": round(perf_counter() - start, 3)}
    print(json.dumps({**report, "seconds": seconds}), flush=True)
    return 0


RUN: Mapping[str, Callable[[Namespace], int]] = {
    "demo": _demo,
    "up": _up,
    "cycle": _cycle,
    "poll": _poll,
    "transform": _transform,
    "load": _load,
    "migrate": _migrate,
    "rebuild": _rebuild,
    "reconcile": _reconcile,
    "backfill": _backfill,
    "erase": _erase,
    "status": _status,
    "slot": _slot,
    "quarantine": _quarantine,
    "publish": _publish,
    "compact": _compact,
    "query": _query,
}
