"""Servers of the platform on one machine: PostgreSQL, and Spark with its Java."""

from embedded.server.cluster import ServerFailed
from embedded.server.server import Server, running

__all__ = ["Server", "ServerFailed", "running"]
