"""What a theorem answers: proved with the validated object, or not proved for a reason a user can act on.

A `Result` comes out of the C++ core, where *proved* is constructed by the function that checked the inequality. Nothing
in Python can make one: the constructor wants a token that only `result_from_core` holds, and that function only passes
on what the core said. A failed proof never raises; `Result.require()` turns it into `NotProved` where that is wanted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from capnode import _core
from capnode.errors import InternalError, NotProved

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

T = TypeVar("T")
U = TypeVar("U")

_SENTENCES: Mapping[str, str] = _core.verdict_sentences()


class Verdict(StrEnum):
    """What became of a proof; `.sentence` tells what to do (the sentences stand in proof/verdict.hpp)."""

    proved = "proved"
    no_convergence = "no_convergence"
    inclusion_failed = "inclusion_failed"
    contraction_failed = "contraction_failed"
    singular = "singular"
    no_zero = "no_zero"
    counterexample = "counterexample"
    unbounded = "unbounded"
    spectrum_not_separated = "spectrum_not_separated"
    pair_not_isolated = "pair_not_isolated"
    other_eigenvalue_on_axis = "other_eigenvalue_on_axis"
    zero_eigenvalue = "zero_eigenvalue"
    strong_resonance = "strong_resonance"
    not_transversal = "not_transversal"
    augmented_singular = "augmented_singular"
    not_diagonal_family = "not_diagonal_family"
    not_definite = "not_definite"
    too_wide = "too_wide"
    tangent = "tangent"
    section_not_reached = "section_not_reached"
    lost = "lost"
    interrupted = "interrupted"
    tied = "tied"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self.value]


@dataclass(frozen=True)
class Evidence:
    """One hypothesis as it was checked: `name: left relation right`; both sides are (lo, hi)."""

    name: str
    left: tuple[float, float]
    relation: str
    right: tuple[float, float]
    holds: bool

    def __str__(self) -> str:
        sign = "" if self.holds else "   FAILS"
        return f"{self.name}: {_side(self.left)} {self.relation} {_side(self.right)}{sign}"


def _side(bounds: tuple[float, float]) -> str:
    lo, hi = bounds
    if lo == hi:
        return f"{lo:.6g}"
    return f"[{_outward(lo, up=False)}, {_outward(hi, up=True)}]"


def _outward(x: float, *, up: bool, digits: int = 8) -> str:
    """`x` in decimals, rounded up or down: a printed enclosure still encloses."""
    text = f"{x:.{digits}g}"
    if not math.isfinite(x) or float(text) == x or (float(text) > x) == up:
        return text
    exponent = math.floor(math.log10(abs(x))) if x != 0.0 else 0
    step = 10.0 ** (exponent - digits + 1)
    return f"{x + (step if up else -step):.{digits}g}"


@dataclass(frozen=True)
class Provenance:
    """What the theorem was asked about: enough for a certificate (`inputs`: arrays, numbers, strings by name)."""

    theorem: str
    field: Any = None
    inputs: Mapping[str, Any] = dataclass_field(default_factory=dict)


class Result(Generic[T]):
    """The answer of a theorem.

    `proved` (bool); `verdict` (`Verdict`; `.sentence` says what to do); `detail` (the numbers of a failure); `value`
    (the validated object; None unless proved, except that runs which stop on their way keep what they proved);
    `evidence` (the hypotheses, each as it was checked); `provenance`.
    """

    __slots__ = ("_detail", "_evidence", "_provenance", "_value", "_verdict")

    def __init__(
        self,
        token: object,
        verdict: Verdict,
        detail: str,
        value: T | None,
        evidence: tuple[Evidence, ...],
        provenance: Provenance,
    ) -> None:
        if token is not _TOKEN:
            raise TypeError("a Result is the answer of a theorem: call one, such as capnode.equilibrium(field, near)")
        self._verdict = verdict
        self._detail = detail
        self._value = value
        self._evidence = evidence
        self._provenance = provenance

    @property
    def proved(self) -> bool:
        return self._verdict is Verdict.proved

    @property
    def verdict(self) -> Verdict:
        return self._verdict

    @property
    def detail(self) -> str:
        return self._detail

    @property
    def value(self) -> T | None:
        return self._value

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return self._evidence

    @property
    def provenance(self) -> Provenance:
        return self._provenance

    @property
    def reason(self) -> str:
        """The verdict's sentence and the numbers behind it."""
        return f"{self._verdict.sentence} {self._detail}".strip()

    def require(self) -> T:
        """The validated object; raises `NotProved` with the reason where there is none."""
        if not self.proved or self._value is None:
            raise NotProved(f"{self._provenance.theorem}: {self.reason}")
        return self._value

    def certificate(self) -> Any:
        """The theorem with everything needed to check it again (`capnode.certificate`); only where proved."""
        self.require()
        from capnode.certificate import certificate_of

        return certificate_of(self)

    def __bool__(self) -> bool:
        raise TypeError("ask for `.proved`: the truth value of a Result is ambiguous")

    def __repr__(self) -> str:
        if self.proved:
            return f"<{self._provenance.theorem}: proved; {self._value!r}>"
        return f"<{self._provenance.theorem}: not proved ({self._verdict.value}); {self.reason}>"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.table import Table
        from rich.text import Text

        head = "proved" if self.proved else f"not proved: {self.reason}"
        yield Text(f"{self._provenance.theorem}: {head}", style="bold green" if self.proved else "bold yellow")
        if self._value is not None:
            yield Text(repr(self._value))
        if not self._evidence:
            return
        table = Table("hypothesis", "left", "", "right", "holds")
        for e in self._evidence:
            mark = Text("yes", style="green") if e.holds else Text("no", style="red")
            table.add_row(e.name, _side(e.left), e.relation, _side(e.right), mark)
        yield table


_TOKEN = object()


def result_from_core(core: Mapping[str, Any], build: Callable[[Any], U], provenance: Provenance) -> Result[U]:
    """The one way into `Result`: the dict of cpp/bindings/result.hpp, its value built by `build`."""
    verdict = Verdict(core["verdict"])
    evidence = tuple(
        Evidence(name, (left_lo, left_hi), relation, (right_lo, right_hi), holds)
        for name, left_lo, left_hi, relation, right_lo, right_hi, holds in core["evidence"]
    )
    proved = verdict is Verdict.proved
    if proved != core["proved"] or (proved and (core["value"] is None or not all(e.holds for e in evidence))):
        raise InternalError(f"the core declared {provenance.theorem} {verdict.value} against its own evidence")
    value = build(core["value"]) if proved else None
    return Result(_TOKEN, verdict, core["detail"], value, evidence, provenance)


def partial_result(
    verdict: str, detail: str, value: T, evidence: tuple[Evidence, ...], provenance: Provenance
) -> Result[T]:
    """The result of a computation that may stop on its way: `value` says itself what of it is proved and stays
    readable where the whole is not (`require` raises then all the same). The verdict is the core's."""
    return Result(_TOKEN, Verdict(verdict), detail, value, evidence, provenance)
