"""The search for Hopf points of a field with one parameter: everything in plain floats, nothing of it trusted.

Equilibria on a grid of parameter values, curves of equilibria through them, crossings of pairs along the curves, and
predictions of pairs for what lies beyond the ends of the curves. It may miss points; it says what it did.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field

import numpy as np

from capnode.parallel import Stop, default_threads, map_parallel
from capnode.progress import Report
from capnode.search.candidates import Refined, Start, looks_same, refine
from capnode.search.continuation import CLOSED, LEFT, Curve, Node, Scale, trace
from capnode.search.crossings import CellReport, NodeSpectrum, Refine, scan_cell, spectrum_at
from capnode.search.equilibria import newton, starts
from capnode.search.float_field import SearchField
from capnode.search.linear_algebra import FloatArray


@dataclass(frozen=True)
class SearchOptions:
    grid: int = 9  # parameter values at which equilibria are looked for
    state_bound: float = 1e5  # states beyond are given up
    nodes: int = 2000  # of one curve
    seed: int = 0  # of the random starts
    threads: int | None = None


@dataclass
class SearchReport:
    """What was found and what was done for it."""

    found: list[Refined] = dataclass_field(default_factory=list)  # converged, in the span, no two look the same
    rejected: list[Refined] = dataclass_field(default_factory=list)
    duplicates: list[tuple[Refined, int]] = dataclass_field(default_factory=list)  # looks like found[k]
    curves: list[Curve] = dataclass_field(default_factory=list)
    unbalanced: list[tuple[float, float, str]] = dataclass_field(default_factory=list)
    equilibrium_starts: int = 0
    decompositions: int = 0
    newton_runs: int = 0
    interrupted: bool = False

    def add(self, refined: Refined, span: tuple[float, float]) -> None:
        self.newton_runs += 1
        if not refined.converged:
            self.rejected.append(refined)
            return
        if not span[0] <= refined.p <= span[1]:
            self.rejected.append(
                refined.rejected(f"p = {refined.p:.9g} lies outside the span [{span[0]:g}, {span[1]:g}]")
            )
            return
        for k, known in enumerate(self.found):
            if looks_same(refined, known, span[1] - span[0]):
                self.duplicates.append((refined, k))
                return
        self.found.append(refined)


def search_hopf(
    field: SearchField,
    span: tuple[float, float],
    *,
    near: FloatArray | None = None,
    options: SearchOptions | None = None,
    refine_start: Refine | None = None,
    stop: Stop | None = None,
    report: Report = lambda stage, done, total: None,
) -> SearchReport:
    """Approximate Hopf points of the field with the parameter in the span."""
    stop = Stop() if stop is None else stop
    options = SearchOptions() if options is None else options
    bound = 10.0 * options.state_bound
    refine_here: Refine = refine_start or (lambda start: refine(field, start, bound=bound))
    search = SearchReport()
    scale = Scale(field.dim, span[1] - span[0])
    _find_curves(field, span, near, options, stop, search, report)

    branching: list[tuple[FloatArray, float, FloatArray]] = []
    scanned = 0
    while scanned < len(search.curves) and not stop.is_requested():
        new = search.curves[scanned:]
        scanned = len(search.curves)
        branching += _scan_curves(field, new, scale, span, options, refine_here, stop, search, report)
        if scanned < 12:  # other curves start where a real eigenvalue crosses without a fold
            for x, p, direction in branching[:16]:
                _branch_off(field, x, p, direction, span, options, stop, search)
            branching = []
    _predict_pairs(field, span, scale, options, refine_here, stop, search, report)
    search.found.sort(key=lambda r: (r.p, r.w))
    search.interrupted = stop.is_requested()
    return search


def _find_curves(
    field: SearchField,
    span: tuple[float, float],
    near: FloatArray | None,
    options: SearchOptions,
    stop: Stop,
    search: SearchReport,
    report: Report,
) -> None:
    random = np.random.default_rng(options.seed)
    grid = np.linspace(span[0], span[1], options.grid)
    # from the middle outwards: the first curve usually covers the rest
    for done, p in enumerate(sorted(grid, key=lambda value: abs(value - 0.5 * (span[0] + span[1])))):
        report("equilibria", done, options.grid)
        for start in starts(field, float(p), near, random):
            if stop.is_requested():
                return
            search.equilibrium_starts += 1
            x = newton(field, start, float(p), bound=options.state_bound)
            if x is not None:
                _add_curve(field, x, float(p), span, options, stop, search)
    report("equilibria", options.grid, options.grid)


def _add_curve(
    field: SearchField,
    x: FloatArray,
    p: float,
    span: tuple[float, float],
    options: SearchOptions,
    stop: Stop,
    search: SearchReport,
) -> None:
    if _known(field, x, p, options, search.curves):
        return
    curve = trace(field, x, p, span, bound=options.state_bound, cap=options.nodes, stop=stop)
    if len(curve.nodes) > 1:
        search.curves.append(curve)
        for far, at in curve.beyond():
            if span[0] <= at <= span[1] and not stop.is_requested():
                search.equilibrium_starts += 1
                y = newton(field, far, at, bound=10.0 * options.state_bound)
                if y is not None:
                    _add_curve(field, y, at, span, options, stop, search)


def _known(field: SearchField, x: FloatArray, p: float, options: SearchOptions, curves: list[Curve]) -> bool:
    """Whether an equilibrium lies on a curve already traced."""
    for curve in curves:
        for guess, cell in curve.predict(p):
            distance = float(np.max(np.abs(guess - x), initial=0.0))
            if distance <= 1e-9 * (1.0 + float(np.max(np.abs(x), initial=0.0))):
                return True
            if distance <= 2.0 * cell + 1e-6:
                on_curve = newton(field, guess, p, bound=options.state_bound)
                if on_curve is not None and float(np.max(np.abs(on_curve - x), initial=0.0)) <= 1e-7 * (
                    1.0 + float(np.max(np.abs(x), initial=0.0))
                ):
                    return True
    return False


def _scan_curves(
    field: SearchField,
    curves: list[Curve],
    scale: Scale,
    span: tuple[float, float],
    options: SearchOptions,
    refine_start: Refine,
    stop: Stop,
    search: SearchReport,
    report: Report,
) -> list[tuple[FloatArray, float, FloatArray]]:
    def scan(nodes: list[Node]) -> CellReport:
        cells = CellReport()
        before: NodeSpectrum | None = None
        for node in nodes:
            if stop.is_requested():
                break
            here = spectrum_at(field, node)
            cells.decompositions += 1
            if before is not None:
                cells.extend(scan_cell(field, before, here, scale, refine_start))
            before = here
        return cells

    # the cells of a chunk share the decompositions of their common nodes; enough chunks to keep the threads busy
    threads = default_threads() if options.threads is None else options.threads
    cells_of = sum(len(curve.nodes) - 1 for curve in curves)
    size = min(32, max(4, cells_of // (4 * threads)))
    chunks = [curve.nodes[k : k + size + 1] for curve in curves for k in range(0, len(curve.nodes) - 1, size)]
    branching: list[tuple[FloatArray, float, FloatArray]] = []
    for cells in map_parallel(
        scan, chunks, threads=options.threads, stop=stop, on_done=lambda k: report("crossings", k, len(chunks))
    ):
        if cells is None:
            continue
        for refined in cells.found:
            search.add(refined, span)
        search.unbalanced += cells.unbalanced
        search.decompositions += cells.decompositions
        branching += cells.real_crossings
    return branching


def _branch_off(
    field: SearchField,
    x: FloatArray,
    p: float,
    direction: FloatArray,
    span: tuple[float, float],
    options: SearchOptions,
    stop: Stop,
    search: SearchReport,
) -> None:
    """Equilibria near a point where a real eigenvalue crosses: a transcritical or pitchfork curve may start there."""
    unit = direction / max(float(np.linalg.norm(direction)), 1e-300)
    for dp in (-0.01, 0.01):
        for size in (-0.1, 0.1):
            if stop.is_requested():
                return
            at = p + dp * (span[1] - span[0])
            if not span[0] <= at <= span[1]:
                continue
            search.equilibrium_starts += 1
            y = newton(field, x + size * np.sqrt(field.dim) * unit, at, bound=options.state_bound)
            if y is not None:
                _add_curve(field, y, at, span, options, stop, search)


def _predict_pairs(
    field: SearchField,
    span: tuple[float, float],
    scale: Scale,
    options: SearchOptions,
    refine_start: Refine,
    stop: Stop,
    search: SearchReport,
    report: Report,
) -> None:
    """Newton from the linear prediction p - Re/Re' of every pair at the ends of curves that stopped inside the span.

    Close to a pole the continuation stops a little before it; points between the two are reached this way.
    """
    reach = (span[1] - span[0]) / max(options.grid - 1, 1)
    nodes: list[Node] = []  # their tangents point out of the curve
    for curve in search.curves:
        for why, node, sign in ((curve.ended[0], curve.nodes[0], -1.0), (curve.ended[1], curve.nodes[-1], 1.0)):
            if why not in (LEFT, CLOSED) and node.tangent.dp != 0.0:
                nodes.append(Node(node.x, node.p, node.tangent.scaled(sign)))
    known = list(search.found)

    def predict(node: Node) -> list[Refined]:
        if stop.is_requested():
            return []
        s = spectrum_at(field, node)
        refined = []
        for i in range(len(s.values)):
            w, rate = float(s.values[i].imag), s.rates[i] / node.tangent.dp
            if not w > 0.0 or rate.real == 0.0:
                continue
            dp = -float(s.values[i].real) / float(rate.real)
            if dp * node.tangent.dp < 0.0 or abs(dp) > reach or not span[0] <= node.p + dp <= span[1]:
                continue
            at, frequency = node.p + dp, w + dp * float(rate.imag)
            slack = 0.25 * abs(dp) + 1e-6 * scale.span
            if any(
                abs(k.p - at) <= slack and abs(k.w - frequency) <= 0.02 * w + 0.25 * abs(dp * rate.imag) for k in known
            ):
                continue
            if not frequency > 0.0:
                frequency = w
            x = node.x + dp / node.tangent.dp * node.tangent.dx
            refined.append(refine_start(Start(at, frequency, x, s.vectors[:, i], "pair prediction")))
            if stop.is_requested():
                break
        return refined

    results = map_parallel(
        predict, nodes, threads=options.threads, stop=stop, on_done=lambda k: report("predictions", k, len(nodes))
    )
    search.decompositions += len(nodes)
    for found in results:
        for refined in found or []:
            search.add(refined, span)
