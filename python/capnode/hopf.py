"""All Hopf points of a field over a span of its parameter: the search, the proofs, and what became of each candidate.

Two ways. A field of the diagonal family, x' = s(A(p) x + b) with dA/dp = I, gets all its points from one verified
eigendecomposition, and a proof that there are no others (dynamics/diagonal_family.hpp). Any other field is searched in
plain floats (`capnode.search`), and each candidate is proved on its own (dynamics/hopf.hpp).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from capnode import _core
from capnode.hopf_point import HopfPoint, hopf_point_from_core
from capnode.parallel import Stop, interruptible, map_parallel
from capnode.progress import ProgressOption, Report, reporting
from capnode.result import Provenance, Result, Verdict, result_from_core
from capnode.search.candidates import Refined, Start
from capnode.search.hopf_search import SearchOptions, SearchReport, search_hopf
from capnode.search.linear_algebra import FloatArray
from capnode.statements import ball_text

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from rich.console import Console, ConsoleOptions, RenderResult

    from capnode.certificate import Certificate
    from capnode.field import Field

Method = Literal["auto", "diagonal", "general"]
THEOREM = "Hopf point"


@dataclass(frozen=True)
class Candidate:
    """An approximate Hopf point that was looked at, and what became of it.

    `outcome` is a sentence: "proved", "not proved: ...", "rejected: ...", "duplicate of #k: ..."; `index` is the place
    in the `HopfSearch` of the result it belongs to, None where it was rejected.
    """

    parameter: float
    frequency: float
    origin: str
    outcome: str
    index: int | None


class HopfSearch(Sequence[Result[HopfPoint]]):
    """The answer of `hopf_points`: a sequence of results, sorted by the parameter of the candidate.

    field, span, method   what was asked; method is "diagonal" or "general", as used
    points                the proved points
    candidates            everything that was tried, with its outcome
    complete              True only where it is proved that the span holds no other Hopf point than the proved ones
    why_incomplete        the reason where it is not
    unbalanced            general path: stretches (lo, hi, reason) where the count of unstable eigenvalues does not
                          match the crossings found: points may hide there
    interrupted           Ctrl-C came; what had been proved is kept
    seconds               wall time of the search and of the proofs
    """

    def __init__(
        self,
        field: Field,
        span: tuple[float, float],
        method: str,
        results: Sequence[Result[HopfPoint]],
        candidates: Sequence[Candidate],
        *,
        parameters: Sequence[float],
        complete: bool,
        why_incomplete: str,
        unbalanced: Sequence[tuple[float, float, str]] = (),
        interrupted: bool = False,
        seconds: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        self.field = field
        self.span = span
        self.method = method
        self.candidates = tuple(candidates)
        self.complete = complete
        self.why_incomplete = why_incomplete
        self.unbalanced = tuple(unbalanced)
        self.interrupted = interrupted
        self.seconds = seconds
        self._results = tuple(results)
        self._parameters = tuple(parameters)

    @overload
    def __getitem__(self, index: int) -> Result[HopfPoint]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Result[HopfPoint]]: ...
    def __getitem__(self, index: int | slice) -> Result[HopfPoint] | Sequence[Result[HopfPoint]]:
        return self._results[index]

    def __len__(self) -> int:
        return len(self._results)

    def __iter__(self) -> Iterator[Result[HopfPoint]]:
        return iter(self._results)

    @property
    def points(self) -> list[HopfPoint]:
        return [r.require() for r in self._results if r.proved]

    @property
    def proved(self) -> bool:
        """Whether every candidate of the sequence is proved."""
        return all(r.proved for r in self._results)

    def certificate(self, *, embed: bool = True) -> Certificate:
        """All proved points in one certificate, the field stored once (`embed=False`: its digest only)."""
        from capnode.certificate import certificate_of_many

        return certificate_of_many(self, embed=embed)

    def plot(self, *, ax: Any = None, title: str | None = None) -> Any:
        """Frequency over parameter, with criticality and stability; returns the axes (`capnode.plot`)."""
        from capnode.plot import plot_hopf_points

        return plot_hopf_points(self, ax=ax, title=title)

    def summary(self) -> str:
        """A few lines in words: how many candidates, what became of them, whether the list is complete."""
        points = self.points
        tried = len(self.candidates)
        rejected = sum(c.index is None for c in self.candidates)
        duplicates = sum(c.outcome.startswith("duplicate") for c in self.candidates)
        signs = [p.criticality for p in points]
        lines = [
            f"{len(points)} Hopf points proved, {len(self) - len(points)} candidates not proved, "
            f"parameter in [{self.span[0]:g}, {self.span[1]:g}], {self.method} path.",
            f"{signs.count('supercritical')} supercritical, {signs.count('subcritical')} subcritical, "
            f"{signs.count('undetermined')} undetermined; "
            f"{sum(p.cycle_is_stable is True for p in points)} of the born cycles are proved stable.",
            f"{tried} candidates tried: {rejected} rejected, {duplicates} duplicates.",
        ]
        reasons: dict[str, int] = {}
        for r in self._results:
            if not r.proved:
                reasons[r.verdict.sentence] = reasons.get(r.verdict.sentence, 0) + 1
        lines += [f"  {count} x {reason}" for reason, count in reasons.items()]
        lines += [f"  p in [{lo:.9g}, {hi:.9g}]: {why}" for lo, hi, why in self.unbalanced[:5]]
        if len(self.unbalanced) > 5:
            lines.append(f"  and {len(self.unbalanced) - 5} more such stretches")
        if self.complete:
            lines.append("Complete: it is proved that the span holds no other Hopf point.")
        else:
            lines.append(f"Not proved complete: {self.why_incomplete}.")
        if self.interrupted:
            lines.append("Interrupted: what had been proved is kept.")
        return "\n".join(lines)

    def __repr__(self) -> str:
        more = ", complete" if self.complete else ""
        return f"<HopfSearch: {len(self.points)} of {len(self)} candidates proved, {self.method} path{more}>"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.table import Table
        from rich.text import Text

        table = Table()
        for name in ("#", "parameter", "frequency", "first Lyapunov coefficient", "criticality", "unstable", "cycle"):
            table.add_column(name, overflow="fold")  # a number must not be cut
        for k, result in enumerate(self._results):
            if not result.proved:
                table.add_row(
                    str(k),
                    f"~ {self._parameters[k]:.12g}",
                    "",
                    Text(result.verdict.sentence, style="yellow"),
                    "",
                    "",
                    "",
                )
                continue
            p = result.require()
            stable = {True: "stable", False: "not stable", None: "undecided"}[p.cycle_is_stable]
            table.add_row(
                str(k),
                _enclosure(p.parameter),
                _enclosure(p.frequency),
                _enclosure(p.lyapunov_coefficient),
                Text(p.criticality, style="green" if p.criticality == "supercritical" else "red"),
                str(p.unstable_dimension),
                stable,
            )
        yield table
        yield Text(self.summary())

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings; enclosures as [lo, hi], floats exact in their shortest decimals."""
        results = []
        for parameter, r in zip(self._parameters, self._results, strict=True):
            entry: dict[str, Any] = {"parameter_bar": parameter, "proved": r.proved, "verdict": r.verdict.value}
            if r.proved:
                p = r.require()
                entry |= {
                    "parameter": _bounds(p.parameter),
                    "frequency": _bounds(p.frequency),
                    "transversality": _bounds(p.transversality),
                    "lyapunov_coefficient": _bounds(p.lyapunov_coefficient),
                    "criticality": p.criticality,
                    "unstable_dimension": p.unstable_dimension,
                    "cycle_is_stable": p.cycle_is_stable,
                    "state": [list(b) for b in zip(p.state.lo.tolist(), p.state.hi.tolist(), strict=True)],
                }
            else:
                entry |= {"reason": r.reason}
            results.append(entry)
        return {
            "field": self.field.digest,
            "span": list(self.span),
            "method": self.method,
            "complete": self.complete,
            "why_incomplete": self.why_incomplete,
            "interrupted": self.interrupted,
            "seconds": list(self.seconds),
            "points": results,
            "candidates": [
                {
                    "parameter": _finite(c.parameter),
                    "frequency": _finite(c.frequency),
                    "origin": c.origin,
                    "outcome": c.outcome,
                    "index": c.index,
                }
                for c in self.candidates
            ],
            "unbalanced": [list(u) for u in self.unbalanced],
        }

    def to_json(self, *, indent: int | None = None) -> str:
        return json.dumps(self.to_dict(), indent=indent)


