"""Decision boundaries: curves that are known exactly, the moons against 200 bits, and each hypothesis broken."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb

import capnode as cn
from capnode.classify import classifier
from classify_fields import DATA, LIFT, level, lifted, moons_field, moons_graph, moons_margin, moons_readout

BOX = [(-2.0, 2.0), (-2.0, 2.0)]


def piece(f: object, centre: object, axes: object, radii: object, value: float = 1.0) -> dict[str, object]:
    core, _ = classifier(lifted(f), level(value), 1.0, encoder=LIFT)
    found = core.boundary_piece(1, 0, np.array(centre), np.array(axes, dtype=float), np.array(radii))
    return dict(found)


def circle(x: object, y: object) -> object:
    return x * x + y * y  # type: ignore[operator]


def test_a_circle_is_one_closed_chain_and_nothing_else() -> None:
    found = cn.decision_boundary(lifted(circle), level(1.0), BOX, 1.0, encoder=LIFT, shape=(20, 20))
    assert found.proved, found.reason
    curve = found.require()
    assert [c.closed for c in curve.chains] == [True]
    assert curve.complete
    assert not curve.left_over.shape[0]
    assert curve.proper.all()
    line = curve.curve(0)
    assert np.abs(np.hypot(line[:, 0], line[:, 1]) - 1.0).max() < 1e-6
    assert abs(curve.length - 2.0 * np.pi) < 5e-2
    # the true curve crosses every frame inside of its strip, and its ends lie in `starts` and `ends`
    for n in range(len(curve)):
        c, T, r = (np.array(a[n]) for a in (curve.centres, curve.axes, curve.radii))
        for u in np.linspace(-r[0], r[0], 5):
            p, q = c + T[:, 0] * u, T[:, 1]
            roots = np.roots([q @ q, 2.0 * (p @ q), p @ p - 1.0])
            v = roots[np.argmin(np.abs(roots))]
            assert curve.strips.lo[n] - 1e-12 <= v <= curve.strips.hi[n] + 1e-12
            if abs(u) == r[0]:
                end = curve.starts if u < 0 else curve.ends
                assert end.lo[n] - 1e-12 <= v <= end.hi[n] + 1e-12
    assert "closed curve" in curve.statement()
    assert "no other point" in curve.statement()


def test_two_lines_run_from_border_to_border() -> None:
    found = cn.decision_boundary(lifted(lambda x, y: x * x), level(1.0), BOX, 1.0, encoder=LIFT, shape=(10, 10))
    curve = found.require()
    assert sorted(c.closed for c in curve.chains) == [False, False]
    assert all(c.proved for c in curve.chains)
    for n, chain in enumerate(curve.chains):
        line = curve.curve(n)
        assert np.abs(np.abs(line[:, 0]) - 1.0).max() < 1e-6
        assert line[:, 1].min() <= -2.0
        assert line[:, 1].max() >= 2.0
        assert chain.verdict is cn.Verdict.proved


def test_where_lines_cross_nothing_is_proved_and_the_place_is_named() -> None:
    result = cn.classify(lifted(lambda x, y: x * y), level(0.0), BOX, (9, 9), 1.0, encoder=LIFT).boundary(depth=7)
    assert not result.proved
    curve = result.value
    assert curve is not None
    assert not curve.complete
    left = curve.left_over
    assert left.shape[0] > 0
    assert np.abs(left.mid).max() < 0.05  # only about the crossing at 0
    assert "neither away" in result.detail
    assert any(not c.proved and c.detail for c in curve.chains)


def test_no_boundary_at_all() -> None:
    found = cn.decision_boundary(lifted(circle), level(100.0), BOX, 1.0, encoder=LIFT, shape=(4, 4)).require()
    assert len(found) == 0
    assert not found.chains
    assert "There is no point" in found.statement()


def test_three_classes_meet_in_a_point_and_third_classes_are_told() -> None:
    grow = cn.Field(lifted(lambda x, y: 0.0 * x).core)
    angles = np.pi / 2.0 + 2.0 * np.pi * np.arange(3) / 3.0
    read = cn.readout(np.stack([np.cos(angles), np.sin(angles), 0.0 * angles], axis=1), np.array([0.1, 0.0, 0.0]))
    cells = cn.classify(grow, read, BOX, (16, 16), 1.0, encoder=LIFT)
    with pytest.raises(ValueError, match="3 classes"):
        cells.boundary()
    found = cells.boundary((1, 2))  # the line z1 = 0, on which class 0 wins above the meeting point
    assert found.proved, found.reason
    curve = found.require()
    (line,) = (curve.curve(n) for n in range(len(curve.chains)))
    assert np.abs(line[:, 0]).max() < 1e-9
    top = curve.centres[:, 1] + curve.radii[:, 0]
    assert not curve.proper[curve.centres[:, 1] - curve.radii[:, 0] > 0.3].any()
    assert curve.proper[top < -0.3].all()


# ---- each hypothesis of a piece broken ---------------------------------------------------------------------------

ALONG = [0.0, 1.0, 1.0, 0.0]  # u along the second axis, v along the first: at (1, 0) the circle runs along u


def test_the_piece_that_all_others_break() -> None:
    found = piece(circle, [1.0, 0.0], ALONG, [0.1, 0.05])
    assert found["proved"]
    value = found["value"]
    assert value["lo"][0, 0] <= np.sqrt(1.0 - 0.01) - 1.0 <= value["hi"][0, 0]


def test_off_the_curve() -> None:
    found = piece(circle, [1.2, 0.0], ALONG, [0.1, 0.05])
    assert (found["proved"], found["verdict"]) == (False, "inclusion_failed")


def test_the_arc_leaves_through_the_side() -> None:
    assert piece(circle, [1.0, 0.0], ALONG, [0.4, 0.05])["verdict"] == "inclusion_failed"


def test_u_runs_across_the_curve() -> None:
    found = piece(circle, [1.0, 0.0], [1.0, 0.0, 0.0, 1.0], [0.05, 0.05])
    assert found["verdict"] == "singular"


def test_two_more_zeros_across() -> None:
    """m = v - 40 v^3 has the zeros 0 and +-0.158."""
    found = piece(lambda x, y: x - 40.0 * x * x * x, [0.0, 0.0], ALONG, [0.1, 0.2], value=0.0)
    assert not found["proved"]
    held = {name: holds for name, *_, holds in found["evidence"]}  # type: ignore[attr-defined]
    assert not all(held.values())
    assert piece(lambda x, y: x - 40.0 * x * x * x, [0.0, 0.0], ALONG, [0.1, 0.02], value=0.0)["proved"]


def test_a_frame_needs_two_radii_and_two_classes() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        piece(circle, [1.0, 0.0], ALONG, [0.1, 0.0])
    core, _ = classifier(lifted(circle), level(1.0), 1.0, encoder=LIFT)
    with pytest.raises(ValueError, match="1 and 1 of 2"):
        core.boundary_piece(1, 1, np.zeros(2), np.eye(2).ravel(), np.ones(2))


# ---- the moons ---------------------------------------------------------------------------------------------------


def check_moons(box: list[tuple[float, float]], shape: tuple[int, int], samples: int, seed: int) -> None:
    field, read = moons_field(), moons_readout()
    cells = cn.classify(field, read, box, shape, 10.0)
    result = cells.boundary()
    assert result.proved, result.reason
    curve = result.require()
    assert [(c.closed, c.proved) for c in curve.chains] == [(False, True)]
    moons, rng = moons_graph(), np.random.default_rng(seed)
    for n in rng.integers(0, len(curve), samples):
        c, T, r = (np.array(a[n]) for a in (curve.centres, curve.axes, curve.radii))
        u = float(rng.uniform(-r[0], r[0]))
        signs = []
        for v in (curve.strips.lo[n], curve.strips.hi[n]):
            z = [arb(c[j]) + arb(T[j, 0]) * arb(u) + arb(T[j, 1]) * arb(float(v)) for j in (0, 1)]
            signs.append(moons_margin(z, moons, read))
        across = curve.derivatives.lo[n, 1]
        assert (signs[0] < 0 and signs[1] > 0) if across > 0 else (signs[0] > 0 and signs[1] < 0)
    for n in rng.integers(0, len(cells), samples):
        if cells.proved_class[n] >= 0:
            z = rng.uniform(cells.boxes.lo[n], cells.boxes.hi[n])
            margin = moons_margin(z.tolist(), moons, read)
            assert bool(margin > 0) == (cells.proved_class[n] == 0)
            assert cells.class_of(z)[0] == cells.proved_class[n]


def test_moons_on_a_part_of_the_plane() -> None:
    check_moons([(0.45, 0.75), (0.0, 0.3)], (10, 10), 2, 0)


@pytest.mark.long
def test_a_boundary_through_ten_dimensions() -> None:
    with np.load(DATA / "moons_r10_encoder.npz") as file:
        encoder = (file["weight"], file["bias"])
    field, read = cn.Field.load(DATA / "moons_r10.capnode"), cn.Readout.load(DATA / "moons_r10_readout.npz")
    cells = cn.classify(field, read, [(-0.05, 0.05), (0.8, 0.9)], (20, 20), 10.0, encoder=encoder, depth=1)
    curve = cells.boundary().require()
    (chain,) = curve.chains
    assert not chain.closed
    for n in (0, len(curve) // 2, len(curve) - 1):  # the two sides of a strip get two classes
        c, T = curve.centres[n], curve.axes[n]
        sides = [c + T[:, 1] * (1.01 * v) for v in (curve.strips.lo[n] - 1e-9, curve.strips.hi[n] + 1e-9)]
        assert sorted(cells.class_of(sides)) == [0, 1]


@pytest.mark.long
def test_moons_on_all_of_the_published_plane() -> None:
    check_moons(BOX, (100, 100), 25, 1)
