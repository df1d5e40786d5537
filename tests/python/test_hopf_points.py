"""`hopf_points` as a function: arguments, what it reports, duplicates, interruption."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest

from capnode import _core
from capnode.field import Field
from capnode.hopf import HopfSearch, hopf_points
from capnode.parallel import Stop, map_parallel
from capnode.search.hopf_search import SearchOptions


def diagonal_field(M: Any, b: Any = None, *, radius: float = 0.0, function: str = "tanh") -> Field:
    n = len(M)
    f = _core.FieldBuilder(n, 1, False)
    x, p = f.state(), f.parameter()
    wx = f.affine(x, M, np.full((n, n), radius) if radius else None, b, None)
    z = f.add(wx, f.multiply(f.gather(p, [0] * n), x))
    return Field(f.build(f.apply(function, z)))


def leaky_field(W: Any, b: Any) -> Field:
    n = len(W)
    f = _core.FieldBuilder(n, 1, False)
    x, p = f.state(), f.parameter()
    wx = f.affine(f.apply("tanh", x), W, None, b, None)
    return Field(f.build(f.subtract(wx, f.multiply(f.gather(p, [0] * n), x))))


def nearly_skew(n: int, seed: int = 80) -> Any:
    rng = np.random.default_rng(seed)
    R1, R2 = rng.standard_normal((n, n)), rng.standard_normal((n, n))
    return R1 - R1.T + 0.1 * R2


def small_leaky(n: int = 8) -> Field:
    rng = np.random.default_rng(3)
    return leaky_field(0.5 * np.eye(n) + nearly_skew(n) / np.sqrt(n), 0.2 * rng.standard_normal(n))


# ---- arguments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        ({"span": (0.5, 0.5)}, ("0.5",)),
        ({"span": (1.0, -2.0)}, ("1.0", "-2.0")),
        ({"span": (0.0, float("nan"))}, ("0.0", "nan")),
        ({"span": (0.0, float("inf"))}, ("inf",)),
        ({"span": (0.0, 1.0, 2.0)}, ("2.0",)),
        ({"span": 3.0}, ("3.0",)),
        ({"span": (0.0, 1.0), "near": np.zeros(5)}, ("5", "6")),
        ({"span": (0.0, 1.0), "near": [0.0, 0.0, float("nan"), 0.0, 0.0, 0.0]}, ("2", "nan")),
        ({"span": (0.0, 1.0), "method": "fast"}, ("fast",)),
        ({"span": (0.0, 1.0), "threads": 0}, ("1", "0")),
    ],
)
def test_bad_arguments_are_value_errors_with_the_numbers(arguments: dict[str, Any], numbers: tuple[str, ...]) -> None:
    with pytest.raises(ValueError) as error:
        hopf_points(diagonal_field(nearly_skew(6)), **arguments)
    for number in numbers:
        assert number in str(error.value)


def test_fields_without_exactly_one_parameter_are_refused() -> None:
    f = _core.FieldBuilder(2, 0, False)
    with pytest.raises(ValueError, match="exactly 1 parameter, this one has 0"):
        hopf_points(Field(f.build(f.state())), (0.0, 1.0))
    f = _core.FieldBuilder(2, 2, False)
    with pytest.raises(ValueError, match="exactly 1 parameter, this one has 2"):
        hopf_points(Field(f.build(f.add(f.state(), f.parameter()))), (0.0, 1.0))


def test_the_diagonal_method_says_why_a_field_is_not_of_the_family() -> None:
    with pytest.raises(ValueError, match="not of the diagonal family: "):
        hopf_points(small_leaky(), (0.0, 1.0), method="diagonal")


# ---- results ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def general() -> HopfSearch:
    return hopf_points(small_leaky(), (0.2, 0.8))


def test_results_are_sorted_and_every_candidate_has_an_outcome(general: HopfSearch) -> None:
    assert general.method == "general"
    assert len(general.points) >= 2
    parameters = [float(p.parameter.mid) for p in general.points]
    assert parameters == sorted(parameters)
    assert all(c.outcome.startswith(("proved", "not proved", "rejected", "duplicate")) for c in general.candidates)
    assert {c.index for c in general.candidates if c.index is not None} == set(range(len(general)))
    assert isinstance(general[0:2], tuple)
    assert general[-1] is list(general)[-1]
    assert not general.complete
    assert "does not exclude" in general.why_incomplete


def test_summary_table_and_json(general: HopfSearch) -> None:
    from rich.console import Console

    page = io.StringIO()
    Console(width=160, file=page).print(general)
    text = page.getvalue()
    assert "first Lyapunov coefficient" in text
    assert f"{len(general.points)} Hopf points proved" in general.summary()
    data = json.loads(general.to_json())
    assert len(data["points"]) == len(general)
    for entry, result in zip(data["points"], general, strict=True):
        assert entry["parameter"] == [float(result.require().parameter.lo), float(result.require().parameter.hi)]


def test_points_are_hopf_points_of_the_field(general: HopfSearch) -> None:
    """An oracle of another kind: at the middle of the enclosure numpy sees an equilibrium with eigenvalues +-i w."""
    for point in general.points:
        x, p, w = point.state.mid, float(point.parameter.mid), float(point.frequency.mid)
        assert np.max(np.abs(general.field(x, p))) < 1e-12
        values = np.linalg.eigvals(general.field.jacobian(x, p))
        assert np.min(np.abs(values - 1j * w)) < 1e-9
        assert np.count_nonzero(values.real > 1e-9) == point.unstable_dimension


def test_a_point_found_twice_is_one_point_by_proof() -> None:
    """A start at the equilibrium itself and a finer grid find the same curve again; duplicates are named."""
    field = small_leaky()
    coarse = hopf_points(field, (0.2, 0.8), options=SearchOptions(grid=3))
    fine = hopf_points(field, (0.2, 0.8), near=coarse.points[0].state.mid, options=SearchOptions(grid=17, seed=5))
    assert len(coarse) == len(fine)
    for a, b in zip(coarse.points, fine.points, strict=True):
        assert a.same_as(b) == "same"
    for i, a in enumerate(coarse.points):
        for b in coarse.points[i + 1 :]:
            assert a.same_as(b) == "different"


def test_pitchfork_branches_are_followed() -> None:
    """x' = -p x + W tanh x has the equilibrium 0 for every p and two more below a pitchfork."""
    W = np.array([[2.0, 0.0, 0.0], [0.0, 0.5, -1.0], [0.0, 1.0, 0.5]])
    search = hopf_points(leaky_field(W, np.zeros(3)), (0.3, 2.5))
    [first] = [p for p in search.points if np.max(np.abs(p.state.mid)) < 1e-9]
    assert abs(float(first.parameter.mid) - 0.5) < 1e-12
    others = [p for p in search.points if np.max(np.abs(p.state.mid)) > 0.1]
    assert len(others) == 2
    assert {p.unstable_dimension for p in others} == {0}