def _finite(x: float) -> float | None:
    return x if math.isfinite(x) else None


def _bounds(x: Any) -> list[float | None]:
    return [_finite(float(x.lo)), _finite(float(x.hi))]


def _enclosure(x: Any) -> str:
    return ball_text(float(x.lo), float(x.hi))


def hopf_points(
    field: Field,
    span: tuple[float, float],
    *,
    near: ArrayLike | None = None,
    method: Method = "auto",
    progress: ProgressOption = None,
    threads: int | None = None,
    options: SearchOptions | None = None,
) -> HopfSearch:
    """All Hopf points of x' = f(x, p) with p in the span that are found, each proved or not proved with its reason.

    field     one parameter, no time
    span      (lo, hi), finite, lo < hi
    near      (dim,): an equilibrium is looked for there too (general path)
    method    "diagonal": the complete list by one eigendecomposition, for fields x' = s(A(p) x + b), dA/dp = I, s one
              of tanh, atan, erf up to a positive factor (ValueError for others); "general": search and prove, by no
              use of structure; "auto": diagonal where it applies
    progress  True: a bar on standard error; a function (stage, done, total); None: silent
    threads   over points; all cores of the process by default
    options   of the search (`capnode.search.hopf_search.SearchOptions`)

    Ctrl-C stops after the LAPACK calls that run and returns what is finished (`.interrupted`); a second one exits.
    """
    lo, hi = _checked_span(span)
    start = _checked_near(near, field.dim)
    if field.parameter_dim != 1:
        raise ValueError(f"hopf_points needs a field with exactly 1 parameter, this one has {field.parameter_dim}")
    if field.core.depends_on_time:
        raise ValueError("hopf_points needs an autonomous field, this one depends on time")
    if method not in ("auto", "diagonal", "general"):
        raise ValueError(f'method must be "auto", "diagonal" or "general", got {method!r}')
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be at least 1, got {threads}")

    with interruptible() as stop, reporting(progress) as report:
        if method != "general":
            found = _diagonal(field, (lo, hi), stop, report)
            if isinstance(found, HopfSearch):
                return found
            if method == "diagonal":
                raise ValueError(f"the field is not of the diagonal family: {found}")
        return _general(field, (lo, hi), start, options or SearchOptions(threads=threads), threads, stop, report)


