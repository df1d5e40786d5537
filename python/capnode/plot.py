"""Pictures: the spectrum with its discs and the imaginary axis, and Hopf points over the parameter.

The only file that imports matplotlib (the extra `capnode[plot]`). Functions take `ax=` or make their own figure with
the Agg canvas, so they work without a display and leave pyplot's state alone. Colours are those of Okabe and Ito, and
each meaning has its own shape as well, so nothing rests on colour alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

try:
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import EllipseCollection
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("pictures need matplotlib: pip install 'capnode[plot]'", name="matplotlib") from error

BLUE, ORANGE, GREEN, GREY, INK = "#0072B2", "#D55E00", "#009E73", "#7F7F7F", "#222222"
KINDS = {"supercritical": (BLUE, "o"), "subcritical": (ORANGE, "^"), "undetermined": (GREY, "D")}
STYLE = {
    "font.size": 10.0,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11.0,
}


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Writes a PNG, whole or not at all."""
    import io

    from capnode.whole_file import write_whole

    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(buffer, format="png", dpi=160, facecolor="white", bbox_inches="tight")
    write_whole(path, buffer.getvalue())


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _middle(x: Any) -> float:
    return float(np.asarray(x.mid).reshape(-1)[0])


# ---- Hopf points -------------------------------------------------------------------------------------------------


def plot_hopf_points(search: Any, *, ax: Any = None, title: str | None = None) -> Any:
    """Frequency over parameter for the proved Hopf points; returns the axes (one, or two stacked ones).

    Shape and colour tell the criticality; a filled marker is a point whose small cycle is proved stable, a hollow one
    whose cycle is proved unstable, a half-filled one where that is undecided. Candidates that were not proved are grey
    crosses. Without `ax`, a second panel shows how many other eigenvalues have positive real part. `search` is a
    `HopfSearch`, or any sequence of results or points.
    """
    points = _points(search)
    lost = _not_proved(search)
    with matplotlib.rc_context(STYLE):
        if ax is not None:
            _draw_points(ax, points, lost, [_middle(p.frequency) for p in points])
            _finish(ax, points, lost, title or _title(search, points), legend=True)
            ax.set_xlabel("parameter p")
            ax.set_ylabel("frequency ω")
            return ax
        figure = _figure(7.6, 5.4)
        top, bottom = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1.2]})
        _draw_points(top, points, lost, [_middle(p.frequency) for p in points])
        top.set_ylabel("frequency ω")
        _finish(top, points, lost, title or _title(search, points), legend=True)
        unstable = [float(p.unstable_dimension) for p in points]
        _draw_points(bottom, points, [], unstable)
        bottom.set_ylabel("unstable\ndirections")
        bottom.set_xlabel("parameter p")
        bottom.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
        most = max(unstable, default=0.0)
        bottom.set_ylim(-0.12 * most - 0.5, 1.12 * most + 0.5)
        return np.array([top, bottom])


def _points(search: Any) -> list[Any]:
    if hasattr(search, "points"):
        return list(search.points)
    out = []
    for item in search:
        if not hasattr(item, "require"):
            out.append(item)
        elif item.proved:
            out.append(item.require())
    return out


def _not_proved(search: Any) -> list[tuple[float, float]]:
    if not hasattr(search, "candidates"):
        return []
    return [
        (c.parameter, c.frequency)
        for c in search.candidates
        if c.index is not None
        and not search[c.index].proved
        and np.isfinite(c.parameter)
        and np.isfinite(c.frequency)
        and not c.outcome.startswith("duplicate")
    ]


def _title(search: Any, points: Sequence[Any]) -> str:
    text = f"{len(points)} proved Hopf point{'' if len(points) == 1 else 's'}"
    return text + (" (there are no others in the span)" if getattr(search, "complete", False) else "")


def _draw_points(ax: Any, points: Sequence[Any], lost: Sequence[tuple[float, float]], heights: Sequence[float]) -> None:
    size = 70.0 if len(points) <= 40 else 34.0 if len(points) <= 150 else 18.0
    for kind, (colour, marker) in KINDS.items():
        for stable in (True, False, None):
            chosen = [
                (_middle(p.parameter), y)
                for p, y in zip(points, heights, strict=True)
                if p.criticality == kind and p.cycle_is_stable is stable
            ]
            if not chosen:
                continue
            x, y = zip(*chosen, strict=True)
            face = colour if stable else "white" if stable is False else f"{colour}55"
            ax.scatter(x, y, s=size, marker=marker, facecolor=face, edgecolor=colour, linewidth=1.6, zorder=3)
    if lost:
        ax.scatter(*zip(*lost, strict=True), s=0.7 * size, marker="x", color=GREY, linewidth=1.6, zorder=2)


