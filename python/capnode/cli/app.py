"""The commands and their options; what each does stands in its own file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="capnode",
    help="Computer-assisted proofs about neural ODEs.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog="Exit status: 0 proved, 1 something was not proved, 2 misuse.",
)


class Method(StrEnum):
    auto = "auto"
    diagonal = "diagonal"
    general = "general"


class FtleMethod(StrEnum):
    cells = "cells"
    points = "points"


Model = Annotated[str, typer.Argument(help="FILE.capnode, or package.module:factory", metavar="MODEL")]
Weights = Annotated[
    Path | None, typer.Option(help="weights for the factory: safetensors, or a .pt state dict (read without code)")
]
Radius = Annotated[
    float, typer.Option("--weight-radius", help="prove it for all weights within this of the stored ones")
]
Parameter = Annotated[
    str | None, typer.Option("--parameter", help='a weight entry that the parameter is added to, as "fc.weight[2, 5]"')
]
Dim = Annotated[int | None, typer.Option("--dim", help="dimension of the state, where it cannot be read off the model")]
Near = Annotated[str | None, typer.Option("--near", help="a state to start from: numbers, or a file of numbers")]
Out = Annotated[Path | None, typer.Option("--out", help="write tables, certificates and pictures into this folder")]
RunOut = Annotated[Path | None, typer.Option("--out", help="the folder of the run: tiles, their sum, report.html")]
Euler = Annotated[float | None, typer.Option("--euler", help="of the exact map x + STEP f(x)", metavar="STEP")]
Encoder = Annotated[
    Path | None, typer.Option("--encoder", help=".npz with weight (dim, 2) and bias: inputs enter as weight z + bias")
]
Tile = Annotated[tuple[int, int], typer.Option("--tile", help="cells of one task and one file")]
ExecutorName = Annotated[
    str, typer.Option("--executor", help="threads, processes, or the address of a Dask scheduler (tcp://HOST:PORT)")
]
Workers = Annotated[int | None, typer.Option("--workers", help="threads or processes (default: one a core)")]
Resume = Annotated[bool, typer.Option("--resume/--no-resume", help="go on from the tiles in the folder")]
Data = Annotated[Path | None, typer.Option("--data", help=".npz with points (k, 2) and classes: drawn on top")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON document instead of a table")]
Quiet = Annotated[bool, typer.Option("--quiet", help="no progress bar")]


def _print_version(wanted: bool) -> None:
    if wanted:
        import capnode

        print(f"capnode {capnode.__version__}")
        raise typer.Exit(0)


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print the version and exit")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="show tracebacks instead of one line")] = False,
) -> None:
    del version, debug  # the first is done by its callback, the second read by capnode.cli.main


@app.command()
def hopf(
    model: Model,
    span: Annotated[tuple[float, float], typer.Option("--span", help="range of the parameter", metavar="LO HI")],
    near: Near = None,
    method: Annotated[Method, typer.Option("--method", help="diagonal: one eigendecomposition; general")] = Method.auto,
    weights: Weights = None,
    weight_radius: Radius = 0.0,
    parameter: Parameter = None,
    dim: Dim = None,
    threads: Annotated[int | None, typer.Option("--threads", help="worker threads (default: all cores)")] = None,
    out: Out = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Prove the Hopf points of MODEL over a range."""
    from capnode.cli.hopf import run
    from capnode.cli.model import load_model

    field = load_model(model, weights=weights, weight_radius=weight_radius, parameter=parameter, dim=dim)
    return run(field, span, near=near, method=method.value, threads=threads, out=out, json=json, quiet=quiet)


@app.command()
def equilibrium(
    model: Model,
    near: Near = None,
    p: Annotated[str | None, typer.Option("--p", help="value of the parameter: numbers, taken exactly")] = None,
    weights: Weights = None,
    weight_radius: Radius = 0.0,
    parameter: Parameter = None,
    dim: Dim = None,
    out: Out = None,
    json: Json = False,
) -> int:
    """Prove an equilibrium of MODEL and its stability."""
    from capnode.cli.equilibrium import run
    from capnode.cli.model import load_model

    field = load_model(model, weights=weights, weight_radius=weight_radius, parameter=parameter, dim=dim)
    return run(field, near=near, p=p, out=out, json=json)


