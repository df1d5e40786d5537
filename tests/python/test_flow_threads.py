"""Threads over lanes: the same answer bit by bit, errors and stops from any of them."""

from __future__ import annotations

import time

import numpy as np
import pytest

import capnode as cn
from capnode import _core
from flow_fields import lorenz, scalar_field


@pytest.mark.parametrize("threads", [2, 3, 0])
def test_threads_change_nothing(threads: int) -> None:
    x0 = np.random.default_rng(4).uniform(-3, 3, (53, 3))
    alone = cn.integrate(lorenz(), x0, 1.0, derivative=True).require()
    shared = cn.integrate(lorenz(), x0, 1.0, derivative=True, threads=threads).require()
    for name in ("final", "derivative"):
        one, other = getattr(alone, name), getattr(shared, name)
        assert (one.lo == other.lo).all()
        assert (one.hi == other.hi).all()
    assert (alone.steps == shared.steps).all()


@pytest.mark.parametrize("degree", [None, 3])
def test_wide_sets_and_layers_on_threads(degree: int | None) -> None:
    """Taylor models are dealt out set by set, chosen or asked for; layers in blocks."""
    centres = np.random.default_rng(6).uniform(-3, 3, (21, 3))
    sets = cn.interval(centres - 0.05, centres + 0.05)
    layers = cn.layered([(lorenz(), 0.15), (lorenz(), 0.1)])
    for field, end in ((lorenz(), 0.25), (layers, None)):
        alone = cn.integrate(field, sets, end, set_degree=degree).require()
        shared = cn.integrate(field, sets, end, set_degree=degree, threads=2).require()
        assert (alone.final.lo == shared.final.lo).all()
        assert (alone.final.hi == shared.final.hi).all()
        assert (alone.steps == shared.steps).all()
    x0 = np.random.default_rng(6).uniform(-3, 3, (40, 3))
    alone = cn.integrate(layers, x0, derivative=True).require()
    shared = cn.integrate(layers, x0, derivative=True, threads=3).require()
    assert (alone.derivative.lo == shared.derivative.lo).all()
    assert (alone.derivative.hi == shared.derivative.hi).all()


def test_maps_on_threads() -> None:
    x0 = np.random.default_rng(6).uniform(-3, 3, (21, 3))
    alone = cn.iterate(cn.euler_map(lorenz(), 0.01), x0, 40, derivative=True).require()
    shared = cn.iterate(cn.euler_map(lorenz(), 0.01), x0, 40, derivative=True, threads=2).require()
    for name in ("final", "derivative"):
        one, other = getattr(alone, name), getattr(shared, name)
        assert (one.lo == other.lo).all()
        assert (one.hi == other.hi).all()
    with pytest.raises(ValueError, match="threads must be at least 0, not -2"):
        cn.iterate(cn.euler_map(lorenz(), 0.01), x0, 40, threads=-2)


def test_lanes_that_fail_do_so_in_their_place() -> None:
    blow_up = scalar_field(1, 0, lambda x: [x * x])
    x0 = np.linspace(-1.0, 2.0, 40)[:, None]
    found = cn.integrate(blow_up, x0, 1.0, threads=3)
    assert not found.proved
    assert found.value.proved[x0[:, 0] < 0.9].all()
    assert not found.value.proved[x0[:, 0] > 1.01].any()


def test_progress_that_raises_stops_every_thread() -> None:
    def raising(*_: object) -> None:
        raise RuntimeError("enough")

    x0 = np.random.default_rng(4).uniform(-3, 3, (4000, 3))
    with pytest.raises(RuntimeError, match="enough"):
        cn.integrate(lorenz(), x0, 20.0, threads=2, progress=raising)
    with pytest.raises(ValueError, match="threads"):
        cn.integrate(lorenz(), x0, 1.0, threads=-1)


def test_long_steps_listen_on_the_way() -> None:
    n = 500
    rng = np.random.default_rng(0)
    builder = _core.FieldBuilder(n, 0, False)
    x = builder.state()
    for _ in range(3):
        x = builder.apply("tanh", builder.affine(x, 1.5 * rng.standard_normal((n, n)) / np.sqrt(n)))
    field = builder.build(x)
    told: list[float] = []

    def stop(share: float) -> None:
        told.append(time.monotonic())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _core.integrate(field, np.zeros((1, n)), duration=1.0, derivative=True, progress=stop)
    assert time.monotonic() - told[0] < 1.0
    start = time.monotonic()
    late = _core.integrate(field, np.zeros((1, n)), duration=1.0, derivative=True, max_seconds=0.1)
    assert late["verdicts"] == ["interrupted"]
    assert time.monotonic() - start < 1.5


def test_one_trajectory_shares_out_its_tangents() -> None:
    n = 200
    rng = np.random.default_rng(3)
    builder = _core.FieldBuilder(n, 0, False)
    weight = 1.5 * rng.standard_normal((n, n)) / np.sqrt(n)
    field = builder.build(builder.apply("tanh", builder.affine(builder.state(), weight)))
    x0 = 0.3 * np.cos(np.arange(n) + 1)
    alone, shared = (
        _core.integrate(field, x0[None], duration=0.25, derivative=True, threads=threads) for threads in (1, 2)
    )
    for name in ("final", "derivative"):
        assert all((a == b).all() for a, b in zip(alone[name], shared[name], strict=True))
    # and the columns are where they belong
    plain = _core.plain_flow(field, x0[None], duration=0.25, derivative=True)["derivative"].reshape(n, n)
    lo, hi = (end[0] for end in alone["derivative"])
    assert np.abs((lo + hi) / 2 - plain).max() < 1e-12
    assert (hi - lo).max() < 1e-9