def _finish(ax: Any, points: Sequence[Any], lost: Sequence[Any], title: str, *, legend: bool) -> None:
    ax.set_title(title)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6))
    if not legend:
        return
    handles = []
    for kind, (colour, marker) in KINDS.items():
        count = sum(p.criticality == kind for p in points)
        if count:
            handles.append(_handle(marker, colour, "white", f"{kind} ({count})"))
    for stable, text in ((True, "cycle stable"), (False, "cycle not stable"), (None, "stability undecided")):
        count = sum(p.cycle_is_stable is stable for p in points)
        if count:
            face = INK if stable else "white" if stable is False else f"{INK}55"
            handles.append(_handle("o", INK, face, f"{text} ({count})"))
    if lost:
        handles.append(_handle("x", GREY, GREY, f"not proved ({len(lost)})"))
    if handles:
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2, handletextpad=0.3)


def _handle(marker: str, edge: str, face: str, label: str) -> Line2D:
    return Line2D(
        [], [], linestyle="none", marker=marker, markersize=8, markerfacecolor=face, markeredgecolor=edge, label=label
    )


# ---- spectra -----------------------------------------------------------------------------------------------------


def plot_spectrum(spectrum: Any, *, ax: Any = None, title: str | None = None) -> Any:
    """The eigenvalues in the complex plane with their discs and the imaginary axis; returns the axes.

    Discs are drawn true to scale, each with a dot at its middle because most discs are far too small to be seen; their
    largest radius is in the title. Shape and colour tell the side of the imaginary axis: squares right, circles left, a
    ring where the disc meets the axis. `spectrum` holds discs (`.eigenvalues`, or `.center` and `.radius`), or is a
    pair (centres, radii).
    """
    centre, radius = _discs(spectrum)
    with matplotlib.rc_context(STYLE):
        if ax is None:
            ax = _figure(6.6, 5.2).subplots()
        right, left = centre.real - radius > 0, centre.real + radius < 0
        meets = ~(right | left)
        sides = (
            (left, GREEN, "o", f"negative real part ({int(left.sum())})"),
            (right, ORANGE, "s", f"positive real part ({int(right.sum())})"),
            (meets, BLUE, "D", f"meets the axis ({int(meets.sum())})"),
        )
        handles = []
        ax.axvline(0.0, color=INK, linewidth=1.2, zorder=1)
        ax.axhline(0.0, color="#BBBBBB", linewidth=0.8, zorder=1)
        for chosen, colour, marker, label in sides:
            if not chosen.any():
                continue
            z, r = centre[chosen], radius[chosen]
            if np.all(np.isfinite(r)):
                discs = EllipseCollection(
                    2 * r,
                    2 * r,
                    np.zeros_like(r),
                    units="xy",
                    offsets=np.column_stack([z.real, z.imag]),
                    offset_transform=ax.transData,
                    facecolor=f"{colour}33",
                    edgecolor=colour,
                    linewidth=0.8,
                    zorder=2,
                )
                ax.add_collection(discs)
            face = "white" if marker == "D" else colour
            size = 26.0 if len(centre) <= 100 else 12.0
            ax.scatter(z.real, z.imag, s=size, marker=marker, color=face, edgecolor=colour, linewidth=1.2, zorder=3)
            handles.append(_handle(marker, colour, face, label))
        _limits(ax, centre, radius)
        ax.set_xlabel("Re λ")
        ax.set_ylabel("Im λ")
        ax.set_title(title or f"{len(centre)} eigenvalues, largest disc radius {_short(radius)}")
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2, handletextpad=0.3)
        return ax


def _discs(spectrum: Any) -> tuple[Any, Any]:
    held = getattr(spectrum, "eigenvalues", spectrum)
    if isinstance(held, tuple):
        centre, radius = held
    else:
        centre = getattr(held, "center", getattr(held, "mid", None))
        radius = getattr(held, "radius", getattr(held, "rad", None))
    return np.asarray(centre, dtype=np.complex128).reshape(-1), np.asarray(radius, dtype=float).reshape(-1)


