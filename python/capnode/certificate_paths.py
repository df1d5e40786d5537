"""What certificates store of trajectories, of one field or of layers, and of the exponents at a point of them.

For sets of points or parameters tubes and enclosures are stored wider, by a factor in their radius: weaker statements,
which another arithmetic can confirm with its own overestimation.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from capnode.certificate import bounds, field_core, field_entry, hex_float, hex_floats, hypothesis_entries
from capnode.certificate_entries import SLACK, widened
from capnode.interval_array import IntervalArray
from capnode.layered import Layered

MOST_COEFFICIENTS = 1_000_000  # of all steps of a trajectory together: some 20 MB of text
TRAJECTORY_SLACK = 1.25  # for sets of points or parameters; SLACK for derivatives and where weights have a radius


def trajectory(value: Any, provenance: Any) -> dict[str, Any]:
    """Every step with its polynomial, its tube and the enclosure at its end; the initial set as it was integrated."""
    from capnode.trajectory import Trajectory

    if not isinstance(value, Trajectory):
        raise ValueError("a certificate is made of one trajectory: integrate its lane alone")
    if value.set_degree > 1:
        raise ValueError(
            f"the set was carried by polynomials of degree {value.set_degree} in the initial point, and certificates "
            "hold none: integrate with set_degree=1, a smaller set where that does not arrive"
        )
    if value.dense is None:
        raise ValueError("the steps were not kept: integrate with dense=True")
    layers = layers_of(provenance)
    steps = [value.dense.step(k) for k in range(value.dense.steps)]
    count = sum(step["polynomial"].size for step in steps)
    if count > MOST_COEFFICIENTS:
        raise ValueError(
            f"the {len(steps)} steps have {count} coefficients; a certificate holds at most {MOST_COEFFICIENTS}: "
            "integrate over a shorter time, or with a lower order"
        )
    start, parameter, slack = start_of(provenance, [core for core, _ in layers], value.t0)

    def stored(lo: Any, hi: Any, by: float = slack) -> dict[str, str]:
        return bounds(lo, hi) if slack == 1.0 else widened(np.ravel(lo), np.ravel(hi), slack=by)

    def record(step: Any) -> dict[str, Any]:
        return {
            "start": hex_float(step["start"]),
            "length": hex_float(step["length"]),
            "scale": hex_float(step["scale"]),
            "polynomial": hex_floats(step["polynomial"]),
            "tube": hex_floats(slack * step["tube"]),
            "end": stored(step["end_lo"], step["end_hi"]),
        }

    entry: dict[str, Any] = {
        "initial": start,
        "reached": hex_float(value.reached),
        "enclosures": {
            "parameter": parameter,
            "final": stored(value.final.lo, value.final.hi),
            "derivative": None if value.derivative is None else stored(value.derivative.lo, value.derivative.hi, SLACK),
        },
        "conclusions": {"steps": len(steps)},
    }
    if not isinstance(provenance.field, Layered):
        return {**entry, "steps": [record(step) for step in steps]}
    entry["theorem"] = "layered_trajectory"
    entry["fields"] = [core for core, _ in layers]
    entry["layers"] = [
        {
            **field_entry(core),
            "duration": hex_float(duration),
            "steps": [record(step) for step in steps if step["layer"] == k],
        }
        for k, (core, duration) in enumerate(layers)
    ]
    entry["conclusions"]["layers"] = len(layers)
    if len(layers) == len(provenance.field.layers) and layers[-1][1] == provenance.field.layers[-1][1]:
        entry["reached"] = None  # the end of the last layer, exactly
    return entry


def layers_of(provenance: Any) -> list[tuple[Any, float]]:
    """The fields of the core with their durations, as they were integrated; of one field 0 as its duration."""
    from capnode.integrate import times_of

    field = provenance.field
    if not isinstance(field, Layered):
        return [(field_core(field), 0.0)]
    t0, t = provenance.inputs["t0"], provenance.inputs["t"]
    final = t0 + field.duration if t is None else times_of(t, t0)[0]
    return [(field_core(f), float(d)) for f, d in field.until(final, t0).layers]


def start_of(provenance: Any, cores: list[Any], t0: float) -> tuple[dict[str, Any], dict[str, str], float]:
    """The initial set and the parameter as they are stored, and by how much enclosures are widened."""
    from capnode.integrate import initial_sets, parameter_sets

    core = cores[0]
    start = initial_sets(provenance.inputs["x0"], core.dim)
    p_lo, p_hi = parameter_sets(core, provenance.inputs["p"], None)
    slack = 1.0
    if (start.radii is not None and np.any(start.radii > 0.0)) or (
        p_lo is not None and p_hi is not None and np.any(p_lo < p_hi)
    ):
        slack = TRAJECTORY_SLACK
    if any(bool(c.has_weight_radius) for c in cores):
        slack = SLACK
    initial = {
        "time": hex_float(t0),
        "centre": hex_floats(start.centres[0]),
        "directions": hex_floats(np.zeros((core.dim, 0)) if start.directions is None else start.directions),
        "radii": hex_floats([] if start.radii is None else start.radii[0]),
    }
    return initial, bounds([] if p_lo is None else p_lo, [] if p_hi is None else p_hi), slack


MOST_ROWS = 24  # of states and parameters, and
MOST_WORK = 8000  # their square times the steps: what verification carries a derivative through


def exponents(value: Any, provenance: Any) -> dict[str, Any]:
    """Of a point, and the flow of one field or of layers: a trajectory with derivative, integrated now, and exponents.

    The claims are a little wider than the result, so that they hold for every matrix in the enclosure of the
    derivative; where that does not tell a singular value from 0, the lower end is -inf.
    """
    from capnode.certificate_maps import exponents_of_map

    inputs = provenance.inputs
    if inputs["kind"] != "singular":
        raise ValueError(f"no certificate is made of exponents of kind {inputs['kind']!r}: ask for kind='singular'")
    if inputs["system"] == "map":
        return exponents_of_map(value, provenance)
    t0, layers = inputs["t0"], layers_of(provenance)
    refuse_sets(inputs["x0"], layers[0][0])
    path, run = _with_derivative(provenance, layers[0][0])
    entry = trajectory(path, run.provenance)
    layered = "layers" in entry
    end = t0 + sum(Fraction(d) for _, d in layers) if entry["reached"] is None else Fraction(path.reached)
    claim_exponents(entry, value.at[-1], layers[0][0].dim, abs(float(Fraction(end) - Fraction(t0))))
    entry["theorem"] = "layered_exponents" if layered else "lyapunov_exponents"
    entry["hypotheses"] = hypothesis_entries(run.evidence)  # of what is stored
    return entry


def refuse_sets(x0: Any, core: Any) -> None:
    from capnode.integrate import initial_sets

    radii = initial_sets(x0, core.dim).radii
    if radii is not None and np.any(radii > 0.0):
        raise ValueError("a certificate of exponents is made for a point; x0 is a set")


def _with_derivative(provenance: Any, core: Any) -> tuple[Any, Any]:
    """The trajectory of exponents with its derivative, such that verification carries it through; and its result."""
    from capnode.integrate import integrate
    from capnode.lyapunov import SMALL_ORDER

    inputs, rows = provenance.inputs, core.dim + core.parameter_dim
    t = None if inputs["t"] is None else float(np.ravel(inputs["t"])[-1])
    if rows > MOST_ROWS:
        raise ValueError(
            f"{rows} components and parameters; verification proves derivatives again for at most {MOST_ROWS}"
        )
    for order in (SMALL_ORDER, None):
        run = integrate(provenance.field, inputs["x0"], t, inputs["p"], t0=inputs["t0"], derivative=True, order=order,
                        tolerance=1e-14)  # fmt: skip
        if run.proved and rows**2 * run.require().steps <= MOST_WORK:
            break
    path = run.require()
    if rows**2 * path.steps > MOST_WORK:
        raise ValueError(
            f"{path.steps} steps with {rows} components and parameters are too many to prove the derivative again "
            f"(squared times steps at most {MOST_WORK}): ask for a shorter time"
        )
    return path, run


def claim_exponents(entry: dict[str, Any], proved: IntervalArray, n: int, time: float) -> None:
    """Adds the exponents to an entry with a derivative: hulls of the proved intervals (which makes them true) and of
    what verification will find, by a float estimate."""
    stored = entry["enclosures"]["derivative"]
    lo, hi = (np.array([float.fromhex(z) for z in stored[end].split()]).reshape(n, n) for end in ("lo", "hi"))
    entry["enclosures"]["exponents"] = _exponent_claims(proved, lo, hi, time)
    entry["conclusions"]["kind"] = "singular"


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
