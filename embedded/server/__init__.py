"""PostgreSQL and Spark for the platform on one machine; nothing needs to be installed."""

from embedded.server.cluster import ServerFailed
from embedded.server.server import Server, running

__all__ = ["Server", "ServerFailed", "running"]
