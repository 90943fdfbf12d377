"""What the command line takes: commands, options, and what --help teaches."""

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboard.ports import port_or_any

ABOUT = """The whole platform on one machine: no AWS account, no Docker, no root.

A poll takes what changed in the source into the lake; the jobs build dimensions and facts as
Parquet and load them into the warehouse, with the full history of every fact."""

EXAMPLES = """examples:
  python -m embedded demo
  python -m embedded cycle --source postgresql://reader@localhost:5432/totesys \\
      --warehouse postgresql://owner@localhost:5432/warehouse --lake ./lake

A DSN is postgresql://user[:password]@host:port/database; without a password PGPASSWORD counts.
The last line on stdout is JSON: seq, changes, loaded_through, quarantined, seconds.
Exit status: 0 done, 1 a run that failed, 2 wrong usage or input, 3 differences (reconcile)."""


@dataclass(frozen=True)
class Command:
    """What a command does, and the options that it must and may have. Those ``accepted`` change
    nothing here: one set of options fits all steps of a cycle. ``told`` is what an option's help
    says of this command alone."""

    about: str
    required: Sequence[str] = ()
    optional: Sequence[str] = ()
    accepted: Sequence[str] = ()
    told: Mapping[str, str] = field(default_factory=dict)

    @property
    def options(self) -> Sequence[str]:
        """The names of all options, each once."""
        return list(dict.fromkeys((*self.required, *self.optional, *self.accepted)))


POLL = ("allow-mass-delete", "reread", "accept-source")
MADE = "the lake's directory, made where there is none"
MIGRATED = "the warehouse, made or migrated before the load"
COMMANDS = {
    "demo": Command("seed a source, change it, watch each change arrive", (), ("orders",)),
    "up": Command(
        "keep running: a source that lives, polls on a schedule, the dashboard",
        (),
        ("directory", "every", "rate", "orders", "dashboard-port", "no-dashboard"),
    ),
    "cycle": Command(
        "one poll, then the workflow if the load lags",
        ("source", "warehouse", "lake"),
        ("schema", *POLL),
        told={"lake": MADE, "warehouse": MIGRATED},
    ),
    "poll": Command(
        "one poll: what changed in the source becomes the next batch",
        ("source", "lake"),
        POLL,
        accepted=("warehouse", "schema"),
        told={"lake": MADE},
    ),
    "transform": Command(
        "build dimensions and facts of batches that lack them",
        ("lake",),
        ("retry-quarantined",),
        accepted=("source", "warehouse", "schema", "allow-mass-delete"),
    ),
    "load": Command(
        "load what was built and is not in the warehouse",
        ("warehouse", "lake"),
        ("schema",),
        accepted=("source", "allow-mass-delete"),
        told={"warehouse": MIGRATED},
    ),
    "migrate": Command(
        "make the warehouse, or bring it to this version",
        ("warehouse",),
        ("schema",),
        told={"warehouse": "the warehouse, as its owner"},
    ),
    "rebuild": Command(
        "an empty warehouse again, from the lake alone",
        ("warehouse", "lake"),
        ("schema", "generation"),
        told={"warehouse": "an empty database, or one where a rebuild of this lake broke off"},
    ),
    "reconcile": Command(
        "compare source, mirror and warehouse, value by value",
        ("source", "warehouse", "lake"),
        ("schema",),
    ),
    "erase": Command(
        "let all versions of a row say what the source says now, in its personal columns",
        ("lake", "table", "key"),
    ),
    "status": Command(
        "what was loaded, what waits where, what is set apart", ("warehouse", "lake")
    ),
}


def _from_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


OPTIONS: Mapping[str, dict[str, Any]] = {
    "source": {"metavar": "DSN", "help": "the operational database; SELECT is enough"},
    "warehouse": {"metavar": "DSN", "help": "the warehouse"},
    "lake": {"metavar": "DIR", "type": Path, "help": "the lake's directory"},
    "schema": {"default": "warehouse", "help": "the warehouse's schema"},
    "allow-mass-delete": {
        "action": "append",
        "default": [],
        "metavar": "TABLE",
        "help": "let this poll delete more rows of the table than the breaker allows",
    },
    "accept-source": {
        "action": "store_true",
        "help": "let this poll read a source that does not look like the lake's",
    },
    "reread": {
        "action": "append",
        "default": [],
        "metavar": "TABLE",
        "help": "read the whole table, and land where it differs from its mirror",
    },
    "table": {"metavar": "TABLE", "help": "table of the source"},
    "key": {"type": int, "metavar": "KEY", "help": "primary key of the row"},
    "retry-quarantined": {
        "action": "store_true",
        "help": "bring back rows set apart that mended code or a wider calendar can read",
    },
    "generation": {
        "choices": ["next"],
        "help": "'next' makes the transformations of all batches again, beside the old ones",
    },
    "orders": {
        "type": _from_one,
        "default": 200,
        "metavar": "COUNT",
        "help": "orders to begin with, 1 or more (200)",
    },
    "directory": {
        "type": Path,
        "default": Path(".totesys"),
        "metavar": "DIR",
        "help": "where databases and lake are kept (.totesys)",
    },
    "every": {
        "type": float,
        "default": 30.0,
        "metavar": "SECONDS",
        "help": "from one poll to the next (30)",
    },
    "rate": {
        "type": float,
        "default": 20.0,
        "metavar": "CHANGES",
        "help": "how many changes the source sees a minute (20)",
    },
    "dashboard-port": {
        "type": port_or_any,
        "default": 0,
        "metavar": "PORT",
        "help": "where the dashboard listens (8501, or any that is free)",
    },
    "no-dashboard": {"action": "store_true", "help": "leave the dashboard out"},
}
QUIET = ("demo", "up", "status")  # they tell their own story


def parser() -> ArgumentParser:
    """The parser of all commands."""
    made = ArgumentParser(
        "python -m embedded",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    added = made.add_subparsers(dest="command", required=True, metavar="command")
    for name, command in COMMANDS.items():
        about = command.about[0].upper() + command.about[1:] + "."
        sub = added.add_parser(name, help=command.about, description=about)
        for option in command.options:
            sub.add_argument(f"--{option}", **OPTIONS[option] | _in(command, option))
        sub.add_argument("--debug", action="store_true", help="log everything, show tracebacks")
    return made


def _in(command: Command, option: str) -> dict[str, Any]:
    """What is peculiar to the option in the command."""
    told = SUPPRESS if option in command.accepted else command.told.get(option)
    own = {"required": option in command.required, "help": told}
    return {name: value for name, value in own.items() if value}