def _checked_span(span: tuple[float, float]) -> tuple[float, float]:
    try:
        lo, hi = (float(v) for v in span)
    except (TypeError, ValueError):
        raise ValueError(f"span must be two numbers (lo, hi), got {span!r}") from None
    if not (math.isfinite(lo) and math.isfinite(hi)):
        raise ValueError(f"span must be finite, got lo = {lo} and hi = {hi}")
    if not lo < hi:
        raise ValueError(f"span must satisfy lo < hi, got lo = {lo} and hi = {hi}")
    return lo, hi


def _checked_near(near: ArrayLike | None, dim: int) -> FloatArray | None:
    if near is None:
        return None
    x = np.asarray(near, dtype=np.float64)
    if x.shape != (dim,):
        raise ValueError(f"near has shape {x.shape}, the field needs ({dim},)")
    if not np.all(np.isfinite(x)):
        k = int(np.flatnonzero(~np.isfinite(x))[0])
        raise ValueError(f"near must be finite, entry {k} is {x[k]}")
    return x


# ---- diagonal path ---------------------------------------------------------------------------------------------------


def _diagonal(field: Field, span: tuple[float, float], stop: Stop, report: Report) -> HopfSearch | str:
    """The complete list, or why the field is not of the family."""
    started = time.perf_counter()
    cancellation = _core.Cancellation()
    stop.on_request(cancellation.cancel)
    # on a thread, so that the main thread sees Ctrl-C while the core works
    [core] = map_parallel(
        lambda _: _core.diagonal_hopf_points(field.core, span[0], span[1], cancellation),
        [None],
        threads=1,
        stop=None,
    )
    assert core is not None
    if not core["recognised"]:
        return str(core["reason"])
    if not core["basis_valid"] and not core["interrupted"]:
        return str(core["why_incomplete"])
    results: list[Result[HopfPoint]] = []
    candidates: list[Candidate] = []
    parameters: list[float] = []
    provenance = Provenance(THEOREM, field, {"method": "diagonal", "span": span})
    for k, found in enumerate(core["candidates"]):
        result = result_from_core(found["result"], hopf_point_from_core, provenance)
        lo, hi = found["parameter"]
        parameters.append(0.5 * lo + 0.5 * hi)
        results.append(result)
        candidates.append(Candidate(parameters[-1], found["frequency_bar"], "eigenvalue pair", _outcome(result), k))
    elapsed = time.perf_counter() - started
    return HopfSearch(
        field,
        span,
        "diagonal",
        results,
        candidates,
        parameters=parameters,
        complete=core["complete"],
        why_incomplete=core["why_incomplete"],
        interrupted=core["interrupted"],
        seconds=(0.0, elapsed),
    )


