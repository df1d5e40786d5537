"""What a certificate stores of each theorem: hints, enclosures and conclusions, as hex floats.

A field with a weight radius (or a theorem for a box of parameters) is a set of systems. Its enclosures are stored
wider than they were proved, by the factor SLACK in their radius: a weaker statement, which another arithmetic with its
own overestimation can confirm. Points are stored as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from capnode.certificate import (
    bounds,
    complex_entry,
    field_core,
    hex_float,
    hex_floats,
    interval_entry,
)
from capnode.interval_array import IntervalArray

SLACK = 2.0
ISOLATION_SHARE = 0.5  # the part of the isolating box that a certificate claims


def _is_set(provenance: Any) -> bool:
    core = None if provenance.field is None else field_core(provenance.field)
    return core is not None and bool(core.has_weight_radius)


def widened(lo: Any, hi: Any, *, keep_sign: bool = False, slack: float = SLACK) -> dict[str, str]:
    """[lo, hi] with `slack` times its radius; with `keep_sign` an enclosure that excludes 0 still does."""
    lo, hi = np.atleast_1d(np.asarray(lo, dtype=float)), np.atleast_1d(np.asarray(hi, dtype=float))
    more = 0.5 * (slack - 1.0) * (hi - lo) + np.spacing(np.maximum(np.abs(lo), np.abs(hi)))
    wide_lo, wide_hi = lo - more, hi + more
    if keep_sign:
        wide_lo = np.where((lo > 0) & (wide_lo <= 0), lo / 64, wide_lo)
        wide_hi = np.where((hi < 0) & (wide_hi >= 0), hi / 64, wide_hi)
    return bounds(wide_lo, wide_hi)


def _stored(enclosure: Any, as_set: bool, *, keep_sign: bool = False, slack: float = SLACK) -> dict[str, str]:
    return (
        widened(enclosure.lo, enclosure.hi, keep_sign=keep_sign, slack=slack) if as_set else interval_entry(enclosure)
    )


def zero(value: Any, provenance: Any) -> dict[str, Any]:
    parameter = provenance.inputs.get("p")
    as_set = _is_set(provenance) or (parameter is not None and bool(np.any(parameter.lo < parameter.hi)))
    return {
        "method": value.method,
        "hints": {"x_bar": hex_floats(value.x_bar)},
        "enclosures": {
            "parameter": bounds([], []) if parameter is None else interval_entry(parameter),
            "enclosure": _within(_stored(value.enclosure, as_set), value.uniqueness),
            "uniqueness": interval_entry(value.uniqueness),
        },
    }


def _within(entry: dict[str, str], box: Any) -> dict[str, str]:
    """The box of `entry`, cut to `box`."""
    lo = [float.fromhex(word) for word in entry["lo"].split()]
    hi = [float.fromhex(word) for word in entry["hi"].split()]
    return bounds(np.maximum(lo, box.lo), np.minimum(hi, box.hi))


def equilibrium(value: Any, provenance: Any) -> dict[str, Any]:
    as_set = _is_set(provenance) or bool(np.any(value.parameter.lo < value.parameter.hi))
    discs = value.eigenvalues
    centre, radius = _discs(discs)
    return {
        "hints": {"x_bar": hex_floats(value.x_bar)},
        "enclosures": {
            "parameter": interval_entry(value.parameter),
            "state": _within(_stored(value.state, as_set), _shared(value.isolation, value.state)),
            "isolation": interval_entry(_shared(value.isolation, value.state)),
            "eigenvalues": {**complex_entry(centre), "radius": hex_floats(radius * (SLACK if as_set else 1.0))},
        },
        "conclusions": {
            "unstable_dimension": value.unstable_dimension,
            "stable_dimension": value.stable_dimension,
        },
    }


def _shared(box: Any, state: Any) -> IntervalArray:
    """The claimed part of an isolating box: the middle of it, never less than twice the enclosure `state`."""
    half = np.maximum(0.5 * ISOLATION_SHARE * (box.hi - box.lo), state.hi - state.lo)
    middle = 0.5 * state.lo + 0.5 * state.hi
    return IntervalArray(np.maximum(box.lo, middle - half), np.minimum(box.hi, middle + half))


def _discs(discs: Any) -> tuple[Any, Any]:
    """(centres, radii) of whatever holds complex discs."""
    return np.asarray(discs.center, dtype=np.complex128), np.asarray(discs.radius, dtype=float)


def _criticality(value: Any, as_set: bool) -> tuple[dict[str, str], str, bool | None]:
    """(stored l1, criticality, is the cycle stable): for a set, a sign that is only just decided is not claimed."""
    l1 = value.lyapunov_coefficient
    lo, hi = float(l1.lo), float(l1.hi)
    margin = 0.25 * (hi - lo) if as_set else 0.0
    if value.criticality == "undetermined" or lo - margin > 0.0 or hi + margin < 0.0:
        stored = _stored(l1, as_set, keep_sign=True, slack=2 * SLACK)
        return stored, str(value.criticality), value.cycle_is_stable
    return _stored(l1, as_set, slack=2 * SLACK), "undetermined", False if value.unstable_dimension > 0 else None


def hopf_point(value: Any, provenance: Any) -> dict[str, Any]:
    as_set = _is_set(provenance)
    iso = value.isolation
    lyapunov, criticality, stable = _criticality(value, as_set)
    return {
        "hints": {
            "parameter": hex_float(value.p_bar),
            "frequency": hex_float(value.omega_bar),
            "state": hex_floats(value.x_bar),
            "eigenvector": complex_entry(value.v_bar),
            "functional": complex_entry(value.psi),
        },
        "enclosures": {
            "parameter": _stored(value.parameter, as_set),
            "frequency": _stored(value.frequency, as_set, keep_sign=True),
            "state": _stored(value.state, as_set),
            "eigenvector": _stored(value.eigenvector, as_set),  # the real parts, then the imaginary parts
            "transversality": _stored(value.transversality, as_set, keep_sign=True),
            "lyapunov_coefficient": lyapunov,
        },
        "isolation": {
            "parameter_radius": _share(iso.parameter, value.error.parameter),
            "frequency_radius": _share(iso.frequency, value.error.frequency),
            "state_radius": _share(iso.state, value.error.state),
            "eigenvector_radius": _share(iso.eigenvector, value.error.eigenvector),
        },
        "conclusions": {
            "criticality": criticality,
            "unstable_dimension": int(value.unstable_dimension),
            "cycle_is_stable": stable,
        },
    }


def _share(radius: Any, error: Any) -> str:
    """The claimed part of an isolating radius; never less than twice the error, which the zero may need."""
    radius, error = np.asarray(radius, dtype=float), np.asarray(error, dtype=float)
    return hex_floats(np.minimum(radius, np.maximum(ISOLATION_SHARE * radius, 2.0 * error)))


def no_periodic_orbits(value: Any, provenance: Any) -> dict[str, Any]:
    return {
        "criterion": value.criterion,
        "hints": {"scaling_lower": hex_floats(value.scaling_lower), "scaling_upper": hex_floats(value.scaling_upper)},
        "enclosures": {
            "intervals": _within_intervals(value.intervals),
            "region": None if value.region is None else interval_entry(value.region),
        },
    }


def _within_intervals(intervals: Any) -> dict[str, str]:
    pairs = [(float(x.lo), float(x.hi)) if hasattr(x, "lo") else (float(x[0]), float(x[1])) for x in intervals]
    return bounds([a for a, _ in pairs], [b for _, b in pairs])


def spectrum(value: Any, provenance: Any) -> dict[str, Any]:
    matrix = provenance.inputs["A"]
    lo, hi = (matrix.lo, matrix.hi) if hasattr(matrix, "lo") else (matrix, matrix)
    centre, radius = _discs(value.eigenvalues)
    if bool(np.any(np.asarray(lo) < np.asarray(hi))):
        radius = _apart(centre, radius, np.asarray(value.component))
    return {
        "matrix": {"rows": int(np.shape(lo)[0]), **bounds(lo, hi)},
        "enclosures": {
            "eigenvalues": {**complex_entry(centre), "radius": hex_floats(radius)},
            "component": [int(k) for k in value.component],
        },
        "conclusions": {"positive": value.positive, "negative": value.negative},
    }


def _apart(centre: Any, radius: Any, component: Any) -> Any:
    """Radii widened by SLACK, but by no more than a third of the gap to any disc of another component."""
    wide = SLACK * radius
    for i in range(len(radius)):
        other = component != component[i]
        gap = np.abs(centre[other] - centre[i]) - radius[i] - radius[other]
        wide[i] = min(wide[i], radius[i] + max(0.0, float(np.min(gap, initial=np.inf)) / 3.0))
    return wide
