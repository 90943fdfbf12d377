"""The commands and options of the command line, and the texts of --help."""

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts.project import PROJECT
from dashboard.ports import port_or_any
from operations.usage import STATUS_OPTIONS

ABOUT = """The whole platform on one machine: no AWS account, no Docker, no root.

A poll lands the changes of the source in the lake; the jobs build dimensions
and facts as Parquet and load them into the warehouse, with the full history of
every fact."""

EXAMPLES = f"""examples:
  python -m embedded demo
  python -m embedded cycle --source postgresql://reader@localhost:5432/{PROJECT} \\
      --warehouse postgresql://owner@localhost:5432/warehouse --lake ./lake

A DSN is postgresql://user[:password]@host:port/database; PGPASSWORD gives a
missing password. The last line on stdout is JSON: seq, changes, loaded_through,
quarantined, seconds.
Exit status: 0 done, 1 failed run (or status: not healthy), 2 wrong usage or
input, 3 unexplained differences (reconcile)."""


@dataclass(frozen=True)
class Command:
    """A command: its description, required and optional options, and arguments without a name.
    Options in ``accepted`` have no effect: all steps of a cycle take the same options. ``help``
    replaces an option's help."""

    about: str
    required: Sequence[str] = ()
    optional: Sequence[str] = ()
    accepted: Sequence[str] = ()
    arguments: Sequence[str] = ()
    help: Mapping[str, str] = field(default_factory=dict)

    @property
    def options(self) -> Sequence[str]:
        """The names of all options, each once."""
        return list(dict.fromkeys((*self.required, *self.optional, *self.accepted)))


CAPTURE_OPTIONS = ("capture", "publication", "slot", "accept-unlimited-wal")
POLL_OPTIONS = ("allow-mass-delete", "reread", "accept-source", *CAPTURE_OPTIONS)
LAKE_CREATED = "the lake's directory, created if it does not exist"
MIGRATED = "the warehouse, created or migrated before the load"
COMMANDS = {
    "demo": Command("seed a source, change it, watch each change arrive", (), ("orders",)),
    "up": Command(
        "keep running: a source that changes, polls on a schedule, the dashboard",
        (),
        ("directory", "every", "rate", "orders", "dashboard-port", "no-dashboard", "notify"),
    ),
    "cycle": Command(
        "poll once, then run the workflow if the load lags",
        ("source", "warehouse", "lake"),
        ("schema", *POLL_OPTIONS),
        help={"lake": LAKE_CREATED, "warehouse": MIGRATED},
    ),
    "poll": Command(
        "poll once: the changes of the source become the next batch",
        ("source", "lake"),
        POLL_OPTIONS,
        accepted=("warehouse", "schema"),
        help={"lake": LAKE_CREATED},
    ),
    "transform": Command(
        "build the dimensions and facts that are missing",
        ("lake",),
        ("retry-quarantined",),
        accepted=("source", "warehouse", "schema", "allow-mass-delete"),
    ),
    "load": Command(
        "load the batches that are built and not yet in the warehouse",
        ("warehouse", "lake"),
        ("schema",),
        accepted=("source", "allow-mass-delete"),
        help={"warehouse": MIGRATED},
    ),
    "migrate": Command(
        "create the warehouse, or migrate it to this version",
        ("warehouse",),
        ("lake", "schema"),
        help={
            "warehouse": "the warehouse, as its owner",
            "lake": "the lake's directory, to record the attempt there",
        },
    ),
    "rebuild": Command(
        "rebuild a warehouse from the lake alone",
        ("warehouse", "lake"),
        ("schema", "generation"),
        help={"warehouse": "an empty database, or that of an interrupted rebuild of this lake"},
    ),
    "reconcile": Command(
        "compare source, mirror and warehouse, value by value",
        ("source", "warehouse", "lake"),
        ("schema",),
    ),
    "backfill": Command(
        "fill a column that was added to the warehouse, from landed rows that have it",
        ("warehouse", "lake", "table", "column"),
        ("schema",),
        help={
            "warehouse": "the warehouse, as its owner",
            "table": "fact or dimension of the warehouse",
        },
    ),
    "erase": Command(
        "replace the personal columns in all versions of a row by their values in the source",
        ("lake", "table", "key"),
    ),
    "status": Command(
        "health, last attempts, loaded and pending batches, and rows in quarantine",
        ("warehouse", "lake"),
        tuple(STATUS_OPTIONS),
    ),
    "slot": Command(
        "show the replication slots of the source, or drop one",
        ("source",),
        ("drop", "slot"),
        help={"slot": "the slot to drop"},
    ),
    "quarantine": Command("print every quarantined row as CSV: table, key, reasons", ("lake",)),
    "publish": Command(
        "publish what is in the warehouse as Iceberg tables of the lake", ("lake",), ("again",)
    ),
    "compact": Command(
        "publish, and replace small files of the published tables by large ones", ("lake",)
    ),
    "query": Command(
        "publish, and print the rows of a SELECT over the lake",
        ("lake",),
        ("csv",),
        arguments=("sql",),
    ),
}


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


