"""NumPy archives (`.npz`) whose bytes depend on nothing but the arrays.

A zip without compression, all times 1980-01-01, entries in the given order: the bytes of cpp/src/dynamics/npz.hpp.
`write_archive` takes every array as pieces along its first axis, so that a file of any size is written in the memory of
one piece.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from capnode.whole_file import whole_file

EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Streamed:
    """An array that comes in pieces along its first axis."""

    dtype: Any
    shape: tuple[int, ...]
    pieces: Iterable[NDArray[Any]]


def _write_entries(file: IO[bytes], arrays: Mapping[str, NDArray[Any] | Streamed]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            if isinstance(array, Streamed):
                dtype, shape, pieces = np.dtype(array.dtype), array.shape, array.pieces
            else:
                whole = np.asarray(array)
                dtype, shape, pieces = whole.dtype, whole.shape, [whole]
            entry = zipfile.ZipInfo(name + ".npy", EPOCH)
            entry.create_system = 0
            size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
            with archive.open(entry, "w", force_zip64=size > 2**31 - 2**16) as out:
                header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(out, header)
                written = 0
                for piece in pieces:
                    part = np.ascontiguousarray(piece, dtype=dtype)
                    out.write(part.tobytes())
                    written += part.size
                if written != int(np.prod(shape, dtype=np.int64)):
                    raise ValueError(f"{name}: pieces of {written} numbers for the shape {shape}")
            entry.external_attr = 0


def archive_bytes(arrays: Mapping[str, NDArray[Any] | Streamed]) -> bytes:
    buffer = io.BytesIO()
    _write_entries(buffer, arrays)
    return buffer.getvalue()


def write_archive(path: str | os.PathLike[str], arrays: Mapping[str, NDArray[Any] | Streamed]) -> Path:
    """Writes the archive so that afterwards the file is complete or as it was before."""
    with whole_file(path) as file:
        _write_entries(file, arrays)
    return Path(path)


def is_whole(path: Path) -> bool:
    """A zip whose every entry has the checksum it should have."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (OSError, zipfile.BadZipFile, EOFError, ValueError):
        return False