def _short(radius: Any) -> str:
    return f"{float(np.max(radius, initial=0.0)):.1e}"


def _limits(ax: Any, centre: Any, radius: Any) -> None:
    """All discs and the axis in view."""
    r = np.where(np.isfinite(radius), radius, 0.0)
    for low, high, set_limits in (
        (np.min(centre.real - r, initial=0.0), np.max(centre.real + r, initial=0.0), ax.set_xlim),
        (np.min(centre.imag - r, initial=0.0), np.max(centre.imag + r, initial=0.0), ax.set_ylim),
    ):
        margin = 0.08 * (high - low) or 1.0
        set_limits(low - margin, high + margin)


def figures_of(search: Any, spectra: Iterable[tuple[str, Any]] = ()) -> dict[str, Figure]:
    """Named figures for a results folder: the Hopf points, and a spectrum for each (name, spectrum)."""
    figures = {"hopf-points": np.asarray(plot_hopf_points(search)).reshape(-1)[0].figure}
    for name, spectrum in spectra:
        figures[name] = plot_spectrum(spectrum).figure
    return figures


# ---- trajectories ------------------------------------------------------------------------------------------------

LINES = (BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", "#E69F00", GREY)
DASHES = ("-", "--", "-.", ":")


def plot_trajectory(
    trajectory: Any,
    *,
    ax: Any = None,
    components: tuple[int, int] | None = None,
    pieces: int = 400,
    title: str | None = None,
) -> Any:
    """A trajectory with its tube, drawn from enclosures over `pieces` intervals of time that together cover all of it.

    Without `components` every component over time, shaded from the lower to the upper end of the enclosure; with a
    pair (i, j) the boxes of component j over component i. Returns the axes.
    """
    from capnode.interval_array import IntervalArray

    ends = np.linspace(trajectory.t0, trajectory.reached, pieces + 1)
    ends[-1] = trajectory.reached
    spans = trajectory.enclosure(IntervalArray(np.minimum(ends[:-1], ends[1:]), np.maximum(ends[:-1], ends[1:])))
    with matplotlib.rc_context(STYLE):
        axes = ax if ax is not None else _figure(7.0, 4.0).add_subplot()
        if components is not None:
            _phase_tube(axes, spans, *components)
        else:
            for i in range(spans.shape[1]):
                colour = LINES[i % len(LINES)]
                lo, hi = (np.append(end[:, i], end[-1, i]) for end in (spans.lo, spans.hi))
                axes.fill_between(ends, lo, hi, step="post", alpha=0.35, color=colour, linewidth=1.0)

                dash = DASHES[i // len(LINES) % 4]
                middle = trajectory.enclosure(ends).mid[:, i]
                axes.plot(ends, middle, dash, color=colour, linewidth=1.0, label=f"x{i}")
            axes.set_xlabel("t")
            axes.set_ylabel("x")
            if spans.shape[1] <= 12:
                axes.legend(loc="best", ncols=2)
        axes.set_title(title if title is not None else f"largest final width {trajectory.width:.2g}")
    return axes


def _phase_tube(axes: Any, spans: Any, i: int, j: int) -> None:
    from matplotlib.collections import PolyCollection

    x0, x1, y0, y1 = spans.lo[:, i], spans.hi[:, i], spans.lo[:, j], spans.hi[:, j]
    corners = np.stack([np.stack(c, -1) for c in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))], axis=1)
    axes.add_collection(PolyCollection(list(corners), facecolor=BLUE, edgecolor=BLUE, alpha=0.35, linewidth=0.3))
    axes.autoscale_view()
    axes.set_xlabel(f"x{i}")
    axes.set_ylabel(f"x{j}")


def png_bytes(figure: Figure) -> bytes:
    """A figure as PNG; the same figure gives the same bytes."""
    import io

    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(buffer, format="png", dpi=130, facecolor="white", metadata={"Software": None})
    return buffer.getvalue()


# ---- fields over a plane of inputs -------------------------------------------------------------------------------

FTLE_MAPS = {"lower": "lower end", "upper": "upper end", "width": "width", "middle": "middle"}
CLASS_MARKS = ((ORANGE, "o"), ("#56B4E9", "s"), (GREEN, "^"), ("#CC79A7", "D"), ("#E69F00", "v"), (GREY, "P"))