OPTIONS: Mapping[str, dict[str, Any]] = {
    **STATUS_OPTIONS,
    "source": {"metavar": "DSN", "help": "the operational database; SELECT is enough"},
    "warehouse": {"metavar": "DSN", "help": "the warehouse"},
    "lake": {"metavar": "DIR", "type": Path, "help": "the lake's directory"},
    "schema": {"default": "warehouse", "help": "the warehouse's schema"},
    "allow-mass-delete": {
        "action": "append",
        "default": [],
        "metavar": "TABLE",
        "help": "let this poll delete more rows of the table than the mass-delete guard allows",
    },
    "accept-source": {
        "action": "store_true",
        "help": "let this poll read a source whose identity differs from that of the lake's source",
    },
    "reread": {
        "action": "append",
        "default": [],
        "metavar": "TABLE",
        "help": "read the whole table, and land the rows that differ from its mirror",
    },
    "capture": {
        "choices": ["difference", "log"],
        "default": "difference",
        "help": "'log' also lands the versions between two polls, from PostgreSQL's log"
        " (difference)",
    },
    "publication": {
        "default": "warehouse",
        "metavar": "NAME",
        "help": "with --capture log: the publication that names the tables (warehouse)",
    },
    "slot": {
        "default": "",
        "metavar": "NAME",
        "help": "with --capture log: the replication slot (one named after the lake)",
    },
    "accept-unlimited-wal": {
        "action": "store_true",
        "help": "with --capture log: accept a source with unlimited max_slot_wal_keep_size, where"
        " a slot that no poll reads fills the disk",
    },
    "drop": {
        "action": "store_true",
        "help": "drop the slot of --slot, which lets the source remove its log",
    },
    "table": {"metavar": "TABLE", "help": "table of the source"},
    "column": {"metavar": "COLUMN", "help": "column that may be NULL"},
    "key": {"type": int, "metavar": "KEY", "help": "primary key of the row"},
    "retry-quarantined": {
        "action": "store_true",
        "help": "bring back quarantined rows that conform by corrected code or a wider calendar",
    },
    "generation": {
        "choices": ["next"],
        "help": "'next' builds all batches again, beside the generation in use",
    },
    "orders": {
        "type": _positive,
        "metavar": "COUNT",
        "help": "orders of a new source, 1 or more (200)",
    },
    "directory": {
        "type": Path,
        "default": Path(f".{PROJECT}"),
        "metavar": "DIR",
        "help": f"where databases and lake are kept (.{PROJECT})",
    },
    "every": {
        "type": float,
        "default": 30.0,
        "metavar": "SECONDS",
        "help": "seconds from one poll to the next (30)",
    },
    "rate": {
        "type": float,
        "default": 20.0,
        "metavar": "CHANGES",
        "help": "changes of the source a minute (20)",
    },
    "dashboard-port": {
        "type": port_or_any,
        "default": 0,
        "metavar": "PORT",
        "help": "port of the dashboard (8501, or any free one)",
    },
    "notify": {
        "metavar": "URL",
        "help": "webhook that receives a JSON message when an alarm begins or ends",
    },
    "again": {
        "action": "store_true",
        "help": "make all tables new from the logs, such as after the lake was copied or moved",
    },
    "csv": {"action": "store_true", "help": "print CSV with a header"},
    "sql": {"metavar": "SELECT", "help": "one SELECT, in DuckDB's SQL"},
    "no-dashboard": {"action": "store_true", "help": "run without the dashboard"},
}
QUIET = ("demo", "up", "status", "quarantine", "query")  # these print their own progress


def parser() -> ArgumentParser:
    """Return the parser of all commands."""
    result = ArgumentParser(
        "python -m embedded",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    commands = result.add_subparsers(dest="command", required=True, metavar="command")
    for name, command in COMMANDS.items():
        about = command.about[0].upper() + command.about[1:] + "."
        sub = commands.add_parser(name, help=command.about, description=about)
        for argument in command.arguments:
            sub.add_argument(argument, **OPTIONS[argument])
        for option in command.options:
            sub.add_argument(f"--{option}", **OPTIONS[option] | _specific(command, option))
        sub.add_argument("--debug", action="store_true", help="log everything, show tracebacks")
    return result


def _specific(command: Command, option: str) -> dict[str, Any]:
    """Return the settings of the option that differ in this command."""
    text = SUPPRESS if option in command.accepted else command.help.get(option)
    own = {"required": option in command.required, "help": text}
    return {name: value for name, value in own.items() if value}
