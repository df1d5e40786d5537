"""What certificates of robust radii, classes of inputs and adversarial pairs store: the steps, and the readout.

A radius is the result's own: verification proves the whole inequality again, on shorter pieces of time. (Where `pieces`
was given it is at most the radius with as many as are chosen without.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from capnode.certificate import hex_float, hex_floats, hypothesis_entries, interval_entry
from capnode.certificate_entries import SLACK, widened
from capnode.certificate_maps import iteration
from capnode.certificate_paths import MOST_ROWS as WITH_SETS
from capnode.certificate_paths import MOST_WORK as SETS_WORK
from capnode.certificate_paths import trajectory
from capnode.layered import Layered

NORM_WORK = 10**5  # squared rows times the steps, by which a point is followed by norms
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
    add_readout(entry, value.cls, value.margins, inputs)
    entry["theorem"] = "robust_radius"
    radius = value.radius
    if inputs["pieces"] is not None:  # more of them than verification takes would carry farther than it can follow
        usual = _with_pieces_of_its_own(layers, inputs)
        if usual.require().radius < radius:
            radius = usual.require().radius
            entry["hypotheses"] = hypothesis_entries(usual.evidence)
    entry["conclusions"]["radius"] = hex_float(radius)
    return entry


def _with_pieces_of_its_own(layers: Layered, inputs: Any) -> Any:
    from capnode.readout import Readout
    from capnode.robustness import robust_radius as prove

    head = Readout(inputs["weight"], inputs["bias"])
    return prove(layers, head, inputs["x"], None, inputs["p"], method="norm", t0=inputs["t0"])


def input_class(value: Any, provenance: Any) -> dict[str, Any]:
    """The trajectory of the input or the set, or the orbit; such that verification proves all of it again."""
    from capnode.discrete import iterate

    inputs = provenance.inputs
    if "stages" in inputs:
        orbit = iterate(inputs["stages"], inputs["x0"], None, inputs["p"], t0=inputs["t0"])
        entry = iteration(orbit.require(), orbit.provenance)
    else:
        entry, _ = _to_the_end(inputs, inputs["x0"])
    add_readout(entry, value.cls, value.margins, inputs)
    entry["theorem"] = "input_class"
    return entry


def _to_the_end(inputs: Any, x0: Any) -> tuple[dict[str, Any], Any]:
    """The entry of a trajectory whose end verification proves again, and the trajectory."""
    from capnode.integrate import integrate

    layers = Layered(tuple(inputs["layers"]))
    run = integrate(layers, x0, None, inputs["p"], t0=inputs["t0"], set_degree=1)
    path = run.require()
    entry = trajectory(path, run.provenance)
    rows, parameter = layers.dim + layers.parameter_dim, entry["enclosures"]["parameter"]
    point = not any(map(float.fromhex, entry["initial"]["radii"].split())) and parameter["lo"] == parameter["hi"]
    small = rows <= WITH_SETS and rows**2 * path.steps <= SETS_WORK
    if not small and not (point and rows**2 * path.steps <= NORM_WORK):
        raise ValueError(
            f"{path.steps} steps with {rows} components and parameters are too many to prove the end again from "
            + ("a point" if point else f"a set (at most {WITH_SETS}, and squared times steps {SETS_WORK})")
        )
    return entry, path


def adversarial_pair(value: Any, provenance: Any) -> dict[str, Any]:
    """Two classes of points: `pair` has both trajectories with their margins, the readout is that of both."""
    from capnode.readout import Readout

    inputs = provenance.inputs
    head = Readout(inputs["weight"], inputs["bias"])
    parts, fields = [], []
    for x, cls in zip((value.x, value.y), value.classes, strict=True):
        part, path = _to_the_end(inputs, x)
        add_readout(part, cls, head.margins(path.final, cls), inputs)
        del part["readout"], part["theorem"]
        fields = part.pop("fields")
        parts.append(part)
    return {
        "fields": fields,
        "pair": parts,
        "readout": _readout(inputs),
        "enclosures": {"distance": interval_entry(value.distance)},
    }


def _readout(inputs: Any) -> dict[str, str]:
    return {"weight": hex_floats(inputs["weight"]), "bias": hex_floats(inputs["bias"])}


def add_readout(entry: dict[str, Any], cls: int, margins: Any, inputs: Any) -> None:
    """The readout, the class and its margins, as wide as the state they are of."""
    loose = any(one["field_summary"]["weight_radius"] for one in entry.get("layers", entry.get("stages", [])))
    parameter = entry["enclosures"]["parameter"]
    if loose or parameter["lo"] != parameter["hi"] or any(float.fromhex(r) for r in entry["initial"]["radii"].split()):
        stored = widened(np.ravel(margins.lo), np.ravel(margins.hi), slack=SLACK, keep_sign=True)
    else:
        stored = interval_entry(margins)
    entry["readout"] = _readout(inputs)
    entry["enclosures"]["margins"] = stored
    entry["conclusions"]["class"] = int(cls)