def plot_ftle(
    field: Any,
    what: str = "all",
    *,
    ax: Any = None,
    ridges: bool = True,
    boundary: Any = None,
    points: Any = None,
    labels: Any = None,
    title: str | None = None,
    resolution: int = 600,
) -> Any:
    """Maps of an `FtleField`: `what` is "lower", "upper", "middle", "width" or "all" (lower, upper and width).

    Cells are drawn as they were refined. What is not proved has at best the bound that holds everywhere, and is hatched
    in the maps of the exponent. `ridges`: marks on lower, upper and
    middle; open ones observed, filled ones proved maxima across (capnode.ridges). `boundary`: boxes (k, 2) of a
    decision boundary; `points` (k, 2) with `labels` (k,): data on top. Returns the axes, three for "all".
    """
    if what != "all" and what not in FTLE_MAPS:
        raise ValueError(f"what must be one of {('all', *FTLE_MAPS)}, not {what!r}")
    with matplotlib.rc_context(STYLE | {"axes.grid": False}):
        if what == "all":
            if ax is not None:
                raise ValueError("ax takes one map; choose what='lower', 'upper', 'middle' or 'width'")
            panels = list(_figure(13.2, 4.2).subplots(1, 3, sharex=True, sharey=True))
            chosen = ["lower", "upper", "width"]
        else:
            panels, chosen = [ax if ax is not None else _figure(6.0, 5.0).subplots()], [what]
        good = field.cells.codes == field.verdict_names.index("proved") if len(field.cells) else field.proved
        known = field.cells if len(field.cells) else field
        ends = (float(known.lower[good].min()), float(known.upper[good].max())) if good.any() else (0.0, 1.0)
        for panel, name in zip(panels, chosen, strict=True):
            _draw_map(panel, field, name, ends, resolution)
            if name != "width" and ridges:
                _draw_ridges(panel, field)
            draw_plane_data(panel, boundary=boundary, points=points, labels=labels)
            panel.set_title(title if title is not None and what != "all" else f"exponent, {FTLE_MAPS[name]}")
        for panel in panels[1:]:
            panel.label_outer()
        if what == "all" and title is not None:
            panels[0].figure.suptitle(title)
    return np.array(panels) if what == "all" else panels[0]


def raster(field: Any, values: Any, resolution: int) -> Any:
    """Values of the refined cells (m,) as an image (resolution, resolution), rows along the first axis."""
    (a0, a1), (b0, b1) = ((float(axis[0]), float(axis[-1])) for axis in field.axes)
    boxes, image = field.cells.boxes, np.full((resolution, resolution), np.nan)
    edges = []
    for k, (low, high) in enumerate(((a0, a1), (b0, b1))):
        scale = resolution / (high - low)
        for ends in (boxes.lo, boxes.hi):
            edges.append(np.clip(np.ceil((ends[:, k] - low) * scale - 0.5), 0, resolution).astype(int))
    for i0, i1, j0, j1, value in zip(*edges, values, strict=True):
        image[i0:i1, j0:j1] = value
    return image


def _draw_map(ax: Any, field: Any, name: str, ends: tuple[float, float], resolution: int) -> None:
    from matplotlib.colors import LogNorm, Normalize

    refined = field.method == "cells" and len(field.cells) > field.lower.size
    source = field.cells if refined else field
    with np.errstate(invalid="ignore"):
        values = {
            "lower": lambda: source.lower,
            "upper": lambda: source.upper,
            "middle": lambda: 0.5 * source.lower + 0.5 * source.upper,
            "width": lambda: source.upper - source.lower,
        }[name]()
    extent = [float(field.axes[0][0]), float(field.axes[0][-1]), float(field.axes[1][0]), float(field.axes[1][-1])]
    if field.method == "points":  # each point in the middle of its own rectangle
        for k, axis in enumerate(field.axes):
            half = 0.5 * (float(axis[-1] - axis[0])) / max(1, len(axis) - 1) or 0.5
            extent[2 * k] -= half
            extent[2 * k + 1] += half
    if name != "width":
        codes = field.cells.codes if refined else field.codes
        values = np.where(codes == field.verdict_names.index("proved"), values, np.nan)
    if refined:
        values = raster(field, values, resolution)
    shown = np.ma.masked_invalid(values)
    if name == "width":
        positive = shown.compressed()[shown.compressed() > 0.0]
        low, high = (float(positive.min()), float(positive.max())) if positive.size else (1e-16, 1.0)
        norm: Any = LogNorm(low, max(high, low * 1.001))
        shown = np.ma.masked_less_equal(shown, 0.0)
    else:
        norm = Normalize(*ends)
    if np.ma.getmaskarray(shown).any():
        ax.set_facecolor("#DDDDDD")
        ax.patch.set_hatch("////")
        ax.patch.set_edgecolor("#999999")
    image = ax.imshow(
        shown.T,
        origin="lower",
        extent=extent,
        aspect="auto",
        interpolation="nearest",
        cmap="magma" if name == "width" else "viridis",
        norm=norm,
    )
    ax.set(xlim=extent[:2], ylim=extent[2:], autoscale_on=False)
    ax.figure.colorbar(image, ax=ax, shrink=0.9)
    ax.set_xlabel("z0")
    ax.set_ylabel("z1")


