"""Files are complete or as they were; things made once for a run are kept for the last few."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from capnode.runs.recent import Recent
from capnode.whole_file import whole_file, write_whole


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    assert write_whole(path, b"first") == path

    def broken_off() -> None:
        with whole_file(path) as file:
            file.write(b"second")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        broken_off()
    assert path.read_bytes() == b"first"
    with whole_file(path) as file:
        file.write(b"sxcond")
        file.seek(1)
        file.write(b"e")
        assert path.read_bytes() == b"first"
    assert path.read_bytes() == b"second"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]
    with pytest.raises(OSError, match="cannot write"):
        write_whole(tmp_path / "none" / "a.txt", b"")


def test_recent_things_are_made_once() -> None:
    recent: Recent[list[int]] = Recent(2)
    made: list[str] = []

    def get(name: str) -> list[int]:
        return recent.get(name, lambda: made.append(name) or [len(made)])

    first = get("a")
    assert get("a") is first
    get("b")
    get("c")  # and "a" goes
    assert get("b") == [2]
    assert get("a") == [4]
    assert made == ["a", "b", "c", "a"]
    threads = [threading.Thread(target=get, args=("d",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made.count("d") == 1
