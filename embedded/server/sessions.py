"""A session for each job of one Spark. Jobs run at the same time and set their sessions
differently: one compiles the queries of a large table while another interprets those of a small
one."""

from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_sessions: "WeakKeyDictionary[SparkSession, dict[str, SparkSession]]" = WeakKeyDictionary()
_lock = Lock()


def own_session(spark: "SparkSession", job: str) -> "SparkSession":
    """Return the job's own session beside ``spark``, and let this thread use it. It is made once,
    because that costs more than a small query."""
    with _lock:
        known = _sessions.setdefault(spark, {})
        if job not in known:
            known[job] = spark.newSession()
        session = known[job]
    jvm, java = session._jvm, session._jsparkSession
    jvm.SparkSession.setActiveSession(java)  # type: ignore[union-attr] # parses SQL text
    return session