def _draw_ridges(ax: Any, field: Any) -> None:
    from capnode.ridges import ridges as find

    found = find(field.lower, field.upper, use=field.proved)
    centres = field.boxes.mid
    for chosen, face in ((found.observed & ~found.proved, "none"), (found.proved, "white")):
        if chosen.any():
            at = centres[chosen]
            ax.scatter(at[:, 0], at[:, 1], s=5, marker="o", facecolor=face, edgecolor="white", linewidth=0.5, zorder=3)


def draw_plane_data(ax: Any, *, boundary: Any = None, points: Any = None, labels: Any = None) -> None:
    """Boxes of a decision boundary, and data with the mark of its class, over a map of inputs."""
    from matplotlib.collections import PolyCollection

    if boundary is not None:
        boundary = getattr(boundary, "value", boundary)  # of a Result
        boxes = getattr(boundary, "boxes", boundary)
        x0, x1, y0, y1 = boxes.lo[:, 0], boxes.hi[:, 0], boxes.lo[:, 1], boxes.hi[:, 1]
        corners = np.stack([np.stack(c, -1) for c in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))], axis=1)
        lines = PolyCollection(list(corners), facecolor="black", edgecolor="black", linewidth=1.4, zorder=4)
        ax.add_collection(lines, autolim=False)
    if points is not None:
        at = np.asarray(points, dtype=float).reshape(-1, 2)
        classes = np.zeros(len(at), dtype=int) if labels is None else np.asarray(labels).astype(int)
        for k in np.unique(classes):
            colour, marker = CLASS_MARKS[int(k) % len(CLASS_MARKS)]
            own = at[classes == k]
            ax.scatter(
                own[:, 0], own[:, 1], s=12, marker=marker, color=colour, edgecolor="black", linewidth=0.4, zorder=5,
                label=f"class {k}" if labels is not None else None,
            )  # fmt: skip
        if labels is not None:
            ax.legend(loc="upper right", frameon=True, framealpha=0.85, fontsize=8.0)


# ---- classes over a plane of inputs ------------------------------------------------------------------------------

CLASS_TINTS = ("#F4C7A8", "#C3E2F5", "#BFE3D6", "#EBCFE0", "#F7E0A8", "#DADADA")


