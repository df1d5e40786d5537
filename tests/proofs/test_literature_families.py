"""The family `h' = tanh((M + p I) h)`, M nearly skew: every pair proved at several sizes, and both paths agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from capnode import networks
from capnode.hopf import HopfSearch, hopf_points

pytest.importorskip("torch", reason="the networks are torch modules")
from capnode.torch_import.importer import from_torch


def family(n: int) -> tuple[Any, int, tuple[float, float]]:
    """The field, its number of non-real pairs, and a span that holds all of them."""
    values = np.linalg.eigvals(networks.kuehn_queirolo_matrix(n))
    pairs = values[values.imag > 0]
    span = (float(np.min(-pairs.real)) - 0.05, float(np.max(-pairs.real)) + 0.05)
    return from_torch(networks.kuehn_queirolo(n), n), len(pairs), span


def meet(a: Any, b: Any) -> bool:
    return bool(np.all((a.lo <= b.hi) & (b.lo <= a.hi)))


def check_all_proved(search: HopfSearch, pairs: int) -> None:
    assert [r.reason for r in search if not r.proved] == []
    assert len(search) == pairs
    assert all(p.criticality != "undetermined" for p in search.points)


def check_agreement(diagonal: HopfSearch, general: HopfSearch) -> None:
    for one, other in zip(diagonal.points, general.points, strict=True):
        assert meet(one.parameter, other.parameter)
        assert meet(one.frequency, other.frequency)
        assert meet(one.lyapunov_coefficient, other.lyapunov_coefficient)
        assert meet(one.transversality, other.transversality)
        assert one.unstable_dimension == other.unstable_dimension
        assert one.criticality == other.criticality


@pytest.mark.parametrize("n", [6, 20, 50, 150, pytest.param(400, marks=pytest.mark.long)])
def test_both_paths_prove_every_pair_and_agree(n: int) -> None:
    field, pairs, span = family(n)
    diagonal = hopf_points(field, span)
    assert diagonal.method == "diagonal"
    assert diagonal.complete
    check_all_proved(diagonal, pairs)
    general = hopf_points(field, span, method="general")
    check_all_proved(general, pairs)
    check_agreement(diagonal, general)


@pytest.mark.parametrize("n", [400, pytest.param(1000, marks=pytest.mark.long)])
def test_the_diagonal_path_on_larger_members(n: int) -> None:
    field, pairs, span = family(n)
    search = hopf_points(field, span)
    assert search.complete
    check_all_proved(search, pairs)


@pytest.mark.parametrize(("n", "expected"), [(6, 117), (20, 391), (50, 991)])
def test_forty_members(n: int, expected: int) -> None:
    proved = 0
    for seed in range(40):
        field = from_torch(networks.kuehn_queirolo(n, seed), n)
        search = hopf_points(field, (-5.0, 5.0))
        assert all(r.proved for r in search)
        assert search.complete
        proved += len(search)
    assert proved == expected


@pytest.mark.parametrize("n", [6, 20])
def test_skew_matrices_are_refused_for_what_they_are(n: int) -> None:
    """R2 = 0: all pairs cross at p = 0 at once."""
    M = networks.kuehn_queirolo_matrix(n, noise=0.0)
    from capnode.torch_import import modules

    search = hopf_points(from_torch(modules.DiagonalFamily(M), n), (-0.5, 0.5))
    assert len(search) == n // 2
    assert {r.verdict for r in search} == {"other_eigenvalue_on_axis"}
    assert not search.complete
