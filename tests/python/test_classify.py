"""Class maps: what cells claim, against points and closed forms; refinement, budgets, what is refused, files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import capnode as cn
from classify_fields import DATA, LIFT, level, lifted, moons_field, moons_readout
from flow_fields import scalar_field

BOX = [(-2.0, 2.0), (-2.0, 2.0)]


def test_cells_of_a_disc() -> None:
    found = cn.classify(lifted(lambda x, y: x * x + y * y), level(1.0), BOX, (10, 20), 1.0, encoder=LIFT, depth=3)
    assert found.shape == (10, 20)
    lo, hi = found.boxes.lo, found.boxes.hi
    assert np.isclose(found.areas.sum(), 16.0)
    far = np.hypot(*np.maximum(abs(lo), abs(hi)).T)
    near = np.hypot(*np.maximum(0.0, np.maximum(lo, -hi)).T)
    assert (far[found.proved_class == 0] <= 1.0).all()
    assert (near[found.proved_class == 1] >= 1.0).all()
    assert found.classes[(near < 1.0) & (far > 1.0)].all()
    assert found.decided > 0.95
    assert set(found.counts) == {"proved", "too_wide"}
    finest = (hi - lo)[found.proved_class < 0]
    assert np.allclose(finest, [4.0 / 10 / 8, 4.0 / 20 / 8])  # only what was quartered to the end is open


def test_a_class_that_is_beaten_throughout_is_not_reached() -> None:
    """Three classes by x3 = z1: s = (-x3, 0, x3 - 10); class 2 is nowhere the largest, and no cell claims it."""
    read = cn.readout(np.array([[0, 0, -1.0], [0, 0, 0], [0, 0, 1.0]]), np.array([0.0, 0.0, -10.0]))
    found = cn.classify(lifted(lambda x, y: x * 1.0), read, BOX, (8, 8), 1.0, encoder=LIFT)
    assert not found.classes[:, 2].any()
    left = found.boxes.hi[:, 0] < 0.0
    assert (found.proved_class[left] == 0).all()
    assert (found.proved_class[found.boxes.lo[:, 0] > 0.0] == 1).all()


def test_the_budget_and_the_depth_end_refinement() -> None:
    field, read = lifted(lambda x, y: x * x + y * y), level(1.0)
    coarse = cn.classify(field, read, BOX, (10, 10), 1.0, encoder=LIFT, depth=0)
    assert (len(coarse), coarse.integrated, coarse.out_of_budget) == (100, 100, False)
    some = cn.classify(field, read, BOX, (10, 10), 1.0, encoder=LIFT, depth=5, budget=200)
    assert some.out_of_budget
    assert some.integrated <= 200
    assert np.isclose(some.areas.sum(), 16.0)


def test_cells_where_the_flow_blows_up_say_so() -> None:
    """x' = x^2 from x > 1/2 is gone before t = 2; the other cells are classified."""
    field = scalar_field(2, 0, lambda x, y: [x * x, 0.0 * y])
    read = cn.readout(np.array([[0.0, 0.0], [0.0, 1.0]]))
    found = cn.classify(field, read, [(0.0, 1.0), (0.1, 1.0)], (10, 3), 2.0, depth=1)
    lost = found.boxes.lo[:, 0] >= 0.5
    assert set(found.verdicts[lost]) == {cn.Verdict.unbounded}
    assert found.classes[lost].all()
    assert (found.proved_class[found.boxes.hi[:, 0] <= 0.4] == 1).all()


def test_points_and_cells_of_the_moons() -> None:
    data = np.load(DATA / "moons_train.npz")
    found = cn.classify(moons_field(), moons_readout(), BOX, (16, 16), 10.0, depth=1)
    keep = (np.abs(data["points"]) <= 2.0).all(axis=1)
    assert (found.class_of(data["points"]) == data["classes"]).all()
    own = found.proved_class[found.at(data["points"][keep])]
    assert ((own == -1) | (own == data["classes"][keep])).all()


def test_threads_and_lanes_do_not_change_a_bit() -> None:
    field, read = moons_field(), moons_readout()
    one = cn.classify(field, read, BOX, (16, 16), 10.0, depth=1)
    two = cn.classify(field, read, BOX, (16, 16), 10.0, depth=1, threads=2)
    assert np.array_equal(one.classes, two.classes)
    assert np.array_equal(one.boxes.lo, two.boxes.lo)


def test_layers_and_the_euler_network_classify_the_training_points() -> None:
    data = np.load(DATA / "moons_train.npz")
    points = data["points"][:40]
    layers = cn.layered([(cn.Field.load(DATA / f"moons_layered_{k}.capnode"), 2.0) for k in range(1, 6)])
    read = cn.Readout.load(DATA / "moons_layered_readout.npz")
    small = [(0.0, 0.01), (0.0, 0.01)]
    assert (cn.classify(layers, read, small, (1, 1)).class_of(points) == data["classes"][:40]).all()
    euler = cn.euler_map(moons_field(), 0.1)
    found = cn.classify(euler, moons_readout(), small, (1, 1), 100)
    assert (found.class_of(points) == data["classes"][:40]).all()
    with np.load(DATA / "moons_r10_encoder.npz") as encoder:
        enter = (encoder["weight"], encoder["bias"])
    ten, out = cn.Field.load(DATA / "moons_r10.capnode"), cn.Readout.load(DATA / "moons_r10_readout.npz")
    found = cn.classify(ten, out, small, (1, 1), 10.0, encoder=enter)
    assert (found.class_of(points) == data["classes"][:40]).all()


