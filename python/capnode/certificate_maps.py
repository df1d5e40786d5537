"""What certificates store of iterates of maps, and of exponents at a point of them.

The orbit of a point under a map with exact weights is stored as it was proved: verification iterates it again at any
precision. For sets, and weights with a radius, enclosures are stored wider, by a factor in their radius.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from capnode.certificate import bounds, field_core, field_entry, hex_float, hypothesis_entries, interval_entry
from capnode.certificate_entries import SLACK, widened
from capnode.certificate_paths import claim_exponents, refuse_sets, start_of

MOST_NUMBERS = 500_000  # of the points of an orbit: some 20 MB of text
MOST_WORK = 1_000_000  # rows^2 steps, that verification goes through in minutes


def iteration(value: Any, provenance: Any) -> dict[str, Any]:
    """The maps, the initial set, every point on the way, and the derivative where there is one."""
    from capnode.discrete import Iteration

    if not isinstance(value, Iteration):
        raise ValueError("a certificate is made of one orbit: iterate its lane alone")
    entry, slack = _maps(provenance)
    if value.states.size > MOST_NUMBERS:
        raise ValueError(
            f"the {value.steps + 1} points of the orbit have {value.states.size} components; a certificate holds at "
            f"most {MOST_NUMBERS}"
        )

    def stored(x: Any, by: float) -> dict[str, str]:
        return interval_entry(x) if slack == 1.0 else widened(np.ravel(x.lo), np.ravel(x.hi), slack=by)

    entry["enclosures"] |= {
        "final": stored(value.final, slack),
        "states": stored(value.states, slack),
        "derivative": None if value.derivative is None else stored(value.derivative, SLACK),
    }
    return entry


def _maps(provenance: Any) -> tuple[dict[str, Any], float]:
    """What entries about maps have in common, and by how much enclosures are widened."""
    stages = [(m, k) for m, k in provenance.inputs["stages"] if k > 0]
    if not stages:
        raise ValueError("the maps make 0 steps: there is nothing to certify")
    cores = [field_core(m.field) for m, _ in stages]
    initial, parameter, slack = start_of(provenance, cores, provenance.inputs["t0"])
    rows, total = cores[0].dim + cores[0].parameter_dim, sum(k for _, k in stages)
    if rows**2 * total > MOST_WORK:
        raise ValueError(
            f"{total} steps with {rows} components and parameters are too many to iterate again (squared times steps "
            f"at most {MOST_WORK})"
        )
    entry: dict[str, Any] = {
        "fields": cores,
        "initial": initial,
        "stages": [
            {**field_entry(core), "residual": bool(m.residual), "step": hex_float(m.step), "steps": int(k)}
            for core, (m, k) in zip(cores, stages, strict=True)
        ],
        "enclosures": {"parameter": parameter},
        "conclusions": {"steps": total},
    }
    return entry, slack


def exponents_of_map(value: Any, provenance: Any) -> dict[str, Any]:
    """From a point: the intervals as they were proved. With an interval of parameters or a weight radius: the orbit
    with its derivative, iterated now, and claims that hold for every matrix in the enclosure of the derivative."""
    inputs = provenance.inputs
    entry, slack = _maps(provenance)
    core = entry["fields"][0]
    refuse_sets(inputs["x0"], core)
    if slack == 1.0:
        exponents = value.at[-1]
        entry["enclosures"]["exponents"] = bounds(exponents.lo, exponents.hi)
        entry["conclusions"]["kind"] = "singular"
    else:
        from capnode.discrete import iterate

        run = iterate(inputs["stages"], inputs["x0"], None, inputs["p"], derivative=True, t0=inputs["t0"])
        entry = iteration(run.require(), run.provenance)
        time = sum(abs(m.step) * k for m, k in inputs["stages"])
        claim_exponents(entry, value.at[-1], core.dim, time)
        entry["hypotheses"] = hypothesis_entries(run.evidence)  # of what is stored
    entry["theorem"] = "map_exponents"
    return entry