@app.command()
def integrate(
    model: Model,
    x0: Annotated[str, typer.Option("--x0", help="the initial point: numbers, or a file of numbers; taken exactly")],
    time: Annotated[float, typer.Option("--time", help="the final time; before --start it goes back")],
    radius: Annotated[float, typer.Option("--radius", help="all points of the box of this radius about --x0")] = 0.0,
    p: Annotated[str | None, typer.Option("--p", help="value of the parameter: numbers, taken exactly")] = None,
    start: Annotated[float, typer.Option("--start", help="the initial time")] = 0.0,
    derivative: Annotated[bool, typer.Option("--derivative", help="also the derivative by the initial point")] = False,
    tolerance: Annotated[float, typer.Option("--tolerance", help="what the error of the run aims at")] = 1e-12,
    order: Annotated[int | None, typer.Option("--order", help="degree of a step, 3 to 60")] = None,
    set_degree: Annotated[
        int | None,
        typer.Option("--set-degree", help="of the polynomials that carry a box: 1 linear, 2 and more; else chosen"),
    ] = None,
    engine: Annotated[str, typer.Option("--engine", help="native, or capd where the build has CAPD")] = "native",
    capd_set: Annotated[str | None, typer.Option("--capd-set", help="CAPD's representation of sets")] = None,
    weights: Weights = None,
    weight_radius: Radius = 0.0,
    parameter: Parameter = None,
    dim: Dim = None,
    out: Out = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Enclose the trajectories of MODEL that start at a point or in a box."""
    from capnode.cli.integrate import run
    from capnode.cli.model import load_model

    field = load_model(model, weights=weights, weight_radius=weight_radius, parameter=parameter, dim=dim)
    return run(
        field, x0=x0, time=time, radius=radius, p=p, start=start, derivative=derivative, tolerance=tolerance,
        order=order, set_degree=set_degree, engine=engine, capd_set=capd_set, out=out, json=json, quiet=quiet,
    )  # fmt: skip


@app.command()
def exponents(
    model: Model,
    x0: Annotated[str, typer.Option("--x0", help="the initial point: numbers, or a file of numbers; taken exactly")],
    time: Annotated[float, typer.Option("--time", help="the final time; before --start it goes back")],
    points: Annotated[int, typer.Option("--points", help="equally spaced times up to the final one")] = 1,
    kind: Annotated[str, typer.Option("--kind", help="singular, or qr: other numbers")] = "singular",
    euler: Euler = None,
    p: Annotated[str | None, typer.Option("--p", help="value of the parameter: numbers, taken exactly")] = None,
    start: Annotated[float, typer.Option("--start", help="the initial time")] = 0.0,
    tolerance: Annotated[float, typer.Option("--tolerance", help="what the error of the run aims at")] = 1e-14,
    order: Annotated[int | None, typer.Option("--order", help="degree of a step, 3 to 60")] = None,
    weights: Weights = None,
    weight_radius: Radius = 0.0,
    parameter: Parameter = None,
    dim: Dim = None,
    out: Out = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Enclose all finite-time Lyapunov exponents of MODEL along the trajectory from a point."""
    from capnode.cli.exponents import run
    from capnode.cli.model import load_model

    field = load_model(model, weights=weights, weight_radius=weight_radius, parameter=parameter, dim=dim)
    return run(
        field, x0=x0, time=time, points=points, kind=kind, euler=euler, p=p, start=start, tolerance=tolerance,
        order=order, out=out, json=json, quiet=quiet,
    )  # fmt: skip


@app.command()
def ftle(
    model: Annotated[
        str,
        typer.Argument(help="FILE.capnode, package.module:factory, or the folder of a run to go on", metavar="MODEL"),
    ],
    box: Annotated[
        tuple[float, float, float, float] | None, typer.Option("--box", help="the inputs", metavar="LO HI LO HI")
    ] = None,
    shape: Annotated[
        tuple[int, int] | None,
        typer.Option("--shape", help="cells, or points with both ends, along the two axes", metavar="N N"),
    ] = None,
    time: Annotated[float | None, typer.Option("--time", help="the final time")] = None,
    method: Annotated[
        FtleMethod, typer.Option("--method", help="all points of each cell, or the points of a grid")
    ] = FtleMethod.cells,
    width: Annotated[float, typer.Option("--width", help="cut cells until every interval is at most this wide")] = 0.0,
    area_width: Annotated[
        float, typer.Option("--area-width", help="do not cut cells with area x width below this")
    ] = 0.0,
    budget: Annotated[int, typer.Option("--budget", help="cells to integrate at most; 0: the given ones alone")] = 0,
    euler: Euler = None,
    encoder: Encoder = None,
    p: Annotated[str | None, typer.Option("--p", help="value of the parameter: numbers, taken exactly")] = None,
    start: Annotated[float, typer.Option("--start", help="the initial time")] = 0.0,
    order: Annotated[int | None, typer.Option("--order", help="degree of a step, 3 to 60")] = None,
    tile: Tile = (16, 16),
    executor: ExecutorName = "threads",
    workers: Workers = None,
    resume: Resume = True,
    data: Data = None,
    weights: Weights = None,
    weight_radius: Radius = 0.0,
    dim: Dim = None,
    out: RunOut = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Enclose the finite-time Lyapunov exponents of MODEL over a box of inputs."""
    from capnode.cli.ftle import load_run, make_specification, run
    from capnode.cli.model import load_model

    specification = load_run(model, box, shape, time)
    if specification is not None:
        out = Path(model)
    else:
        field = load_model(model, weights=weights, weight_radius=weight_radius, dim=dim)
        specification = make_specification(
            field,
            box=box,
            shape=shape,
            time=time,
            euler=euler,
            p=p,
            encoder=encoder,
            method=method.value,
            width=width,
            area_width=area_width,
            budget=budget,
            t0=start,
            order=order,
            tile=tile,
        )
    return run(
        specification, out=out, resume=resume, executor=executor, workers=workers, data=data, json=json, quiet=quiet,
    )  # fmt: skip


@app.command()
def classify(
    model: Model,
    readout: Annotated[Path, typer.Option("--readout", help=".npz with weight (classes, dim) and bias (classes,)")],
    box: Annotated[tuple[float, float, float, float], typer.Option("--box", help="the inputs", metavar="LO HI LO HI")],
    shape: Annotated[tuple[int, int], typer.Option("--shape", help="cells along the two axes", metavar="N N")] = (
        100,
        100,
    ),
    time: Annotated[float | None, typer.Option("--time", help="the final time")] = None,
    boundary: Annotated[bool, typer.Option("--boundary", help="prove the decision boundary, too")] = False,
    depth: Annotated[int, typer.Option("--depth", help="how often cells with several classes are quartered")] = 2,
    budget: Annotated[int, typer.Option("--budget", help="cells to integrate at most")] = 1_000_000,
    euler: Euler = None,
    encoder: Encoder = None,
    p: Annotated[str | None, typer.Option("--p", help="value of the parameter: numbers, taken exactly")] = None,
    start: Annotated[float, typer.Option("--start", help="the initial time")] = 0.0,
    tile: Tile = (16, 16),
    executor: ExecutorName = "threads",
    workers: Workers = None,
    resume: Resume = True,
    data: Data = None,
    weights: Weights = None,
    weight_radius: Radius = 0.0,
    dim: Dim = None,
    out: RunOut = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Prove which class every input of a box gets from MODEL and a readout."""
    from capnode.cli.classify import run
    from capnode.cli.model import load_model

    return run(
        load_model(model, weights=weights, weight_radius=weight_radius, dim=dim), readout, box=box, shape=shape,
        time=time, euler=euler, p=p, encoder=encoder, boundary=boundary, depth=depth, budget=budget, start=start,
        tile=tile, executor=executor, workers=workers, resume=resume, data=data, out=out, json=json, quiet=quiet,
    )  # fmt: skip


@app.command()
def verify(
    certificate: Annotated[Path, typer.Argument(help="a certificate file", metavar="FILE")],
    field: Annotated[
        list[Path] | None, typer.Option("--field", help="field file, where the certificate stores digests only")
    ] = None,
    points: Annotated[
        int | None, typer.Option("--points", help="re-prove only so many theorems, evenly spread")
    ] = None,
    all_checks: Annotated[bool, typer.Option("--all", help="list every check, not only those that fail")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Check a certificate, apart from the C++ core."""
    from capnode.cli.verify import run

    return run(certificate, fields=field or [], points=points, all_checks=all_checks, json=json, quiet=quiet)


@app.command()
def info(
    file: Annotated[Path | None, typer.Argument(help="a .capnode file or a certificate", metavar="[FILE]")] = None,
    json: Json = False,
) -> int:
    """Describe a file, or this installation."""
    from capnode.cli.info import run

    return run(file, json=json)


@app.command()
def selftest(json: Json = False) -> int:
    """Check this installation in seconds."""
    from capnode.cli.selftest import run

    return run(json=json)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="the folder to write")] = Path("capnode-demo"),
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """From a trained network to proved Hopf points."""
    from capnode.cli.demo import run

    return run(out, json=json, quiet=quiet)
