"""A store in a directory of this machine, with the guarantees of a bucket."""

import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from lake.errors import AlreadyExists, InvalidLake, LakeUnavailable, NotFound
from lake.store import STRAY, Body, Stored

UNFINISHED = ".unfinished"


class DirectoryStore:
    """A store whose objects are files.

    An object appears by an exclusive link to a file that is already complete and on the disk, so a
    crash never leaves a part of it.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()  # keys are compared with it, and Hadoop reads no ".."

    def put_new(self, key: str, body: Body) -> None:
        target = self._path(key)
        try:
            unfinished = self._write_unfinished(body)
            try:
                _make_folders(target.parent)
                _link_new(unfinished, target)
                _sync(target.parent)
            finally:
                unfinished.unlink()
        except OSError as refusal:
            raise self._unavailable("written", key, refusal) from refusal

    def get(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            raise NotFound(
                f"{self._path(key)} does not exist. To fix: restore the lake's files."
            ) from None
        except OSError as refusal:
            raise self._unavailable("read", key, refusal) from refusal

    def newest(self, prefix: str) -> str | None:
        try:
            with os.scandir(self._path(prefix)) as entries:
                names = (e.name for e in entries if e.name > STRAY and e.is_file())
                first = min(names, default=None)
        except FileNotFoundError:
            return None
        except OSError as refusal:
            raise self._unavailable("listed", prefix, refusal) from refusal
        return None if first is None else prefix + first

    def latest(self, prefix: str, count: int) -> list[str]:
        try:
            return list(islice(self._sorted(prefix), count))
        except OSError as refusal:
            raise self._unavailable("listed", prefix, refusal) from refusal

    def under(self, prefix: str) -> list[Stored]:
        folder = self._path(prefix)
        files = (path for path in folder.rglob("*") if path.is_file())
        visible = (path for path in files if not path.name.startswith("."))
        found = (self._stored(path) for path in visible)
        return sorted((stored for stored in found if stored), key=lambda stored: stored.key)

    def settle(self, key: str) -> None:
        path = self._path(key)
        try:
            _sync(path)
            for folder in path.relative_to(self._root).parents:
                _sync(self._root / folder)
        except OSError as refusal:
            raise self._unavailable("settled", key, refusal) from refusal

    def expire(self, keys: Iterable[str]) -> None:
        """Do nothing: a directory has no lifecycle rules."""

    def remove(self, keys: Iterable[str]) -> None:
        for key in keys:
            try:
                self._path(key).unlink(missing_ok=True)
            except OSError as refusal:
                raise self._unavailable("deleted", key, refusal) from refusal

    def prune(self, prefix: str, beyond: str) -> None:
        limit, _, _ = beyond.removeprefix(prefix).partition("/")
        try:
            with os.scandir(self._path(prefix)) as entries:
                expired = [entry.path for entry in entries if entry.name > limit and entry.is_dir()]
        except OSError as refusal:
            raise self._unavailable("listed", prefix, refusal) from refusal
        for folder in expired:
            shutil.rmtree(folder, ignore_errors=True)  # another writer may delete it too

    def uri(self, key: str) -> str:
        path = self._path(key)
        try:
            # as UTF-8 in every locale, and not percent-encoded: Hadoop would read %3D literally
            return f"file://{os.fsencode(path).decode('utf-8')}"
        except UnicodeDecodeError:
            raise InvalidLake(
                f"The folder {os.fsencode(path)!r} has a name that is not UTF-8, which Java cannot"
                " read. To fix: rename it."
            ) from None

    def _sorted(self, prefix: str) -> Iterator[str]:
        """Yield the keys under a folder in order. A folder is listed when its first key is due."""
        try:
            with os.scandir(self._path(prefix)) as entries:
                found = sorted((e.name, e.is_dir()) for e in entries if e.name > STRAY)
        except FileNotFoundError:
            return
        for name, is_folder in found:
            yield from self._sorted(f"{prefix}{name}/") if is_folder else [prefix + name]

    def _stored(self, path: Path) -> Stored | None:
        """Describe a file that was listed; None if another process has deleted it since."""
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        written_at = datetime.fromtimestamp(found.st_mtime, UTC)
        return Stored(path.relative_to(self._root).as_posix(), found.st_size, written_at)

    def _path(self, key: str) -> Path:
        path = Path(os.path.normpath(self._root / key))
        if not path.is_relative_to(self._root):
            raise InvalidLake(f"The key '{key}' is outside the lake {self._root}.")
        return path

    def _write_unfinished(self, body: Body) -> Path:
        path = new_unfinished(self._root)
        try:
            with path.open("xb") as file:
                if isinstance(body, bytes):
                    file.write(body)
                else:
                    body.seek(0)
                    shutil.copyfileobj(body, file, 1 << 20)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return path

    def _unavailable(self, done: str, key: str, refusal: OSError) -> LakeUnavailable:
        return LakeUnavailable(
            f"{self._root / key} cannot be {done}: {refusal.strerror or refusal}."
            " To fix: check the permissions and the free space of the lake's directory."
        )


def new_unfinished(root: Path) -> Path:
    """Return the path of a file that is not yet an object of the store in ``root``."""
    folder = root / UNFINISHED
    _make_folders(folder)
    return folder / uuid.uuid4().hex


def remove_unfinished(root: Path, before: datetime) -> None:
    """Remove the files of killed writers in the store in ``root``: those last written before a time
    that no running writer began before."""
    for path in (root / UNFINISHED).glob("*"):
        with suppress(FileNotFoundError):  # its writer has just ended
            if path.stat().st_mtime < before.timestamp():
                path.unlink()


def _link_new(unfinished: Path, target: Path) -> None:
    try:
        os.link(unfinished, target)
    except FileExistsError:
        raise AlreadyExists(f"{target} exists already and is never overwritten.") from None


def _make_folders(folder: Path) -> None:
    """Create the folder and its parents. Each is on the disk before it contains anything."""
    if not folder.is_dir():
        _make_folders(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync(folder.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