def plot_class_map(
    found: Any,
    *,
    ax: Any = None,
    boundary: Any = None,
    points: Any = None,
    labels: Any = None,
    title: str | None = None,
    resolution: int = 900,
) -> Any:
    """A `ClassMap`: proved cells in the tint of their class, cells with several classes hatched; returns the axes.

    `boundary`: a `DecisionBoundary` (or its Result) on top; its cover decides cells that the map left open. `points`
    (k, 2) with `labels` (k,): data on top.
    """
    from matplotlib.colors import ListedColormap

    curve = getattr(boundary, "value", boundary)
    (x0, x1), (y0, y1) = zip(found.rectangle.lo, found.rectangle.hi, strict=True)
    count = found.readout.classes
    image = np.full((resolution, resolution), np.nan)
    sources = [(found.boxes, found.classes)]
    if curve is not None:
        sources.append((curve.cells, curve.cell_classes))
    for boxes, classes in sources:
        one = np.where(classes.sum(axis=1) == 1, np.argmax(classes, axis=1), -1)
        edges = []
        for k, (low, high) in enumerate(((x0, x1), (y0, y1))):
            scale = resolution / (high - low)
            for ends in (boxes.lo, boxes.hi):
                edges.append(np.clip(np.ceil((ends[:, k] - low) * scale - 0.5), 0, resolution).astype(int))
        for i0, i1, j0, j1, c in zip(*edges, one, strict=True):
            if c >= 0:
                image[i0:i1, j0:j1] = c
    with matplotlib.rc_context(STYLE | {"axes.grid": False}):
        axes = ax if ax is not None else _figure(6.4, 6.0).subplots()
        axes.set_facecolor("white")
        axes.patch.set_hatch("////")
        axes.patch.set_edgecolor("#999999")
        axes.imshow(
            np.ma.masked_invalid(image).T,
            origin="lower",
            extent=(float(x0), float(x1), float(y0), float(y1)),
            interpolation="nearest",
            cmap=ListedColormap([CLASS_TINTS[k % len(CLASS_TINTS)] for k in range(count)]),
            vmin=-0.5,
            vmax=count - 0.5,
        )
        if curve is not None:
            _draw_boundary(axes, curve)
        draw_plane_data(axes, points=points, labels=labels)
        axes.set(xlim=(x0, x1), ylim=(y0, y1), xlabel="z0", ylabel="z1")
        axes.set_title(title if title is not None else "proved classes" + ("" if curve is None else " and boundary"))
    return axes


def plot_boundary(
    curve: Any, *, ax: Any = None, points: Any = None, labels: Any = None, title: str | None = None
) -> Any:
    """A `DecisionBoundary`: the strips that hold the curve, and the curve; returns the axes."""
    with matplotlib.rc_context(STYLE):
        axes = ax if ax is not None else _figure(6.4, 6.0).subplots()
        _draw_boundary(axes, curve)
        draw_plane_data(axes, points=points, labels=labels)
        (x0, x1), (y0, y1) = zip(curve.rectangle.lo, curve.rectangle.hi, strict=True)
        axes.set(xlim=(x0, x1), ylim=(y0, y1), xlabel="z0", ylabel="z1", aspect="equal")
        axes.set_title(title if title is not None else "decision boundary")
    return axes


def _draw_boundary(ax: Any, curve: Any) -> None:
    from matplotlib.collections import PolyCollection

    strips = PolyCollection(list(curve.polygons), facecolor=INK, edgecolor="none", alpha=0.45, zorder=3)
    ax.add_collection(strips, autolim=False)
    for k, chain in enumerate(curve.chains):
        line = curve.curve(k)
        ax.plot(line[:, 0], line[:, 1], color=INK, linewidth=1.1, linestyle="-" if chain.proved else "--", zorder=4)


# ---- Lyapunov exponents ------------------------------------------------------------------------------------------


def plot_exponents(exponents: Any, *, ax: Any = None, most: int = 12, title: str | None = None) -> Any:
    """The first `most` finite-time exponents over the times they are known at, each shaded from the lower to the upper
    end of its enclosure; where there is one time, all of them over their index. Returns the axes."""
    at, times = exponents.at, exponents.times
    with matplotlib.rc_context(STYLE):
        axes = ax if ax is not None else _figure(7.0, 4.0).add_subplot()
        if len(times) == 1:
            index = np.arange(1, at.shape[1] + 1)
            axes.vlines(index, at.lo[0], at.hi[0], color=BLUE, alpha=0.5)
            axes.plot(index, at.mid[0], ".", color=BLUE)
            axes.set_xlabel("i")
        else:
            for i in range(min(most, at.shape[1])):
                colour, dash = LINES[i % len(LINES)], DASHES[i // len(LINES) % 4]
                axes.fill_between(times, at.lo[:, i], at.hi[:, i], color=colour, alpha=0.35, linewidth=0.0)
                axes.plot(times, at.mid[:, i], dash, color=colour, linewidth=1.0, label=f"{i + 1}")
            axes.set_xlabel("t")
            if min(most, at.shape[1]) > 1:
                axes.legend(loc="best", ncols=2)
        axes.axhline(0.0, color=GREY, linewidth=0.6)
        axes.set_ylabel("finite-time exponent")
        widest = float(np.max(at.width)) if at.size else 0.0
        axes.set_title(title if title is not None else f"largest width {widest:.2g}")
    return axes
