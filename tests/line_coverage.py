"""The coverage of lines and branches of a test run, with `-p tests.line_coverage`.

SlipCover adds probes to the modules of the project as they are imported, and removes those that
have been met. A tracer, as coverage.py needs one on Python 3.11, takes as long as the tests.
"""

import json
import os
import sys
import tomllib
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import slipcover
from slipcover.importer import SlipcoverLoader

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["slipcover"]
SOURCES = [ROOT / name for name in SETTINGS["source"]]
COVERED, REPORT = "coverage", pytest.StashKey[dict[str, Any]]()

IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ

probes = slipcover.Slipcover(
    branch=True,
    source=None if IS_WORKER else SETTINGS["source"],  # lists the modules that nothing imported
    exclude_lines=SETTINGS["exclude-lines"],
)


class Finder:
    """Finds the modules of the project, for the import system."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a module of the project with probes; None leaves it to the other finders."""
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or not spec.origin or not isinstance(spec.loader, SourceFileLoader):
            return None
        if not any(Path(spec.origin).is_relative_to(source) for source in SOURCES):
            return None
        spec.loader = SlipcoverLoader(probes, spec.loader, spec.origin)
        return spec


sys.meta_path.insert(0, Finder)


class Workers:
    """Merges what the workers of pytest-xdist covered; without xdist nothing calls it."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        covered = getattr(node, "workeroutput", {}).get(COVERED)
        if covered:  # else the worker crashed
            merge(node.config, json.loads(covered))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Workers())


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what a worker covered to the controller; there, refuse a run that covered too little."""
    if by_workers := session.config.stash.get(REPORT, None):
        probes.omit = list(by_workers["files"])  # of the others it reads the source, for seconds
    covered = probes.get_coverage()
    if IS_WORKER:
        session.config.workeroutput[COVERED] = json.dumps(covered)  # type: ignore[attr-defined]  # of xdist
        return
    total = merge(session.config, covered)["summary"]["percent_covered"]
    if not session.exitstatus and total < SETTINGS["fail-under"]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the lines that no test covers, by module."""
    covered = config.stash[REPORT]
    slipcover.print_coverage(covered, outfile=terminalreporter, skip_covered=True)
    total = covered["summary"]["percent_covered"]
    terminalreporter.write_line(f"Coverage: {total:.1f} %, required: {SETTINGS['fail-under']} %")


def merge(config: pytest.Config, covered: dict[str, Any]) -> dict[str, Any]:
    """Add the coverage of a process, and return that of all processes so far."""
    before = config.stash.get(REPORT, None)
    config.stash[REPORT] = slipcover.merge_coverage(before, covered) if before else covered
    return config.stash[REPORT]
