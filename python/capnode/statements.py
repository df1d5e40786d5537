"""The theorems in words, made from the numbers: the one place where a certificate's sentences are written.

A certificate carries the sentence; its verification writes it again from the numbers and compares, so the words cannot
say more than was checked. Printed enclosures are rounded outward: what is printed still contains what is meant. Sets
that something is claimed of (every p of a box, no second zero in a box) are rounded inward.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any

Bounds = tuple[float, float]


def decimal_bounds(lo: float, hi: float, digits: int = 17) -> str:
    """`[lo, hi]` in decimals, the lower end rounded down and the upper end up."""
    return f"[{_round(lo, ROUND_FLOOR, digits)}, {_round(hi, ROUND_CEILING, digits)}]"


def claimed_bounds(lo: float, hi: float, digits: int = 17) -> str:
    """`[lo, hi]` in decimals, rounded inward; where nothing would be left, the ends exactly."""
    if math.isfinite(lo) and math.isfinite(hi):
        inward = _round(lo, ROUND_CEILING, digits), _round(hi, ROUND_FLOOR, digits)
        if Decimal(inward[0]) > Decimal(inward[1]):
            return f"[{_exact(lo)}, {_exact(hi)}]"
    return f"[{_round(lo, ROUND_CEILING, digits)}, {_round(hi, ROUND_FLOOR, digits)}]"


def _exact(x: float) -> str:
    """All decimals of x, or its hex float where they are many."""
    text = f"{Decimal(x):g}"
    return text if len(text) <= 60 else x.hex()


def _round(x: float, rounding: str, digits: int) -> str:
    if not math.isfinite(x):
        return str(x)
    value = Context(prec=digits, rounding=rounding).create_decimal(Decimal(x))
    return f"{value.normalize():g}" if value else "0"


def ball_text(lo: float, hi: float) -> str:
    """`mid ± rad` with the digits that are known; what is printed contains [lo, hi]. `[lo, hi]` where it holds 0."""
    if not (math.isfinite(lo) and math.isfinite(hi)) or lo <= 0.0 <= hi:
        return decimal_bounds(lo, hi, 3)
    exact = Context(prec=2000)
    low, high = Decimal(lo), Decimal(hi)
    middle = exact.divide(exact.add(low, high), Decimal(2))
    half = exact.subtract(high, middle)
    digits = 17 if half == 0 else max(2, min(17, middle.adjusted() - half.adjusted() + 2))
    shown = Context(prec=digits).plus(middle)
    error = max(abs(exact.subtract(high, shown)), abs(exact.subtract(shown, low)))
    radius = Context(prec=2, rounding=ROUND_CEILING).plus(error)
    return f"{shown} ± {radius:.1e}" if radius else f"{shown}"


def _numbers(text: str) -> list[float]:
    return [float.fromhex(word) for word in text.split()]


def _bounds(entry: Mapping[str, str]) -> str:
    return decimal_bounds(float.fromhex(entry["lo"]), float.fromhex(entry["hi"]))


def _box(
    entry: Mapping[str, str],
    most: int = 6,
    *,
    bounds: Callable[[float, float], str] = decimal_bounds,
    name: str = "state",
) -> str:
    """The box in brackets; past `most` components the rest is left to the enclosure `name` in the certificate."""
    lo, hi = _numbers(entry["lo"]), _numbers(entry["hi"])
    parts = [bounds(a, b) for a, b in zip(lo[:most], hi[:most], strict=True)]
    rest = f", … ({len(lo)} components, all in the enclosure `{name}`)" if len(lo) > most else ""
    return f"({', '.join(parts)}{rest})"


def _claimed_box(entry: Mapping[str, str]) -> str:
    return _box(entry, bounds=claimed_bounds)


def _field(entry: Mapping[str, Any]) -> str:
    about = entry["field_summary"]
    p = "p" if about["parameter_dim"] == 1 else f"p in R^{about['parameter_dim']}"
    what = f"x' = f(x, {p})" if about["parameter_dim"] else "x' = f(x)"
    members = ", and for every field in its weight ball," if about["weight_radius"] else ","
    return f"For the field {what} in dimension {about['dim']} with digest {entry['field'][:16]}{members}"


def _at_parameter(entry: Mapping[str, Any]) -> str:
    box = entry["enclosures"].get("parameter")
    if not box or not box["lo"]:
        return ""
    return f" for every p in {_claimed_box(box)}"


def _stages(parts: Sequence[Mapping[str, Any]], what: str, each: Callable[[Mapping[str, Any]], str]) -> str:
    """Fields one after another: their digests, each with what is said of it."""
    about = parts[0]["field_summary"]
    p = "p" if about["parameter_dim"] == 1 else f"p in R^{about['parameter_dim']}"
    f = f"f(x, {p})" if about["parameter_dim"] else "f(x)"
    listed = ", then ".join(f"{part['field'][:16]} {each(part)}" for part in parts[:6])
    more = f", … ({len(parts)} in all)" if len(parts) > 6 else ""
    ball = any(part["field_summary"]["weight_radius"] for part in parts)
    members = ", and for all fields in their weight balls," if ball else ","
    return f"For {what.format(f=f)} in dimension {about['dim']}, with the fields f of digest {listed}{more}{members}"


def _layers(entry: Mapping[str, Any]) -> str:
    return _stages(entry["layers"], "x' = {f}", lambda layer: f"for a time of {float.fromhex(layer['duration'])!r}")


def _maps(entry: Mapping[str, Any]) -> str:
    def each(stage: Mapping[str, Any]) -> str:
        h = float.fromhex(stage["step"])
        image = f"x + {h!r} f" if stage["residual"] else "f" if h == 1.0 else f"{h!r} f"
        return f"({stage['steps']} {'step' if stage['steps'] == 1 else 'steps'} x -> {image})"

    return _stages(entry["stages"], "the iterates of maps with {f}", each)


def _end(entry: Mapping[str, Any]) -> str:
    """The final time of an entry with layers; `reached` is null where it is the end of the last one."""
    if entry["reached"] is not None:
        return f"t = {float.fromhex(entry['reached'])!r}"
    durations = [Fraction(float.fromhex(layer["duration"])) for layer in entry["layers"]]
    end = sum(durations, Fraction(float.fromhex(entry["initial"]["time"])))
    near = float(end)
    return "the end of the last layer, t = " + (repr(near) if Fraction(near) == end else f"{near!r} up to a rounding")


def _zero(entry: Mapping[str, Any]) -> str:
    e = entry["enclosures"]
    return (
        f"{_field(entry)} the equation f = 0 has{_at_parameter(entry)} exactly one solution in the box "
        f"{_claimed_box(e['uniqueness'])}; it lies in {_box(e['enclosure'])}, and the Jacobian is nonsingular there."
    )


def _equilibrium(entry: Mapping[str, Any]) -> str:
    e, c = entry["enclosures"], entry["conclusions"]
    text = (
        f"{_field(entry)} there is{_at_parameter(entry)} exactly one equilibrium in the box "
        f"{_claimed_box(e['isolation'])}; it lies in {_box(e['state'])}, and the Jacobian is nonsingular there."
    )
    if c["unstable_dimension"] is not None:
        text += f" Exactly {c['unstable_dimension']} eigenvalues of the Jacobian have positive real part"
        text += "." if c["stable_dimension"] is None else f" and {c['stable_dimension']} have negative real part."
    return text


def _hopf(entry: Mapping[str, Any]) -> str:
    e, c = entry["enclosures"], entry["conclusions"]
    text = (
        f"{_field(entry)} there is a Hopf point with parameter p in {_bounds(e['parameter'])}, frequency w in "
        f"{_bounds(e['frequency'])} and equilibrium x in {_box(e['state'])}: the Jacobian has the simple eigenvalues "
        f"+-iw, no other eigenvalue on the imaginary axis and exactly {c['unstable_dimension']} with positive real "
        f"part, and the pair crosses the axis with speed d Re(lambda)/dp in {_bounds(e['transversality'])}. "
        f"A branch of periodic orbits is born there."
    )
    if c["criticality"] == "undetermined":
        text += " Its criticality is undetermined."
    else:
        text += (
            f" The first Lyapunov coefficient lies in {_bounds(e['lyapunov_coefficient'])} (|q|_2 = 1, <p,q> = 1): the "
            f"point is {c['criticality']}."
        )
    if c["cycle_is_stable"] is not None:
        text += f" The small cycle is {'stable' if c['cycle_is_stable'] else 'not stable'}."
    return text


def _no_periodic_orbits(entry: Mapping[str, Any]) -> str:
    e = entry["enclosures"]
    lo, hi = _numbers(e["intervals"]["lo"]), _numbers(e["intervals"]["hi"])
    ranges = [claimed_bounds(a, b) for a, b in zip(lo, hi, strict=True)]
    where = f" inside the box {_claimed_box(e['region'])}" if e["region"] else ""
    return f"{_field(entry)} there is no non-constant periodic orbit{where} for any p in {' or '.join(ranges)}."


def _spectrum(entry: Mapping[str, Any]) -> str:
    c = entry["conclusions"]
    text = f"All {entry['matrix']['rows']} eigenvalues of the matrix, or of every matrix in its ball, lie in the discs"
    counts = [
        f"exactly {c[key]} have {word} real part"
        for key, word in (("positive", "positive"), ("negative", "negative"))
        if c[key] is not None
    ]
    return text + ("; " + ", ".join(counts) if counts else "") + "."


def _initial_set(entry: Mapping[str, Any]) -> str:
    """The set of initial points, a box rounded inward; a parallelepiped is left to the numbers."""
    initial = entry["initial"]
    centre, radii = _numbers(initial["centre"]), _numbers(initial["radii"])
    directions = _numbers(initial["directions"])
    n, k = len(centre), len(radii)
    if k and (k != n or directions != [float(i == j) for i in range(n) for j in range(n)]):
        return f"in the set `initial` about ({', '.join(repr(c) for c in centre[:6])}{', …' if n > 6 else ''})"
    exact = Context(prec=2000)
    parts = []
    for c, r in zip(centre[:6], (radii or [0.0] * n)[:6], strict=True):
        if r == 0.0:
            parts.append(repr(c))
            continue
        lo, hi = exact.subtract(Decimal(c), Decimal(r)), exact.add(Decimal(c), Decimal(r))
        low = Context(prec=17, rounding=ROUND_CEILING).plus(lo)
        high = Context(prec=17, rounding=ROUND_FLOOR).plus(hi)
        parts.append(f"[{low.normalize():g}, {high.normalize():g}]" if low <= high else f"{c.hex()} ± {r.hex()}")
    more = f", … ({n} components, all in `initial`)" if n > 6 else ""
    return f"at ({', '.join(parts)}{more})" if not any(radii) else f"in the box ({', '.join(parts)}{more})"


def _trajectory(entry: Mapping[str, Any]) -> str:
    t = float.fromhex(entry["reached"])
    return _path(entry, _field(entry), f"t = {t!r}", f"the {len(entry['steps'])} steps")


def _layered_trajectory(entry: Mapping[str, Any]) -> str:
    steps = sum(len(layer["steps"]) for layer in entry["layers"])
    return _path(entry, _layers(entry), _end(entry), f"the {steps} steps in {len(entry['layers'])} layers", "final")


def _path(entry: Mapping[str, Any], field: str, end: str, steps: str, name: str = "state") -> str:
    e, t0 = entry["enclosures"], float.fromhex(entry["initial"]["time"])
    text = (
        f"{field} every solution that starts at t = {t0!r} {_initial_set(entry)} exists{_at_parameter(entry)} "
        f"up to {end} and stays within the tubes of {steps}; there it lies in "
        f"{_box(e['final'], name=name)}. Points and times are the doubles nearest to what is printed."
    )
    return text + _derivative(e)


def _derivative(e: Mapping[str, Any]) -> str:
    if e["derivative"] is None:
        return ""
    n = len(_numbers(e["final"]["lo"]))
    lo, hi = (_numbers(e["derivative"][end])[0] for end in ("lo", "hi"))
    return (
        f" Its {n} x {n} derivative by the initial point lies in the enclosure `derivative`, with first entry in "
        f"{decimal_bounds(lo, hi)}."
    )


def _lyapunov_exponents(entry: Mapping[str, Any]) -> str:
    text = _exponents(entry, _field(entry), f"t = {float.fromhex(entry['reached'])!r}")
    if "sample" in entry:
        sample = entry["sample"]
        where, again = f"the point lies in the cell {_claimed_box(sample['cell'])}, for which", "of the cell "
        if sample["cell"]["lo"] == sample["cell"]["hi"]:
            where, again = "for this point", ""
        text += (
            f" This is a sample of a field of exponents: {where} the field has the interval "
            f"{_bounds(sample['interval'])}; the largest exponent meets it. The interval {again}is not proved again."
        )
    return text


def _layered_exponents(entry: Mapping[str, Any]) -> str:
    return _exponents(entry, _layers(entry), _end(entry))


def _exponents(entry: Mapping[str, Any], field: str, end: str) -> str:
    t0 = float.fromhex(entry["initial"]["time"])
    return (
        f"{field} every solution that starts at t = {t0!r} {_initial_set(entry)} exists{_at_parameter(entry)} "
        f"up to {end}, and {_listed_exponents(entry, 'log(sigma_i) / |t - t0|')} "
        "Points and times are the doubles nearest to what is printed."
    )


def _listed_exponents(entry: Mapping[str, Any], formula: str) -> str:
    lo, hi = (_numbers(entry["enclosures"]["exponents"][end]) for end in ("lo", "hi"))
    listed = ", ".join(decimal_bounds(a, b) for a, b in zip(lo, hi, strict=True))
    n = len(lo)
    return (
        f"the {n} finite-time Lyapunov exponents {formula} there, sigma_i the "
        f"singular values of the {n} x {n} derivative by the initial point in descending order, lie in {listed}."
    )


def _map_iteration(entry: Mapping[str, Any]) -> str:
    e, t0, steps = entry["enclosures"], float.fromhex(entry["initial"]["time"]), entry["conclusions"]["steps"]
    started = f" at t = {t0!r}" if t0 else ""
    text = (
        f"{_maps(entry)} every orbit that starts{started} {_initial_set(entry)} has{_at_parameter(entry)} its points "
        f"in the enclosures `states`, and the last, after {steps} steps, lies in {_box(e['final'], name='final')}. "
        "Points, steps and times are the doubles nearest to what is printed."
    )
    return text + _derivative(e)


def _map_exponents(entry: Mapping[str, Any]) -> str:
    t0, steps = float.fromhex(entry["initial"]["time"]), entry["conclusions"]["steps"]
    started = f" at t = {t0!r}" if t0 else ""
    return (
        f"{_maps(entry)} every orbit that starts{started} {_initial_set(entry)} exists{_at_parameter(entry)} for "
        f"{steps} steps, and {_listed_exponents(entry, 'log(sigma_i) / (the steps times their |step|)')} Points, steps "
        "and times are the doubles nearest to what is printed."
    )


def _robust_radius(entry: Mapping[str, Any]) -> str:
    t0, c = float.fromhex(entry["initial"]["time"]), entry["conclusions"]
    radius = _round(float.fromhex(c["radius"]), ROUND_FLOOR, 17)
    return (
        f"{_layers(entry)} every solution that starts at t = {t0!r} within the distance {radius} (2-norm) of the input "
        f"{_initial_set(entry)} exists{_at_parameter(entry)} up to {_end(entry)} and has class {c['class']} there: "
        f"{_class_text(entry)} For the input itself it exceeds every other one by at least {_least_margin(entry)}. "
        "Points and times are the doubles nearest to what is printed."
    )


def _input_class(entry: Mapping[str, Any]) -> str:
    t0, cls = float.fromhex(entry["initial"]["time"]), entry["conclusions"]["class"]
    if "stages" in entry:
        started = f" at t = {t0!r}" if t0 else ""
        field, what = _maps(entry), f"orbit that starts{started}"
        end = f"has after {entry['conclusions']['steps']} steps"
    else:
        field, what, end = _layers(entry), f"solution that starts at t = {t0!r}", f"exists up to {_end(entry)} and has"
    return (
        f"{field} every {what} {_initial_set(entry)}{_at_parameter(entry)} {end} class {cls}: {_class_text(entry)} "
        f"It exceeds every other one by at least {_least_margin(entry)}. Points, steps and times are the doubles "
        "nearest to what is printed."
    )


def _adversarial_pair(entry: Mapping[str, Any]) -> str:
    first, second = entry["pair"]
    t0, (a, b) = float.fromhex(first["initial"]["time"]), (part["conclusions"]["class"] for part in entry["pair"])
    classes = len(_numbers(entry["readout"]["bias"]))
    return (
        f"{_layers(first)} the solutions that start at t = {t0!r} {_initial_set(first)} and {_initial_set(second)}, "
        f"whose distance (2-norm) lies in {_bounds(entry['enclosures']['distance'])}, exist{_at_parameter(first)} "
        f"up to {_end(first)} and have the classes {a} and {b}: of the {classes} scores w_k . x + b_k of the readout "
        f"in the certificate, that of class {a} is the largest for the first, that of class {b} for the second. "
        "Points and times are the doubles nearest to what is printed."
    )


def _class_text(entry: Mapping[str, Any]) -> str:
    classes, cls = len(_numbers(entry["readout"]["bias"])), entry["conclusions"]["class"]
    return (
        f"of the {classes} scores w_k . x + b_k of the readout in the certificate, that of class {cls} is the largest."
    )


def _least_margin(entry: Mapping[str, Any]) -> str:
    lower = _numbers(entry["enclosures"]["margins"]["lo"])
    return _round(min(z for k, z in enumerate(lower) if k != entry["conclusions"]["class"]), ROUND_FLOOR, 6)


TEMPLATES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "zero": _zero,
    "equilibrium": _equilibrium,
    "hopf_point": _hopf,
    "no_periodic_orbits": _no_periodic_orbits,
    "spectrum": _spectrum,
    "trajectory": _trajectory,
    "lyapunov_exponents": _lyapunov_exponents,
    "layered_trajectory": _layered_trajectory,
    "layered_exponents": _layered_exponents,
    "robust_radius": _robust_radius,
    "input_class": _input_class,
    "adversarial_pair": _adversarial_pair,
    "map_iteration": _map_iteration,
    "map_exponents": _map_exponents,
}


def statement(entry: Mapping[str, Any]) -> str:
    """The sentence of one theorem of a certificate, from its numbers."""
    return TEMPLATES[entry["theorem"]](entry)


def join(sentences: Sequence[str]) -> str:
    return "\n".join(sentences)
