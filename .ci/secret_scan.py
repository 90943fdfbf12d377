"""Search for secrets in every line that a file of this repository has, or had in any commit.

A cache outside the repository names the files in which an earlier scan found nothing: only files
that are new, or have a new line, are scanned again.
"""

import hashlib
import os
import subprocess  # nosec B404 # git knows the history
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

KNOWN = Path(".ci/known_secrets.toml")
REMEDY = f"""\
Replace a real secret where it is used: all who can read the repository can read it, and a new
commit does not change that. Add harmless values to {KNOWN}, with the reason."""


def main() -> int:
    """Print the places of possible secrets; return 1 if there are any."""
    places: dict[str, dict[str, str]] = {}  # file -> line -> where it was seen first
    for file, line, place in (*_files(), *_history()):
        places.setdefault(file, {}).setdefault(line, place)
    del places[str(KNOWN)]  # every line of it looks like a secret
    found = sorted(_unknown(places))
    for place, kind in found:
        print(f"{place}: {kind}")
    print(REMEDY if found else f"secrets: none in {len(places)} files and all their history")
    return 1 if found or _is_shallow() else 0


def _files() -> Iterator[tuple[str, str, str]]:
    """Yield the lines of the files as they are now, including files that are not committed."""
    for file in _git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if Path(file).is_file():
            text = Path(file).read_text(errors="replace")
            for number, line in enumerate(text.split("\n"), 1):
                yield file, line, f"{file}:{number}"


def _history() -> Iterator[tuple[str, str, str]]:
    """Yield the lines that a commit of any branch added."""
    form = ("--format=commit %h", "--unified=0", "--no-prefix", "--no-renames", "--no-ext-diff")
    commit = file = before = ""
    for line in _git("log", "--all", "--patch", "--diff-merges=separate", *form).split("\n"):
        if line.startswith("commit "):
            commit = line
        elif line.startswith("+++ ") and before.startswith("--- "):
            file = line[4:].rstrip("\t")  # that git puts after a name with a space
        elif line.startswith("+"):
            yield file, line[1:], f"{file} in {commit}"
        before = line


def _unknown(places: dict[str, dict[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the place and the kind of each possible secret that KNOWN does not name."""
    known = tomllib.loads(KNOWN.read_text())
    for file, secret in _scanned(places):
        if not any(
            file.startswith(where) and secret.secret_value in values
            for where, values in known.items()
        ):
            yield [*places[file].values()][secret.line_number - 1], secret.type


def _scanned(places: dict[str, dict[str, str]]) -> SecretsCollection:
    """Return the possible secrets by file; scan only files that the cache does not name."""
    cache = _cache()
    known = set(cache.read_text().split()) if cache.exists() else set()
    clean = list[str]()
    with tempfile.TemporaryDirectory() as folder, default_settings():
        found = SecretsCollection(root=folder)
        for file, lines in places.items():
            text = "\n".join(" ".join(line.splitlines()) for line in lines)
            digest = hashlib.sha256(f"{file}\n{text}".encode()).hexdigest()
            if digest not in known:
                copy = Path(folder, file)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(text)
                found.scan_file(file)
            if file not in found.files:
                clean.append(digest)
    cache.parent.mkdir(parents=True, exist_ok=True)
    new = cache.with_suffix(f".{os.getpid()}")
    new.write_text("\n".join(clean))
    new.replace(cache)
    return found


def _cache() -> Path:
    """Return the file of digests of clean files, for this scan and this release of its scanner."""
    scan = f"{version('detect-secrets')} {Path(__file__).read_text()}"
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    name = f"secrets-{hashlib.sha256(scan.encode()).hexdigest()[:16]}"
    return Path(folder, "totesys-warehouse", name)


def _is_shallow() -> bool:
    """Return whether commits are missing in this clone and the check requires them."""
    if _git("rev-parse", "--is-shallow-repository").strip() != "true":
        return False
    print("NOT CHECKED: secrets in the commits that this shallow clone leaves out")
    return os.environ.get("SAFETY_REQUIRED") == "1"


def _git(*arguments: str) -> str:
    command = ["git", "-c", "core.quotePath=false", *arguments]
    done = subprocess.run(  # nosec B603 # no shell, and no input of others
        command, capture_output=True, check=True
    )
    return done.stdout.decode(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
