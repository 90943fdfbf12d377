"""Checks before `up` makes anything: its ports, and what a killed `up` left running."""

from collections.abc import Iterator
from pathlib import Path

import psutil

from dashboard import ports
from dashboard.launch import APP, HOST
from embedded.demo.dashboard_process import OWNER
from embedded.server.cluster import Cluster, ServerFailed

STOP_TIMEOUT = 10.0  # seconds


def check_ports(directory: Path, dashboard: int | None) -> None:
    """Raise ServerFailed or NotStarted if a port that `up` needs is used by another program.

    What an earlier `up` in the directory left running does not count.
    """
    cluster = Cluster(directory.resolve() / "postgresql", {})
    port = cluster.kept_port()
    if port and not cluster.runs() and not ports.is_free(HOST, port):
        raise ServerFailed(
            f"Port {port}, which the PostgreSQL server of {directory} keeps, is already in use"
            f"{ports.user(port)}. To fix: end that process, or delete {cluster.port} to choose"
            " another port; saved connections then need the new one."
        )
    if dashboard and not any(orphaned_dashboards(directory)):
        ports.require_free(HOST, dashboard)


def orphaned_dashboards(directory: Path) -> Iterator[psutil.Process]:
    """Yield the dashboards that an earlier `up` in the directory left running."""
    for process in psutil.process_iter(["cmdline"]):
        try:
            is_dashboard = str(APP) in (process.info["cmdline"] or ())
            if is_dashboard and process.environ().get(OWNER) == str(directory.resolve()):
                yield process
        except psutil.Error:  # it has ended, or belongs to another user
            continue


def stop_orphaned_dashboards(directory: Path) -> list[int]:
    """Stop the dashboards that an earlier `up` left running, and return their process ids. Only
    the process that runs the directory's PostgreSQL may call this."""
    processes = list(orphaned_dashboards(directory))
    for process in processes:
        process.terminate()
    _, alive = psutil.wait_procs(processes, STOP_TIMEOUT)
    for process in alive:
        process.kill()
    return [process.pid for process in processes]
