"""`capnode demo`: a network trained on the moons data, its Hopf points, their certificates and the referee's word."""

from __future__ import annotations

import time
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from capnode.cli import NOT_PROVED, PROVED
from capnode.cli.output import console, open_folder, print_json, write_hopf_folder, write_text
from capnode.cli.verify import bar, report
from capnode.statements import decimal_bounds

SPAN = (-2.0, 2.0)


def moons_field() -> tuple[Any, str]:
    """(the field, where it came from): through torch where torch is installed, else from the stored field file."""
    import capnode

    if find_spec("torch") is not None and find_spec("safetensors") is not None:
        from capnode.networks import moons

        return capnode.from_torch(moons(), dim=10), "read from the PyTorch module by torch.export"
    with as_file(files("capnode") / "data" / "moons.capnode") as path:
        return capnode.Field.load(path), "read from the stored field file (torch is not installed)"


def run(out: Path, *, json: bool, quiet: bool) -> int:
    """Status 0 where every point is proved and every certificate verified."""
    import capnode

    start = time.perf_counter()
    folder = open_folder(out)
    screen = console(quiet=json)

    def say(text: Any, indent: int = 3) -> None:
        screen.print(Padding(text, (0, 0, 0, indent), expand=False), highlight=False)

    def head(text: str) -> None:
        screen.print(f"\n[bold]{text}[/bold]", highlight=False)

    field, source = moons_field()
    head("1. A trained network")
    say(
        "Ten units, h' = tanh((W + p I) h + b), trained to tell scikit-learn's two moons apart "
        "(examples/train_moons.py). -p acts as a damping of the units; the network as trained is p = 0."
    )
    say(f"{escape(repr(field))}, {source}.")

    terminal = Console(stderr=True).is_terminal
    search = capnode.hopf_points(field, span=SPAN, progress=not quiet and not json and terminal)
    head("2. Its Hopf points")
    say(
        "Where p moves a pair of eigenvalues across the imaginary axis, an oscillation is born. Everything below is "
        "proved: each number is an enclosure of the true one.\n"
    )
    say(search, 0)

    written, certificate = write_hopf_folder(search, folder)
    written += _pictures(field, search, folder)
    head("3. What it means")
    for line in _story(search):
        say(line)

    verified = None
    head("4. The referee")
    if certificate is None:
        say("No point was proved: no certificate was written.")
    elif find_spec("flint") is None:
        say("The certificates were written, but not verified: that needs pip install 'capnode\\[verify]'.")
    else:
        say("Arb proves each certificate again, from the text of the field alone:\n")
        path = folder / "hopf-points.certificate.json"
        with bar(quiet or json) as progress:
            verified = capnode.verify(path, progress=progress)
        report(verified, screen)
        write_text(folder / "verification.txt", f"{verified}\n")
        written.append(folder / "verification.txt")

    seconds = time.perf_counter() - start
    good = len(search) > 0 and search.proved and (verified is None or verified.ok)
    if json:
        document = {
            "ok": good,
            "seconds": seconds,
            "search": search.to_dict(),
            "files": [str(path) for path in written],
        }
        print_json(document | {"verified": None if verified is None else verified.ok})
    head(f"Written to {folder}/ in {seconds:.1f} s")
    say(", ".join(path.name for path in written))
    say(f"Check it yourself:  capnode verify {folder}/hopf-points.certificate.json\n")
    return PROVED if good else NOT_PROVED


def _story(search: Any) -> list[str]:
    """A few sentences about the points; every number in them is proved."""
    points = search.points
    if not points:
        return ["No Hopf point was proved."]
    lines = []
    if search.complete:
        lines.append(f"For p in [{SPAN[0]:g}, {SPAN[1]:g}] the network has exactly {len(points)} Hopf points.")
    zero = [p for p in points if float(p.parameter.lo) > 0.0]
    below = [p for p in points if float(p.parameter.hi) < 0.0]
    lines.append(
        f"{len(below)} lie below the trained value p = 0 and {len(zero)} above it: training left the network in the "
        "midst of them."
        if below and zero
        else f"All {len(points)} lie on one side of the trained value p = 0."
    )
    first = points[0]
    born = {"supercritical": "small cycles grow out of", "subcritical": "small cycles shrink into"}.get(
        first.criticality, "small cycles meet"
    )
    lines.append(
        f"The first, at p in {decimal_bounds(float(first.parameter.lo), float(first.parameter.hi), 12)}, is "
        f"{first.criticality}: {born} the equilibrium, with angular frequency "
        f"{decimal_bounds(float(first.frequency.lo), float(first.frequency.hi), 12)}."
    )
    stable = [p for p in points if p.cycle_is_stable]
    if stable:
        lines.append(f"{len(stable)} of the born cycles are stable: the network can be seen to oscillate there.")
    else:
        lines.append("None of the born cycles is stable: no small oscillation is ever seen, though all of them exist.")
    return lines


def _pictures(field: Any, search: Any, folder: Path) -> list[Path]:
    """The spectrum of the Jacobian at the first proved point."""
    if find_spec("matplotlib") is None or not search.points:
        return []
    import capnode
    from capnode.plot import plot_spectrum, save_figure

    point = search.points[0]
    jacobian = field.jacobian(np.asarray(point.state.mid), np.atleast_1d(point.parameter.mid))
    spectrum = capnode.spectrum(jacobian)
    if not spectrum.proved:
        return []
    middle = float(np.asarray(point.parameter.mid))
    axes = plot_spectrum(
        spectrum.require(), title=f"Eigenvalues of the Jacobian at the first Hopf point, p ≈ {middle:.6g}"
    )
    save_figure(axes.figure, folder / "spectrum.png")
    return [folder / "spectrum.png"]
