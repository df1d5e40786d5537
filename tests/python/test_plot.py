"""Pictures: they are drawn without a display, show what they should, and are written whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import capnode as cn
from small_fields import diagonal_family

pytest.importorskip("matplotlib")

from capnode.plot import KINDS, figures_of, plot_hopf_points, plot_spectrum, save_figure


def test_hopf_points_show_criticality_and_stability() -> None:
    search = cn.hopf_points(diagonal_family(), span=(-1, 1))
    axes = search.plot()
    top, bottom = axes
    assert top.get_ylabel() == "frequency ω"
    assert bottom.get_xlabel() == "parameter p"
    assert "2 proved Hopf points" in top.get_title(loc="left")
    labels = [text.get_text() for text in top.get_legend().get_texts()]
    for point in search.points:
        assert any(label.startswith(point.criticality) for label in labels)
    drawn = np.vstack([np.asarray(c.get_offsets()) for c in top.collections if len(c.get_offsets())])
    expected = {(float(p.parameter.mid), float(p.frequency.mid)) for p in search.points}
    assert {tuple(row) for row in drawn.tolist()} == expected


def test_shapes_and_colours_are_distinct() -> None:
    colours = [colour for colour, _ in KINDS.values()]
    shapes = [shape for _, shape in KINDS.values()]
    assert len(set(colours)) == len(set(shapes)) == 3


def test_an_axes_can_be_given() -> None:
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert plot_hopf_points(cn.hopf_points(diagonal_family(), span=(-1, 1)), ax=ax, title="mine") is ax
    assert ax.get_title(loc="left") == "mine"
    other = Figure().subplots()
    assert plot_hopf_points([], ax=other) is other


def test_spectrum_shows_discs_and_the_axis() -> None:
    found = cn.spectrum(np.array([[0.0, 2.0, 0.0], [-2.0, 0.0, 0.0], [0.0, 0.0, -1.0]])).require()
    ax = found.plot()
    low, high = ax.get_xlim()
    assert low < 0.0 < high  # the imaginary axis is in view
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert any("meets the axis (2)" in text for text in texts)
    assert any("negative real part (1)" in text for text in texts)


def test_discs_are_true_to_scale() -> None:
    ax = plot_spectrum((np.array([1.0 + 1.0j, -2.0 - 1.0j]), np.array([0.5, 0.25])))
    widths = [w for c in ax.collections if hasattr(c, "_widths") for w in np.atleast_1d(c._widths) * 2]
    assert sorted(np.round(widths, 12)) == [0.5, 1.0]


def test_png_is_written(tmp_path: Path) -> None:
    figures = figures_of(cn.hopf_points(diagonal_family(), span=(-1, 1)))
    save_figure(figures["hopf-points"], tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OSError, match="cannot write"):
        save_figure(figures["hopf-points"], tmp_path / "nowhere" / "p.png")


def test_pyplot_is_not_touched() -> None:
    """No global state of matplotlib changes: a user's backend and settings stay."""
    import subprocess
    import sys

    code = (
        "import matplotlib, sys\n"
        "settings = lambda: {k: matplotlib.rcParams[k] for k in matplotlib.rcParams if k != 'backend'}\n"
        "before = settings()\n"
        "import capnode.plot\n"
        "capnode.plot.plot_spectrum(([1j, -1j], [0.1, 0.1]))\n"
        "assert settings() == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_exponents_over_time_and_over_their_index() -> None:
    from flow_fields import van_der_pol

    ax = cn.lyapunov_exponents(van_der_pol(), [1.0, 1.0], [1.0, 2.0, 3.0]).require().plot()
    assert ax.get_xlabel() == "t"
    assert len(ax.get_legend().get_texts()) == 2
    one = cn.lyapunov_exponents(van_der_pol(), [1.0, 1.0], 1.0).require().plot(title="mine")
    assert one.get_xlabel() == "i"
    assert "mine" in (one.get_title(), one.get_title(loc="left"))
