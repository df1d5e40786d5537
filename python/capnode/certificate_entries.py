"""What a certificate stores of each theorem: hints, enclosures and conclusions, as hex floats.

A field with a weight radius (or a theorem for a box of parameters) is a set of systems. Its enclosures are stored
wider than they were proved, by the factor SLACK in their radius: a weaker statement, which another arithmetic with its
own overestimation can confirm. Points are stored as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from capnode.certificate import (
    bounds,
    complex_entry,
    field_core,
    hex_float,
    hex_floats,
    hypothesis_entries,
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


MOST_COEFFICIENTS = 1_000_000  # of all steps of a trajectory together: some 20 MB of text
TRAJECTORY_SLACK = 1.25  # for sets of points or parameters; SLACK for derivatives and where weights have a radius


def trajectory(value: Any, provenance: Any) -> dict[str, Any]:
    """Every step with its polynomial, its tube and the enclosure at its end; the initial set as it was integrated.

    For a set, tubes and enclosures are stored wider, by a factor in their radius.
    """
    from capnode.integrate import initial_sets, parameter_sets
    from capnode.trajectory import Trajectory

    if not isinstance(value, Trajectory):
        raise ValueError("a certificate is made of one trajectory: integrate its lane alone")
    if value.set_degree > 1:
        raise ValueError(
            f"the set was carried by polynomials of degree {value.set_degree} in the initial point, and certificates "
            "hold none: integrate with set_degree=1, a smaller set where that does not arrive"
        )
    core = field_core(provenance.field)
    start = initial_sets(provenance.inputs["x0"], core.dim)
    p_lo, p_hi = parameter_sets(core, provenance.inputs["p"], None)
    none = np.zeros((core.dim, 0))
    steps = [value.dense.step(k) for k in range(value.dense.steps)]
    count = sum(step["polynomial"].size for step in steps)
    if count > MOST_COEFFICIENTS:
        raise ValueError(
            f"the {len(steps)} steps have {count} coefficients; a certificate holds at most {MOST_COEFFICIENTS}: "
            "integrate over a shorter time, or with a lower order"
        )
    slack = 1.0
    if (start.radii is not None and np.any(start.radii > 0.0)) or (
        p_lo is not None and p_hi is not None and np.any(p_lo < p_hi)
    ):
        slack = TRAJECTORY_SLACK
    if bool(core.has_weight_radius):
        slack = SLACK

    def stored(lo: Any, hi: Any, by: float = slack) -> dict[str, str]:
        return bounds(lo, hi) if slack == 1.0 else widened(np.ravel(lo), np.ravel(hi), slack=by)

    return {
        "initial": {
            "time": hex_float(value.t0),
            "centre": hex_floats(start.centres[0]),
            "directions": hex_floats(none if start.directions is None else start.directions),
            "radii": hex_floats([] if start.radii is None else start.radii[0]),
        },
        "reached": hex_float(value.reached),
        "steps": [
            {
                "start": hex_float(step["start"]),
                "length": hex_float(step["length"]),
                "scale": hex_float(step["scale"]),
                "polynomial": hex_floats(step["polynomial"]),
                "tube": hex_floats(slack * step["tube"]),
                "end": stored(step["end_lo"], step["end_hi"]),
            }
            for step in steps
        ],
        "enclosures": {
            "parameter": bounds([] if p_lo is None else p_lo, [] if p_hi is None else p_hi),
            "final": stored(value.final.lo, value.final.hi),
            "derivative": None if value.derivative is None else stored(value.derivative.lo, value.derivative.hi, SLACK),
        },
        "conclusions": {"steps": len(steps)},
    }


MOST_ROWS = 24  # of states and parameters, and
MOST_WORK = 8000  # their square times the steps: what verification carries a derivative through


def exponents(value: Any, provenance: Any) -> dict[str, Any]:
    """Of a point and a flow of one field: a trajectory with derivative, integrated now, and the exponents claimed.

    The claims are a little wider than the result, so that they hold for every matrix in the enclosure of the
    derivative; where that does not tell a singular value from 0, the lower end is -inf.
    """
    from capnode.integrate import initial_sets, integrate
    from capnode.lyapunov import SMALL_ORDER

    inputs = provenance.inputs
    if inputs["kind"] != "singular":
        raise ValueError(f"no certificate is made of exponents of kind {inputs['kind']!r}: ask for kind='singular'")
    if inputs["system"] != "flow":
        raise ValueError("a certificate of exponents is about the flow of one field, not about layers or a map")
    core = field_core(provenance.field)
    radii = initial_sets(inputs["x0"], core.dim).radii
    if radii is not None and np.any(radii > 0.0):
        raise ValueError("a certificate of exponents is made for a point; x0 is a set")
    rows, final, t0 = core.dim + core.parameter_dim, float(np.ravel(inputs["t"])[-1]), inputs["t0"]
    if rows > MOST_ROWS:
        raise ValueError(
            f"{rows} components and parameters; verification proves derivatives again for at most {MOST_ROWS}"
        )
    for order in (SMALL_ORDER, None):
        run = integrate(provenance.field, inputs["x0"], final, inputs["p"], t0=t0, derivative=True, order=order,
                        tolerance=1e-14)  # fmt: skip
        if run.proved and rows**2 * run.require().steps <= MOST_WORK:
            break
    path = run.require()
    if rows**2 * path.steps > MOST_WORK:
        raise ValueError(
            f"{path.steps} steps with {rows} components and parameters are too many to prove the derivative again "
            f"(squared times steps at most {MOST_WORK}): ask for a shorter time"
        )
    entry = trajectory(path, run.provenance)
    stored = entry["enclosures"]["derivative"]
    lo, hi = (np.array([float.fromhex(z) for z in stored[end].split()]).reshape(core.dim, -1) for end in ("lo", "hi"))
    entry["enclosures"]["exponents"] = _exponent_claims(value.at[-1], lo, hi, abs(final - t0))
    entry["conclusions"]["kind"] = "singular"
    entry["hypotheses"] = hypothesis_entries(run.evidence)  # of what is stored
    return entry


def _exponent_claims(proved: IntervalArray, lo: Any, hi: Any, time: float) -> dict[str, str]:
    """Hulls of the proved intervals (which makes them true) and of what verification will find, by a float estimate."""
    sigma = np.linalg.svd(0.5 * lo + 0.5 * hi, compute_uv=False)
    n, u = len(sigma), 2.0**-53
    error = 1.0625 * float(np.linalg.norm(0.5 * (hi - lo))) + 16 * n * u * float(sigma[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(sigma > error, np.log(np.maximum(sigma - error, 0.0)) / time, -np.inf)
        high = np.log(sigma + error) / time
        low, high = low - 8 * u * np.maximum(np.abs(low), 1 / time), high + 8 * u * np.maximum(np.abs(high), 1 / time)
    if not np.isfinite(low[0]):
        raise ValueError(
            f"the derivative is known to {error:.3g} in norm and its largest singular value is {sigma[0]:.3g}: "
            "too wide for a certificate, ask for a shorter time"
        )
    return bounds(np.minimum(proved.lo, low), np.maximum(proved.hi, high))


# the theorem's name in a result's provenance -> (its name in certificates, the builder)
BUILDERS: dict[str, tuple[str, Callable[[Any, Any], dict[str, Any]]]] = {
    "krawczyk": ("zero", zero),
    "interval_newton": ("zero", zero),
    "newton_kantorovich": ("zero", zero),
    "equilibrium": ("equilibrium", equilibrium),
    "Hopf point": ("hopf_point", hopf_point),
    "no_periodic_orbits": ("no_periodic_orbits", no_periodic_orbits),
    "spectrum": ("spectrum", spectrum),
    "integrate": ("trajectory", trajectory),
    "lyapunov_exponents": ("lyapunov_exponents", exponents),
}
