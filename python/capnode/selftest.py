"""Checks of an installation that take seconds: arithmetic, every instruction set, one proof, its verification."""

from __future__ import annotations

import operator
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np

from capnode import _core
from capnode.field import Field

# f(3/4) to 25 digits, truncated: the true value lies between the number and the number plus one unit of its last digit
AT_THREE_QUARTERS = {
    "tanh": "0.6351489523872873192144343",
    "sigmoid": "0.6791786991753929731596801",
    "softplus": "1.1368710061148999436698402",
    "silu": "0.5093840243815447298697600",
    "gelu": "0.5800294857173488505047033",
    "gelu_tanh": "0.5799605551656203041841441",
    "mish": "0.6100183352182933943446066",
    "sin": "0.6816387600233341667332419",
    "cos": "0.7316888688738208863118387",
    "exp": "2.1170000166126746685453698",
    "log": "-0.2876820724517809274392191",
    "sqrt": "0.8660254037844386467637231",
    "atan": "0.6435011087932843868028092",
    "erf": "0.7111556336535151315989378",
    "reciprocal": "1.3333333333333333333333333",
    "square": "0.5625000000000000000000000",
}


@dataclass(frozen=True)
class SelfCheck:
    """One question, its answer, and a number or a reason."""

    name: str
    holds: bool
    detail: str
    seconds: float


def run() -> list[SelfCheck]:
    """All checks, in order; none raises."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("float environment", _float_environment),
        ("interval arithmetic contains exact results", _intervals),
    ]
    best = str(_core.instruction_set())
    for isa in _core.instruction_sets():
        checks.append((f"elementary functions, {isa}", lambda isa=isa: _elementary(isa)))  # type: ignore[misc]
    checks += [("verified spectrum", _spectrum), ("one Hopf point, proved", _hopf), ("its certificate", _certificate)]
    out = []
    for name, check in checks:
        start = time.perf_counter()
        try:
            detail, holds = check(), True
        except Exception as error:  # a self test reports whatever goes wrong
            detail, holds = f"{type(error).__name__}: {error}", False
        finally:
            _core.use_instruction_set("")
        out.append(SelfCheck(name, holds, detail, time.perf_counter() - start))
    if _core.instruction_set() != best:
        out.append(SelfCheck("instruction set restored", False, f"{_core.instruction_set()} instead of {best}", 0.0))
    return out


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise AssertionError(what)


def _float_environment() -> str:
    tiny = float(np.float64(5e-324)) * 1.0
    _require(tiny > 0.0 and 1.0 + 2.0**-53 == 1.0, "subnormals or rounding to nearest are missing")
    return "to nearest, subnormals kept" + (
        "" if _core.float_environment_is_clean() else " (this process changed it; capnode puts it right in every call)"
    )


def _intervals() -> str:
    random.seed(1)
    count = 500
    a = np.array([random.uniform(-1, 1) * 2.0 ** random.randint(-40, 40) for _ in range(count)])
    b = np.array([random.uniform(-1, 1) * 2.0 ** random.randint(-40, 40) for _ in range(count)])
    for op, exact in (
        ("add", operator.add),
        ("subtract", operator.sub),
        ("multiply", operator.mul),
        ("divide", operator.truediv),
    ):
        lo, hi = _core.interval_binary(op, a, a, b, b)
        for x, y, low, high in zip(a, b, lo, hi, strict=True):
            truth = exact(Fraction(x), Fraction(y))
            _require(Fraction(low) <= truth <= Fraction(high), f"{op} of {x} and {y}")
    return f"{4 * count} random operations against rational numbers"


def _elementary(isa: str) -> str:
    _core.use_instruction_set(isa)
    missing = set(_core.elementwise_functions()) ^ set(AT_THREE_QUARTERS)
    _require(not missing, f"the tables differ in {sorted(missing)}")
    widest = 0.0
    for name, text in AT_THREE_QUARTERS.items():
        builder = _core.FieldBuilder(3, 0, False)
        field = Field(builder.build(builder.apply(name, builder.state())))
        found = field.enclose(np.full((5, 3), 0.75))  # five lanes, so that the bulk kernels are used
        low, high = Fraction(float(np.min(found.lo))), Fraction(float(np.max(found.hi)))
        digit = Fraction(1, 10**25)
        value = Fraction(text)
        _require(
            low <= value + digit and value - digit <= high, f"{name}(0.75) is not in [{float(low)!r}, {float(high)!r}]"
        )
        widest = max(widest, float(high - low) / abs(float(value)))
    return f"{len(AT_THREE_QUARTERS)} functions, widest relative enclosure {widest:.1e}"


def _network() -> Any:
    """x' = tanh((M + p I) x), M nearly antisymmetric: two Hopf points."""
    m = np.array([[0.1, -1.0, 0.25, 0.0], [1.0, -0.2, 0.0, 0.5], [-0.25, 0.0, 0.3, -2.0], [0.0, -0.5, 2.0, -0.15]])
    builder = _core.FieldBuilder(4, 1, False)
    x, p = builder.state(), builder.parameter()
    shifted = builder.add(builder.affine(x, m), builder.multiply(builder.gather(p, [0, 0, 0, 0]), x))
    return Field(builder.build(builder.apply("tanh", shifted)))


def _spectrum() -> str:
    import capnode

    found = capnode.spectrum(np.diag([-3.0, -1.0, 2.0, 5.0]) + 0.125 * np.eye(4, k=1)).require()
    return repr(found)


def _hopf() -> str:
    import capnode

    points = {}
    methods: tuple[Literal["diagonal", "general"], ...] = ("diagonal", "general")
    for method in methods:
        search = capnode.hopf_points(_network(), span=(-1.0, 1.0), method=method)
        _require(len(search) > 0 and search.proved, f"{method} path: {search!r}")
        points[method] = search.points
    pairs = list(zip(points["diagonal"], points["general"], strict=True))
    _require(
        all(a.criticality == b.criticality and float(a.parameter.lo) <= float(b.parameter.hi) for a, b in pairs),
        "the two paths disagree",
    )
    return f"{len(pairs)} points, both paths agree"


def _certificate() -> str:
    if find_spec("flint") is None:
        return "skipped: python-flint is not installed (pip install 'capnode[verify]')"
    import capnode

    certificate = capnode.hopf_points(_network(), span=(-1.0, 1.0)).certificate()
    found = capnode.verify(certificate)
    _require(found.ok, repr(found))
    return f"{found.checked} theorems proved again with Arb, {len(found.checks)} checks"