def test_a_time_that_no_cut_of_the_layers_meets_is_refused() -> None:
    """Statements about the time t are not about the next double behind it."""
    field, read = moons_field(), moons_readout()
    layers = cn.layered([(field, np.nextafter(0.1, 1.0)), (field, 1.0)])
    with pytest.raises(ValueError, match=r"no double ends the last layer at t = 0\.25"):
        cn.classify(layers, read, BOX, (1, 1), 0.25)
    with pytest.raises(ValueError, match=r"no double ends the last layer at t = 0\.25"):
        cn.ftle(layers, BOX, (1, 1), 0.25)
    with pytest.raises(ValueError, match=r"no double ends the last layer at t = 0\.25"):
        cn.robust_radius(layers, read, [0.0, 0.0], 0.25)
    binary = cn.layered([(field, 0.125), (field, 1.0)])
    assert len(cn.classify(binary, read, BOX, (1, 1), 0.25, depth=0)) == 1


def test_a_map_is_saved_bit_for_bit_and_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    found = cn.classify(lifted(lambda x, y: x * x + y * y), level(1.0), BOX, (12, 12), 1.0, encoder=LIFT)
    again = cn.ClassMap.load(found.save(tmp_path / "map.npz"))
    assert np.array_equal(again.classes, found.classes)
    assert np.array_equal(again.boxes.lo, found.boxes.lo)
    assert again.counts == found.counts
    with pytest.raises(ValueError, match="from a file"):
        again.boundary()
    with pytest.raises(ValueError, match="from a file"):
        again.class_of([[0.0, 0.0]])
    boundary = found.boundary()
    axes = found.plot(boundary=boundary, points=[[0.0, 0.0], [1.5, 1.5]], labels=[0, 1])
    assert axes.lines
    assert boundary.require().plot().lines
    (tmp_path / "else.npz").write_bytes((DATA / "moons_train.npz").read_bytes())
    with pytest.raises(ValueError, match="no class map"):
        cn.ClassMap.load(tmp_path / "else.npz")


def test_refusals_name_both_numbers() -> None:
    field, read = moons_field(), moons_readout()
    with pytest.raises(ValueError, match=r"from 2 to -2"):
        cn.classify(field, read, [(2.0, -2.0), (0.0, 1.0)], (4, 4), 1.0)
    with pytest.raises(ValueError, match=r"from 1 to 1"):
        cn.classify(field, read, [(0.0, 1.0), (1.0, 1.0)], (4, 4), 1.0)
    with pytest.raises(ValueError, match="at least 1, not 0"):
        cn.classify(field, read, BOX, (4, 0), 1.0)
    with pytest.raises(ValueError, match=r"t = 0\.0 and t0 = 0\.0"):
        cn.classify(field, read, BOX, (4, 4), 0.0)
    with pytest.raises(ValueError, match="width 3, the field dimension 2"):
        cn.classify(field, cn.readout(np.zeros((2, 3))), BOX, (4, 4), 1.0)
    with pytest.raises(ValueError, match="encoder"):
        cn.classify(lifted(lambda x, y: x * y), level(1.0), BOX, (4, 4), 1.0)
    with pytest.raises(ValueError, match="classes 0 and 5 of 2"):
        cn.classify(field, read, [(0.0, 0.1), (0.0, 0.1)], (1, 1), 1.0).boundary((0, 5))
    with pytest.raises(ValueError, match="outside"):
        cn.classify(field, read, [(0.0, 0.1), (0.0, 0.1)], (1, 1), 1.0).at([[1.0, 0.0]])
    with pytest.raises(ValueError, match="longest"):
        cn.classify(field, read, [(0.0, 0.1), (0.0, 0.1)], (1, 1), 1.0).boundary(longest=0.0)


def test_classes_that_are_equal_everywhere() -> None:
    """They are said at once, and no cell is quartered for them."""
    field, readout = lifted(lambda x, y: x * x + y * y), level(1.0)
    twice = cn.Readout(np.vstack([readout.weight, readout.weight[1]]), np.append(readout.bias, readout.bias[1]))
    assert twice.ties == ((1, 2),)
    assert readout.ties == ()
    plain = cn.classify(field, readout, BOX, (8, 8), 1.0, encoder=LIFT, depth=3)
    found = cn.classify(field, twice, BOX, (8, 8), 1.0, encoder=LIFT, depth=3)
    assert found.integrated == plain.integrated  # those of class 1, decided before, are now the tied ones
    assert found.counts["tied"] == (plain.proved_class == 1).sum()
    tied = found.verdicts == cn.Verdict.tied
    assert (found.classes[tied] == [False, True, True]).all()
    assert np.array_equal(found.proved_class == 0, plain.proved_class == 0)
    assert "equal everywhere: 1, 2" in repr(found)
    assert found.to_dict()["ties"] == [[1, 2]]
    with pytest.raises(ValueError, match="classes 1 and 2 have the same readout row and bias"):
        found.boundary((1, 2))
    curve = found.boundary((0, 1)).require()
    assert len(curve) == len(plain.boundary().require())
    assert not curve.proper.any()
    other = cn.Readout(twice.weight, np.add(twice.bias, [0.0, 0.0, 2.0**-40]))  # nearly is not exactly
    assert other.ties == ()
    same = cn.Readout([[0.0, 1.0, 2.0], [-0.0, 1.0, 2.0]])
    assert same.ties == ((0, 1),)
    for options in ({}, {"executor": "threads"}):
        with pytest.raises(ValueError, match="classes 0 and 1 have the same readout row and bias"):
            cn.classify(field, same, BOX, (8, 8), 1.0, encoder=LIFT, **options)
    with pytest.raises(ValueError, match="classes 0 and 1 and all others up to 3 have the same"):
        cn.decision_boundary(field, cn.Readout(np.ones((4, 3))), BOX, 1.0, encoder=LIFT)
