"""What a certificate of a robust radius stores: the steps of the trajectory of the input, the readout, the radius.

The radius is the result's own: verification proves the whole inequality again, on shorter pieces of time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from capnode.certificate import hex_float, hex_floats, interval_entry
from capnode.certificate_entries import SLACK, widened
from capnode.certificate_paths import trajectory
from capnode.layered import Layered

MOST_ROWS = 128  # of states and parameters, and
MOST_WORK = 3 * 10**7  # their cube times the steps: what verification carries tangents through in minutes
MOST_STEPS = 5000
SMALL = 24  # up to which the steps are short, at low order: pieces of time are then short too


def robust_radius(value: Any, provenance: Any) -> dict[str, Any]:
    from capnode.integrate import integrate

    inputs = provenance.inputs
    layers = Layered(tuple(inputs["layers"]))
    rows = layers.dim + layers.parameter_dim
    if rows > MOST_ROWS:
        raise ValueError(f"{rows} components and parameters; verification proves radii again for at most {MOST_ROWS}")
    run = integrate(layers, inputs["x"], None, inputs["p"], t0=inputs["t0"], order=10 if rows <= SMALL else 14)
    path = run.require()
    if rows**3 * path.steps > MOST_WORK or path.steps > MOST_STEPS:
        raise ValueError(
            f"{path.steps} steps with {rows} components and parameters are too many to prove the radius again (at most "
            f"{MOST_STEPS}, and cubed times steps {MOST_WORK}): ask for a shorter time"
        )
    entry = trajectory(path, run.provenance)
    add_readout(entry, value, inputs)
    entry["theorem"] = "robust_radius"
    entry["conclusions"]["radius"] = hex_float(value.radius)
    return entry


def add_readout(entry: dict[str, Any], value: Any, inputs: Any) -> None:
    """The readout, the class and its margins, as wide as the state they are of."""
    loose = any(one["field_summary"]["weight_radius"] for one in entry.get("layers", entry.get("stages", [])))
    parameter = entry["enclosures"]["parameter"]
    if loose or parameter["lo"] != parameter["hi"] or any(float.fromhex(r) for r in entry["initial"]["radii"].split()):
        margins = widened(np.ravel(value.margins.lo), np.ravel(value.margins.hi), slack=SLACK, keep_sign=True)
    else:
        margins = interval_entry(value.margins)
    entry["readout"] = {"weight": hex_floats(inputs["weight"]), "bias": hex_floats(inputs["bias"])}
    entry["enclosures"]["margins"] = margins
    entry["conclusions"]["class"] = int(value.cls)
