"""Doubts about the log of an interval, and the gaps that they make."""

from collections import defaultdict
from collections.abc import Iterator

from contracts import Source
from ingestion_lambda.capture.preparation import Prepared
from ingestion_lambda.source.log.slot import lsn
from ingestion_lambda.source.scope import FullRead, Scope
from ingestion_lambda.source.snapshot import Snapshot
from lake.entries import Batch, Capture, Gap

MOVED = "another session moved the slot"
WENT_BACK = "the server started again, and may have lost transactions"


def find_doubt(
    prepared: Prepared, before: Capture | None, snapshot: Snapshot, scope: Scope, is_flushed: bool
) -> str:
    """Return why the log since the batch before is not to be read, or an empty text.

    ``before`` is the point of that batch, and ``scope`` is what this poll reads of the tables.
    """
    slot, publication = prepared.slot, prepared.publication
    if slot is None or publication is None:
        return prepared.problem
    reasons = {
        "the server does not report the position of its log": snapshot.insert_lsn is None,
        "the end of the log was not on the source's disk in time": not is_flushed,
        "the replication slot is new": prepared.is_new,
        "another session creates the replication slot": slot.position == 0,
        "the batch before it was not captured by log": before is None,
    }
    if before:
        reasons |= {
            "another replication slot": before.slot != slot.name,
            "another publication": before.publication != publication.oid,
            MOVED: slot.position > lsn(before.position),
            WENT_BACK: has_gone_back(prepared, before),
            "the batch before it was not on the source's disk": not before.is_durable,
        }
    if isinstance(scope, FullRead) and scope.instead_of is None:
        reasons[scope.reason] = True
    return next((reason for reason, holds in reasons.items() if holds), "")


def has_gone_back(prepared: Prepared, before: Capture | None) -> bool:
    """Return whether the server has started or crashed since the batch before, and the slot is
    behind its recorded position or that batch was not durable: then transactions may be lost, and
    their ids assigned again. A slot that is only behind was not advanced: the last poll ended
    before that."""
    slot = prepared.slot
    if slot is None or before is None or slot.server_start == before.server_start:
        return False
    is_behind = slot.name == before.slot and slot.position < lsn(before.position)
    return not before.is_durable or (is_behind and not prepared.is_new)


def captured_tables(prepared: Prepared, before: Capture | None) -> frozenset[str]:
    """Return the tables whose changes the log shows from the batch before to this one."""
    if prepared.publication is None or before is None:
        return frozenset()
    return frozenset(prepared.publication.captured) & frozenset(before.tables)


def find_gaps(source: Source, prepared: Prepared, head: Batch, doubt: str) -> Iterator[Gap]:
    """Yield the gaps between ``head`` and the batch after it: one for each reason."""
    reasons = defaultdict[str, list[str]](list)
    problems = prepared.publication.problems if prepared.publication else {}
    captured = captured_tables(prepared, head.capture)
    for table in source.tables:
        if doubt:
            reasons[doubt].append(table)
        elif table in problems:
            reasons[problems[table].reason].append(table)
        elif table not in captured:
            reasons["captured from here on"].append(table)
    for reason, tables in reasons.items():
        yield Gap(reason, tuple(tables), head.observed_at)