def _outcome(result: Result[HopfPoint]) -> str:
    return "proved" if result.proved else f"not proved: {result.reason}"


# ---- general path ----------------------------------------------------------------------------------------------------


class _FloatField:
    """`capnode.search` sees a field through this."""

    def __init__(self, field: Field) -> None:
        self.dim = field.dim
        self._core = field.core

    def value(self, x: FloatArray, p: float) -> FloatArray:
        value: FloatArray = self._core.evaluate(x[:, None], np.array([[p]]), 0.0)
        return value[:, 0]

    def jacobian(self, x: FloatArray, p: float) -> tuple[FloatArray, FloatArray]:
        _, dx, dp = self._core.jacobian(x[:, None], np.array([[p]]), 0.0)
        return dx, dp[:, 0]


def _refiner(core: Any, bound: float) -> Callable[[Start], Refined]:
    """Newton on the augmented system in the core (dynamics/hopf.hpp), in floats."""

    def refine(start: Start) -> Refined:
        v = np.ascontiguousarray(start.v, dtype=np.complex128)
        found = _core.refine_hopf_candidate(core, start.p, start.w, start.x, v, 10)
        x = np.asarray(found["x_bar"])
        reason = ""
        if not found["converged"]:
            reason = (
                f"Newton's method did not converge in {found['iterations']} steps (last step {found['last_step']:.2g})"
            )
        elif not found["omega_bar"] > 1e-9 * start.w:
            reason = f"it ended at the frequency {found['omega_bar']:.6g}"
        elif not float(np.max(np.abs(x), initial=0.0)) <= bound:
            reason = f"Newton's method left the bound |x| <= {bound:g}"
        return Refined(
            found["p_bar"], found["omega_bar"], x, found["v_bar"], start.origin, not reason, found["iterations"], reason
        )

    return refine


@dataclass
class _Proof:
    """A candidate that went to the prover: the core's answer, None where it was stopped first."""

    hint: Refined
    core: dict[str, Any] | None


