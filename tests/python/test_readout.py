"""Linear readouts: margins and classes over enclosures against exact rational arithmetic, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import capnode as cn


def exact_scores(weight: np.ndarray, bias: np.ndarray, x: list[Fraction]) -> list[Fraction]:
    return [
        sum((Fraction(float(a)) * b for a, b in zip(row, x, strict=True)), Fraction(float(c)))
        for row, c in zip(weight, bias, strict=True)
    ]


def random_readout(seed: int, classes: int, dim: int) -> tuple[cn.Readout, np.random.Generator]:
    rng = np.random.default_rng(seed)
    return cn.readout(rng.standard_normal((classes, dim)), rng.standard_normal(classes)), rng


@pytest.mark.parametrize("seed", range(4))
def test_margins_and_scores_contain_the_exact_ones_at_points_and_in_boxes(seed: int) -> None:
    r, rng = random_readout(seed, 4, 7)
    centre = rng.standard_normal(7)
    for width in (0.0, 1e-9, 0.3):
        box = cn.IntervalArray(centre - width, centre + width)
        scores, margins = r.scores(box), r.margins(box, 2)
        for _ in range(5):
            x = [
                Fraction(float(a)) + (Fraction(float(b)) - Fraction(float(a))) * Fraction(int(k), 16)
                for a, b, k in zip(box.lo, box.hi, rng.integers(0, 17, 7), strict=True)
            ]
            s = exact_scores(r.weight, r.bias, x)
            for k in range(4):
                assert Fraction(float(scores.lo[k])) <= s[k] <= Fraction(float(scores.hi[k]))
                assert Fraction(float(margins.lo[k])) <= s[2] - s[k] <= Fraction(float(margins.hi[k]))
            best = max(range(4), key=lambda k: s[k])
            assert r.possible(box)[best]
        if width == 0.0:
            assert float(np.max(margins.width)) < 1e-14
    assert margins.lo[2] == margins.hi[2] == 0.0


def test_a_large_common_part_of_the_rows_costs_the_margins_nothing() -> None:
    common = 1e6 * np.ones(3)
    r = cn.readout(np.array([common, [1e6 + 1.0, 1e6, 1e6]]))
    box = cn.interval([0.9, -1.0, -1.0], [1.1, 1.0, 1.0])
    assert float(r.scores(box).width[0]) > 1e6
    margins = r.margins(box, 1)
    assert 0.9 - 1e-12 < margins.lo[0] <= 0.9
    assert 1.1 <= margins.hi[0] < 1.1 + 1e-12
    assert r.class_of(box) == 1


def test_classes_of_lanes_and_the_boundary() -> None:
    r = cn.readout([[1.0, 0.0], [0.0, 1.0], [-5.0, -5.0]])
    boxes = cn.interval([[1.0, 0.0], [0.5, 0.5], [-2.0, -2.0]], [[1.5, 0.9], [0.6, 0.6], [-1.0, -1.0]])
    assert r.class_of(boxes).tolist() == [0, -1, 2]
    assert r.possible(boxes).tolist() == [[True, False, False], [True, True, False], [False, False, True]]
    # on the boundary itself both classes are possible
    assert r.possible(np.array([0.25, 0.25])).tolist() == [True, True, False]
    assert r.predict([2.0, 1.0]) == 0
    assert isinstance(r.class_of(np.array([2.0, 1.0])), int)


def test_one_logit_is_two_classes() -> None:
    r = cn.readout([[2.0, -1.0]], [0.5])
    assert r.classes == 2
    assert r.class_of(np.array([0.0, 0.6])) == 0
    assert r.class_of(np.array([0.0, 0.4])) == 1
    assert r.class_of(np.array([0.0, 0.5])) == -1


def test_a_file_keeps_every_bit(tmp_path: Path) -> None:
    r, _ = random_readout(3, 3, 5)
    r.save(tmp_path / "readout.npz")
    again = cn.Readout.load(tmp_path / "readout.npz")
    assert np.array_equal(r.weight, again.weight)
    assert np.array_equal(r.bias, again.bias)


def test_a_linear_layer_is_taken_exactly() -> None:
    torch = pytest.importorskip("torch")
    layer = torch.nn.Linear(4, 3)
    r = cn.readout(layer)
    assert np.array_equal(r.weight, layer.weight.detach().numpy().astype(np.float64))
    assert np.array_equal(r.bias, layer.bias.detach().numpy().astype(np.float64))
    assert np.array_equal(cn.readout(torch.nn.Linear(4, 3, bias=False)).bias, np.zeros(3))
    assert cn.readout(r) is r


def test_misuse_is_refused_with_the_numbers() -> None:
    r = cn.readout(np.eye(3))
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        r.scores(np.zeros(2))
    with pytest.raises(ValueError, match=r"0, \.\.\., 2"):
        r.margins(np.zeros(3), 3)
    with pytest.raises(ValueError, match=r"\(3, 3\).*\(2,\)"):
        cn.readout(np.eye(3), np.zeros(2))
    with pytest.raises(ValueError, match=r"not finite|NaN"):
        cn.readout([[1.0, np.nan], [0.0, 1.0]])
    with pytest.raises(ValueError, match="finite"):
        cn.readout([[1.0, np.inf], [0.0, 1.0]])
    with pytest.raises(ValueError, match="bias"):
        cn.readout(r, np.zeros(3))
