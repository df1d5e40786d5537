"""The folder of a run: `run.json` with the digest of what is computed, and `tile-000000.npz`, one file a tile.

A tile is written to a temporary name, flushed to the disk and renamed, so that it is whole or not there; each carries
the digest of its run. Whatever stops a run (Ctrl-C, kill -9, a full disk, a cluster that goes away), the next one with
the same digest computes the missing tiles only. One run at a time holds the lock of the folder; the system gives the
lock back when its process ends, however it ends.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from capnode.runs.archive import is_whole
from capnode.whole_file import write_whole

try:
    import fcntl
except ModuleNotFoundError:  # not on this system
    fcntl = None  # type: ignore[assignment]

MANIFEST = "run.json"
LOCK = ".lock"
TILE = re.compile(r"tile-(\d{6,})\.npz")


def tile_name(index: int) -> str:
    return f"tile-{index:06d}.npz"


def manifest_bytes(digest: str, kind: str, description: dict[str, Any]) -> bytes:
    """`run.json` of runs that Python describes."""
    document = {"format": f"capnode-{kind} 1", "digest": digest, **description}
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def stored_digest(folder: Path) -> str | None:
    """The digest in a folder's `run.json`; None where there is no such file."""
    path = folder / MANIFEST
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OSError(error.errno, f"cannot read {path}: {error.strerror}") from None
    try:
        digest = json.loads(text)["digest"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path} is no description of a run; give an empty folder") from None
    return str(digest)


class RunFolder:
    """Open from construction to `close()`: a context manager.

    Raises ValueError where the folder belongs to another run (with both digests) or is in use, and OSError where it
    cannot be written. `manifest` writes `run.json` and what belongs to it into a fresh folder.
    """

    keeps = True

    def __init__(
        self, path: str | os.PathLike[str], digest: str, tiles: int, manifest: Callable[[Path], None] | bytes
    ) -> None:
        self.path = Path(path)
        self.digest = digest
        self.tiles = tiles
        self._lock: IO[bytes] | None = None
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OSError(error.errno, f"cannot make the folder {self.path}: {error.strerror}") from None
        self._refuse_another_run()
        self._take_lock()
        try:
            self._refuse_another_run()
            self._clear_temporaries()
            if callable(manifest):
                manifest(self.path)
            elif stored_digest(self.path) is None:
                write_whole(self.path / MANIFEST, manifest)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _refuse_another_run(self) -> None:
        found = stored_digest(self.path)
        if found is not None and found != self.digest:
            raise ValueError(
                f"{self.path} holds another run: its digest is {found}, that of this run {self.digest}; "
                "give another folder, or the arguments of that run"
            )
        if found is None and any(TILE.fullmatch(name) for name in os.listdir(self.path)):
            raise ValueError(f"{self.path} holds tiles but no {MANIFEST}; give another folder")

    def _take_lock(self) -> None:
        try:
            self._lock = open(self.path / LOCK, "ab")  # noqa: SIM115  (held until close)
        except OSError as error:
            raise OSError(error.errno, f"cannot write into the folder {self.path}: {error.strerror}") from None
        if fcntl is None:
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise ValueError(f"{self.path} is in use by a run that has not ended") from None
        except OSError:  # a file system without locks
            pass

    def _clear_temporaries(self) -> None:
        """What a killed run was writing."""
        for name in os.listdir(self.path):
            if name.startswith((".capnode-", ".tile-", f".{MANIFEST}-", ".ftle.npz-", ".classes.npz-")):
                (self.path / name).unlink(missing_ok=True)

    def tile_path(self, index: int) -> Path:
        return self.path / tile_name(index)

    def finished(self) -> list[int]:
        """The tiles that are there and whole; one that is damaged counts as missing and is computed again."""
        found = []
        for name in sorted(os.listdir(self.path)):
            match = TILE.fullmatch(name)
            if match is None:
                continue
            index = int(match[1])
            if index >= self.tiles:
                raise ValueError(f"{self.path / name}: the run has {self.tiles} tiles only")
            if is_whole(self.path / name):
                self._check_digest(self.path / name)
                found.append(index)
        return found

    def _check_digest(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as tile:
            found = bytes(tile["digest"]).decode("ascii", "replace") if "digest" in tile else "none"
        if found != self.digest:
            raise ValueError(f"{path} belongs to another run: its digest is {found}, that of this run {self.digest}")

    def write(self, index: int, data: bytes) -> None:
        write_whole(self.tile_path(index), data)

    def has(self, index: int) -> bool:
        return self.tile_path(index).exists()

    def read(self, index: int) -> bytes:
        return self.tile_path(index).read_bytes()

    def forget(self) -> None:
        """Removes all tiles."""
        for name in os.listdir(self.path):
            if TILE.fullmatch(name):
                (self.path / name).unlink()

    def __str__(self) -> str:
        return str(self.path)