def test_a_span_without_points() -> None:
    search = hopf_points(diagonal_field(nearly_skew(6)), (3.0, 4.0))
    assert len(search) == 0
    assert search.complete
    assert "0 Hopf points proved" in search.summary()


def test_a_parameter_at_the_end_of_the_span_is_not_decided() -> None:
    field = diagonal_field(nearly_skew(6))
    points = hopf_points(field, (-5.0, 5.0)).points
    end = float(points[1].parameter.mid)
    search = hopf_points(field, (-5.0, end))
    assert len(search) == 2
    assert not search.complete
    assert "border" in search.why_incomplete


def test_progress_reaches_its_end() -> None:
    seen: dict[str, tuple[int, int]] = {}
    hopf_points(small_leaky(), (0.2, 0.8), progress=lambda stage, done, total: seen.__setitem__(stage, (done, total)))
    assert {"equilibria", "crossings", "proofs"} <= set(seen)
    assert all(done == total for done, total in seen.values())


def test_one_thread_and_many_give_the_same() -> None:
    field = small_leaky()
    one, four = (hopf_points(field, (0.2, 0.8), threads=k) for k in (1, 4))
    assert [p.parameter.lo for p in one.points] == [p.parameter.lo for p in four.points]


def test_several_searches_at_once() -> None:
    field = diagonal_field(nearly_skew(20))
    found = map_parallel(lambda _: hopf_points(field, (-1.0, 1.0)), range(8), threads=4)
    assert len({tuple(float(p.parameter.lo) for p in s.points) for s in found if s is not None}) == 1


# ---- interruption ----------------------------------------------------------------------------------------------------


def test_a_stop_keeps_what_is_finished() -> None:
    stop = Stop()
    done: list[int] = []

    def work(k: int) -> int:
        time.sleep(0.02)
        return k

    def on_done(count: int) -> None:
        done.append(count)
        if count >= 3:
            stop.request()

    results = map_parallel(work, range(50), threads=2, stop=stop, on_done=on_done)
    finished = [r for r in results if r is not None]
    assert 3 <= len(finished) <= 6
    assert results[: len(finished)] == list(range(len(finished)))


def test_an_error_of_a_task_is_raised() -> None:
    def work(k: int) -> int:
        raise KeyError(k)

    with pytest.raises(KeyError):
        map_parallel(work, range(3), threads=2)


SCRIPT = """
import os, signal, sys, threading, time
import numpy as np
sys.path.insert(0, {tests!r})
from test_hopf_points import leaky_field, nearly_skew
from capnode.hopf import hopf_points
n = 60
field = leaky_field(0.5 * np.eye(n) + nearly_skew(n) / np.sqrt(n), 0.1 * np.ones(n))
stages = []
def progress(stage, done, total):
    if stage == {stage!r} and done >= 1 and not stages:
        stages.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)
        if {twice}:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.5)
search = hopf_points(field, (0.1, 0.8), progress=progress, threads=2)
print(search.interrupted, time.perf_counter() - stages[0], len(search.points), len(search))
print({{r.verdict.value for r in search if not r.proved}})
"""


def run_script(stage: str, *, twice: bool) -> subprocess.CompletedProcess[str]:
    source = SCRIPT.format(tests=os.path.dirname(__file__), stage=stage, twice=twice)
    return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=120, check=False)


def test_ctrl_c_stops_soon_and_keeps_finished_proofs() -> None:
    result = run_script("proofs", twice=False)
    assert result.returncode == 0, result.stderr
    interrupted, seconds, proved, total = result.stdout.split("\n")[0].split()
    assert interrupted == "True"
    assert float(seconds) < 5.0
    assert 1 <= int(proved) < int(total)
    assert "interrupted" in result.stdout


def test_ctrl_c_in_the_search() -> None:
    result = run_script("crossings", twice=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("True")


def test_a_second_ctrl_c_exits_at_once() -> None:
    result = run_script("proofs", twice=True)
    assert result.returncode == 130
    assert result.stdout == ""


def test_a_handler_of_the_program_is_left_alone() -> None:
    def mine(number: int, frame: Any) -> None: ...

    old = signal.signal(signal.SIGINT, mine)
    try:
        hopf_points(diagonal_field(nearly_skew(6)), (-1.0, 1.0))
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, old)


def test_outside_the_main_thread() -> None:
    out: list[HopfSearch] = []
    thread = threading.Thread(target=lambda: out.append(hopf_points(diagonal_field(nearly_skew(6)), (-5.0, 5.0))))
    thread.start()
    thread.join()
    assert len(out[0].points) == 3