def _general(
    field: Field,
    span: tuple[float, float],
    near: FloatArray | None,
    options: SearchOptions,
    threads: int | None,
    stop: Stop,
    report: Report,
) -> HopfSearch:
    started = time.perf_counter()
    core = field.core
    if options.threads is None:
        options = replace(options, threads=threads)
    search = search_hopf(
        _FloatField(field),
        span,
        near=near,
        options=options,
        refine_start=_refiner(core, 10.0 * options.state_bound),
        stop=stop,
        report=report,
    )
    searched = time.perf_counter()

    cancellation = _core.Cancellation()
    stop.on_request(cancellation.cancel)
    hints = [*search.found, *(d for d, _ in search.duplicates)]

    def prove(hint: Refined) -> dict[str, Any]:
        answer: dict[str, Any] = _core.prove_hopf(core, hint.p, hint.w, hint.x, hint.v, cancellation)
        return answer

    answers = map_parallel(
        prove, hints, threads=options.threads, stop=stop, on_done=lambda k: report("proofs", k, len(hints))
    )
    proofs = [_Proof(h, a) for h, a in zip(hints, answers, strict=True)]
    return _assemble(field, span, search, proofs, stop, (searched - started, time.perf_counter() - searched))


def _assemble(
    field: Field,
    span: tuple[float, float],
    search: SearchReport,
    proofs: list[_Proof],
    stop: Stop,
    seconds: tuple[float, float],
) -> HopfSearch:
    """Sorts the answers, removes duplicates by proof, and writes down what became of every candidate."""
    order = sorted(range(len(proofs)), key=lambda k: (proofs[k].hint.p, proofs[k].hint.w))
    look_alikes = {len(search.found) + d: k for d, (_, k) in enumerate(search.duplicates)}
    kept: list[int] = []  # indices into proofs
    duplicate_of: dict[int, tuple[int, str]] = {}
    for k in order:
        answer = proofs[k].core
        if answer is not None and answer["proved"]:
            for other in reversed(kept):
                known = proofs[other].core
                if known is None or not known["proved"] or not _boxes_meet(known["value"], answer["value"]):
                    continue
                identity = _core.same_hopf_solution(known["value"], answer["value"])
                if identity == "same":
                    duplicate_of[k] = (other, "proved to be the same point")
                    break
        elif k in look_alikes:  # nothing was proved of either: one refusal is enough
            twin = proofs[look_alikes[k]].core
            if twin is None or not twin["proved"] or answer is None:
                duplicate_of[k] = (look_alikes[k], "the same numbers")
        if k not in duplicate_of:
            kept.append(k)

    place = {k: index for index, k in enumerate(kept)}
    results: list[Result[HopfPoint]] = []
    candidates: list[tuple[float, Candidate]] = []
    for k in kept:
        hint, answer = proofs[k].hint, proofs[k].core
        provenance = Provenance(
            THEOREM, field, {"method": "general", "span": span, "hint": (hint.p, hint.w, hint.x, hint.v)}
        )
        result = result_from_core(answer if answer is not None else _stopped(), hopf_point_from_core, provenance)
        results.append(result)
        candidates.append((hint.p, Candidate(hint.p, hint.w, hint.origin, _outcome(result), place[k])))
    for k, (other, how) in duplicate_of.items():
        while other in duplicate_of:
            other = duplicate_of[other][0]
        hint = proofs[k].hint
        outcome = f"duplicate of #{place[other]}: {how}"
        candidates.append((hint.p, Candidate(hint.p, hint.w, hint.origin, outcome, place[other])))
    for hint in search.rejected:
        candidates.append((hint.p, Candidate(hint.p, hint.w, hint.origin, f"rejected: {hint.reason}", None)))
    candidates.sort(key=lambda c: c[0])
    return HopfSearch(
        field,
        span,
        "general",
        results,
        [c for _, c in candidates],
        parameters=[proofs[k].hint.p for k in kept],
        complete=False,
        why_incomplete="the general path searches in floats and does not exclude points that it missed",
        unbalanced=search.unbalanced,
        interrupted=stop.is_requested(),
        seconds=seconds,
    )


def _boxes_meet(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return all(a[key][0] <= b[key][1] and b[key][0] <= a[key][1] for key in ("parameter", "frequency"))


def _stopped() -> dict[str, Any]:
    return {
        "proved": False,
        "verdict": Verdict.interrupted.value,
        "sentence": Verdict.interrupted.sentence,
        "detail": "",
        "evidence": [],
        "value": None,
    }
