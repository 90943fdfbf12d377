"""The keys of all objects in the two stores. No other module composes a key.

ingestion  <source>/<table>/observed_date=YYYY-MM-DD/batch=<seq>-<run>/part.parquet
           _log/…  _mirror/<table>/…  _audits/YYYY-MM-DD.json  _attempts/poll/…  _name
           _erasures/…
processed  g=<generation>/<warehouse table>/batch=<seq>-<run>/…parquet
           g=<generation>/_log/{dimensions,facts,load,retries,contracts,published}/…
           g=<generation>/_quarantine/<table>/batch=<seq>-<run>/…parquet
           g=<generation>/_open/<table>/batch=<seq>-<run>/…parquet
           g=<generation>/<fact>_tombstones/batch=<seq>-<run>/…parquet
           _generations/…  _attempts/<job>/…  _published/… (Iceberg tables)
           _views/… (log of Athena's views)
           _compacted/<namespace>/_log/…
           _compacted/<namespace>/<published table>/compaction=<seq>-<run>/<number>.parquet
"""

from datetime import date, datetime

SEQ_DIGITS = 20
LAST_SEQ = 10**SEQ_DIGITS - 1

BATCH_LOG = "_log/"
COMPACTED = "_compacted/"
PUBLISHED = "_published/"
GENERATIONS_LOG = "_generations/"
ERASURES_LOG = "_erasures/"
VIEWS_LOG = "_views/"
NAME = "_name"
INGESTED = "ingestion"
"""The namespace of the published tables of the source, which all generations share."""

BATCHES, DIMENSIONS, FACTS, RETRIES = "batches", "dimensions", "facts", "retries"
"""The names of the logs by which files are published and compacted."""

LAST_DAY = date.max.toordinal()
LAST_MILLISECOND = 10**14 - 1  # of Unix time, in the year 5138

SEQ_IN_KEY = rf"/batch=(\d{{{SEQ_DIGITS}}})-"
"""Pattern of the seq in the key or the address of a data object."""


def entry_key(log: str, seq: int) -> str:
    """Return the key of a log's entry. It depends on seq only, and newer entries sort first."""
    return f"{log}{LAST_SEQ - seq:0{SEQ_DIGITS}d}-{seq:0{SEQ_DIGITS}d}.json"


def entry_seq(key: str) -> int:
    """Return the seq of the entry under ``key``. Raises ValueError."""
    log, _, name = key.rpartition("/")
    seq = int(name.removesuffix(".json").rpartition("-")[2])
    if entry_key(f"{log}/", seq) != key:
        raise ValueError(key)
    return seq


def batch_key(source: str, table: str, day: date, seq: int, run: str) -> str:
    """Return the key of a table's changed rows in a batch."""
    return f"{source}/{table}/observed_date={day:%Y-%m-%d}/{_batch(seq, run)}/part.parquet"


def audit_key(day: date) -> str:
    """Return the key of the audit of that day."""
    return f"_audits/{day:%Y-%m-%d}.json"


def attempts_folder(part: str, outcome: str) -> str:
    """Return the folder of the attempts of a poll or a job that had this outcome."""
    return f"_attempts/{part}/{outcome}/"


def attempt_key(folder: str, started_at: datetime, run: str) -> str:
    """Return the key of an attempt in a folder of its day. Newer days and attempts sort first."""
    day = LAST_DAY - started_at.toordinal()
    millisecond = LAST_MILLISECOND - int(started_at.timestamp() * 1000)
    return f"{folder}{day:07d}-{started_at:%Y-%m-%d}/{millisecond:014d}-{run}.json"


def attempt_time(key: str) -> str:
    """Return the part of an attempt's key by which attempts of all folders sort, newest first."""
    return "/".join(key.rsplit("/", 2)[1:])


def mirror_key(table: str, bucket: int, seq: int, run: str) -> str:
    """Return the key of a bucket of a table's mirror, as of a batch."""
    return f"_mirror/{table}/bucket={bucket}/{_batch(seq, run)}.parquet"


def mirror_page_key(table: str, page: int, seq: int, run: str) -> str:
    """Return the key of a page of the map of a table's mirror, as of a batch."""
    return f"_mirror/{table}/page={page}/{_batch(seq, run)}.json.gz"


def processed_log(generation: int, step: str) -> str:
    """Return the folder of a log: dimensions, facts, load or retries."""
    return f"g={generation}/_log/{step}/"


def shape_key(generation: int, fingerprint: str) -> str:
    """Return the key of the shape of the contracts of this fingerprint."""
    return f"{processed_log(generation, 'contracts')}{fingerprint}.json"


def processed_folder(generation: int, table: str, seq: int, run: str) -> str:
    """Return the folder of a batch's rows of a warehouse table or of a fact's tombstones."""
    return f"g={generation}/{table}/{_batch(seq, run)}/"


def quarantine_folder(generation: int, table: str, seq: int, run: str) -> str:
    """Return the folder of a batch's quarantined rows of a source table."""
    return f"g={generation}/_quarantine/{table}/{_batch(seq, run)}/"


def open_folder(generation: int, table: str, seq: int, run: str) -> str:
    """Return the folder of the quarantined rows of a source table that stayed open after a batch
    closed others."""
    return f"g={generation}/_open/{table}/{_batch(seq, run)}/"


def processed_namespace(generation: int) -> str:
    """Return the namespace of the published tables that a generation built."""
    return f"processed_g{generation}"


def published_folder(namespace: str, table: str) -> str:
    """Return the folder of the metadata of a published table."""
    return f"{PUBLISHED}{namespace}/{table}/"


def compaction_log(namespace: str) -> str:
    """Return the folder of the log of a namespace's compactions."""
    return f"{COMPACTED}{namespace}/_log/"


def compacted_folder(namespace: str, table: str) -> str:
    """Return the folder of the compacted files of a table."""
    return f"{COMPACTED}{namespace}/{table}/"


def compacted_key(namespace: str, table: str, seq: int, run: str, number: int) -> str:
    """Return the key of a file that a compaction writes, the ``number``-th of the table."""
    folder = f"compaction={seq:0{SEQ_DIGITS}d}-{run}"
    return f"{compacted_folder(namespace, table)}{folder}/{number:05d}.parquet"


def _batch(seq: int, run: str) -> str:
    return f"batch={seq:0{SEQ_DIGITS}d}-{run}"
