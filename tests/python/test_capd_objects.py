"""`capnode.capd`: CAPD's own published results through the wrapping, bad input, threads, the environment afterwards."""

from __future__ import annotations

import gc
import threading
from typing import Any

import numpy as np
import pytest

import capnode as cn
from capnode import _core
from small_fields import leaky

pytest.importorskip("capnode._capd", reason="this build of capnode has no CAPD (third_party/README.md)")

from capnode import capd
from capnode.capd import (
    C0HORect2Set,
    C0HOTripletonSet,
    C0Rect2Set,
    C0TripletonSet,
    C1HORect2Set,
    C1Rect2Set,
    IAffineSection,
    ICoordinateSection,
    IMap,
    IMatrix,
    IOdeSolver,
    IPoincareMap,
    ITimeMap,
    IVector,
    interval,
    matrixAlgorithms,
    midVector,
    newton,
    poincare,
    subset,
    subsetInterior,
)

PENDULUM = "time:t;par:omega;var:x,dx;fun:dx,sin(omega*t)-sin(x);"


def pendulum(order: int = 20) -> tuple[IMap, IOdeSolver, ITimeMap]:
    field = IMap(PENDULUM)
    field.setParameter("omega", 1)
    solver = IOdeSolver(field, order)
    return field, solver, ITimeMap(solver)


def meets(x: Any, y: Any) -> bool:
    return bool(not cn.interval(x).disjoint(cn.interval(y)).any())


# ---- published results -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [C0Rect2Set, C0HORect2Set, C0HOTripletonSet, C1Rect2Set, C1HORect2Set])
def test_pendulum_with_forcing(kind: Any) -> None:
    """The published enclosures of x(5) from (1, 2) at t = 4."""
    _, _, time_map = pendulum()
    start = kind([1, 2], 4)
    x = time_map(5, start)
    published = cn.interval([2.0719023157504193, 0.12013839737212174], [2.0719023157504308, 0.12013839737213276])
    assert meets(x, published)
    assert x.width.max() < 5e-14
    assert meets(IVector(start), x)
    assert float(start.getCurrentTime().lo) == 5.0


def test_pendulum_step_by_step() -> None:
    _, solver, time_map = pendulum()
    time_map.stopAfterStep(True)
    moving = C0HORect2Set([1, 2], 4)
    times, before = [4.0], IVector(moving)
    while True:
        x = time_map(5, moving)
        times.append(float(moving.getCurrentTime().lo))
        assert meets(before, moving.getLastEnclosure())
        assert meets(x, moving.getLastEnclosure())
        curve = solver.getCurve()
        middle = curve(curve.getRightDomain() / 2)
        assert meets(middle, moving.getLastEnclosure())
        before = x
        if time_map.completed():
            break
    assert len(times) > 3
    assert times == sorted(times)
    assert times[-1] == 5.0


def test_pendulum_monodromy_matrix() -> None:
    """The published enclosure of the derivative at t = 8, and the curve of the solution."""
    _, _, time_map = pendulum()
    x, matrix = time_map(8, C1Rect2Set([1, 2], 4), monodromyMatrix=True)
    assert meets(
        x, cn.interval([-1.3297388770241241, 0.056757688397800897], [-1.3297388770240786, 0.05675768839784965])
    )
    published = cn.interval(
        [[0.25336614973537314, 1.3786621618302277], [-1.0950745933673036, -2.0118627006388627]],
        [[0.25336614973554084, 1.3786621618305588], [-1.0950745933671608, -2.011862700638559]],
    )
    assert meets(matrix, published)
    assert matrix.width.max() < 1e-12
    solution = ITimeMap.SolutionCurve(4)
    time_map(8, C1Rect2Set([1, 2], 4), solution)
    assert (solution.getLeftDomain(), solution.getRightDomain()) == (4.0, 8.0)
    assert meets(solution.derivative(8), matrix)
    assert subset(solution(6), solution(interval(5.5, 6.5)))


def rossler(order: int = 30) -> IPoincareMap:
    field = IMap("par:a,b;var:x,y,z;fun:-(y+z),x+b*y,b+z*(x-a);")
    field.setParameter("a", "5.7")
    field.setParameter("b", "0.2")
    return IPoincareMap(IOdeSolver(field, order), ICoordinateSection(3, 0), poincare.MinusPlus)


@pytest.mark.parametrize(
    ("period", "centre"),
    [
        (1, (-8.3809417428298, 0.029590060630665)),
        (2, (-5.4240738226652, 0.031081210807875)),
        (3, (-6.233158628537965, 0.03064011165815)),
    ],
)
def test_rossler_periodic_orbits(period: int, centre: tuple[float, float]) -> None:
    """Boxes of radius 4e-13 hold exactly one periodic point each: interval Newton for P^period - id, order 30."""
    pm = rossler()
    X = interval(np.array(centre)) + interval(-4e-13, 4e-13)
    c = midVector(X)
    image = pm(C0HOTripletonSet([interval(0), c[0], c[1]]), period)[1:]
    y, _, flow = pm(C1HORect2Set([interval(0), X[0], X[1]]), period, returnTime=True, monodromyMatrix=True)
    DP = pm.computeDP(y, flow)
    N = c - matrixAlgorithms.gauss(DP[1:, 1:] - np.eye(2), image - c)
    assert subsetInterior(N, X)


def test_henon_map() -> None:
    """A fixed point of the operators, and Krawczyk's proof for the second iterate of the map, given as an object."""
    henon = IMap("par:a,b;var:x,y;fun:1-a*x*x+y,b*x;")
    henon.setParameter("a", 1.4)
    henon.setParameter("b", 0.3)
    K = IVector([interval(-100, 110), interval(-100, 110)])
    for _ in range(5):
        K = newton.KrawczykOperator(midVector(K), K, henon)
    assert subset([0.0, -1.0], K)
    assert K.width.max() < 1e-14
    N = IVector([interval(-0.1, 0.1), interval(-1.1, -0.9)])
    N = newton.NewtonOperator(midVector(N), N, henon)
    assert subset([0.0, -1.0], N)

    class Twice:
        def __call__(self, x: Any) -> Any:
            return henon(henon(x))

        def __getitem__(self, x: Any) -> Any:
            return matrixAlgorithms.product(henon[henon(x)], henon[x])

    krawczyk = newton.Krawczyk(Twice())
    assert krawczyk.proof([-10 / 3, 131 / 9], 1e-5) == newton.ZeroExists
    assert krawczyk.K is not None
    assert krawczyk.X is not None
    assert subsetInterior(krawczyk.K, krawczyk.X)
    assert "exactly one zero" in newton.resultToText(newton.ZeroExists)


# ---- fields ----------------------------------------------------------------------------------------------------------


def test_a_field_as_a_map() -> None:
    field = leaky(1e-6)
    f = IMap(field)
    f.setParameter(0, interval(0.5, 0.75))
    x = cn.interval([0.1, -0.2, 0.3, 0.0], [0.15, -0.1, 0.4, 0.1])
    P = cn.interval([0.5], [0.75])
    value, derivative = f(x, derivative=True)
    assert meets(value, field.enclose(x, P))
    assert meets(derivative, field.enclose_jacobian(x, P))
    for corner in (x.lo, x.hi):
        for p in (0.5, 0.75):
            assert subset(field.enclose(corner, p).mid, value)
            assert subset(field.enclose_jacobian(corner, p).mid, derivative)
    assert subset(f.getParameter(0), P[0])
    assert subset(P[0], f.getParameter(0))


def test_sections() -> None:
    """An affine section in the place of a coordinate section gives the same crossing."""
    pm = rossler(20)
    start = [0.0, -8.3809417428298, 0.029590060630665]
    other = IPoincareMap(pm.getSolver(), IAffineSection([0, 0, 0], [1, 0, 0]), poincare.MinusPlus)
    x, time = pm(C0Rect2Set(start), returnTime=True)
    y, same = other(C0Rect2Set(start), returnTime=True)
    assert meets(x, y)
    assert meets(time, same)
    assert meets(time, 5.8810884555539)
    assert subset(-cn.interval("0.1"), ICoordinateSection(3, 1, "0.1")([0.0, 0.0, 0.0]))


ALL_SETS = [C0Rect2Set, C0HORect2Set, C0TripletonSet, C0HOTripletonSet, C1Rect2Set, C1HORect2Set]


@pytest.mark.parametrize("kind", ALL_SETS)
def test_section_coordinates(kind: Any) -> None:
    """Half a turn that shears z: P(x, 0, z) = (-x, 0, z + 2 x), and 2 x + z of the image is the z one starts with."""
    pm = IPoincareMap(IOdeSolver(IMap("var:x,y,z;fun:-y,x,y;"), 20), ICoordinateSection(3, 1))
    x0, A = [0.75, 0.0, 1.0], [[2.0, 0.0, 1.0], [-3.0, 0.25, 0.5], [0.0, 0.0, 1.0]]
    start = [interval(1, 1.5), 0, interval(1, 1.125)]
    value, time = pm(kind(start), x0=x0, A=A, returnTime=True)
    for x, z in ((x, z) for x in (1.0, 1.5) for z in (1.0, 1.125)):
        assert meets(value, np.array(A) @ (np.array([-x, 0.0, z + 2 * x]) - x0))
    assert float(time.lo) <= np.pi <= float(time.hi)
    assert 0.125 <= value.width[0] < 0.125 + 1e-12
    box = matrixAlgorithms.product(A, (pm(kind(start)) - x0).reshape(3, 1))
    assert box.width[0, 0] > 2.0
    again, _ = pm(kind(start), 2, x0=x0, A=A, returnTime=True)
    assert meets(again, np.array(A) @ (np.array([1.25, 0.0, 1.0625]) - x0))
    assert _core.FloatEnvironment.is_clean()


def test_a_section_that_is_not_reached() -> None:
    """Without the limit the call would not end: the orbit spirals into 0 above the section."""
    f = IMap("var:x,y;fun:-x,-y;")
    pm = IPoincareMap(IOdeSolver(f, 20), ICoordinateSection(2, 0, -1))
    pm.setMaxReturnTime(5.0)
    with pytest.raises(capd.CapdError, match="not crossed within the time"):
        pm(C0Rect2Set([1, 1]))
    with pytest.raises(capd.CapdError, match="not crossed within the time"):
        pm(C0Rect2Set([1, 1]), x0=[-1, 0], A=np.eye(2))
    assert _core.FloatEnvironment.is_clean()


# ---- misuse, failure -------------------------------------------------------------------------------------------------


def test_misuse_is_a_value_error() -> None:
    f, solver, time_map = pendulum()
    time_map(5, C0Rect2Set([1, 2], 4), solution := ITimeMap.SolutionCurve(4))
    cases: list[tuple[Any, str]] = [
        (lambda: IMap("var:x;fun:x+;"), "cannot read the formula 'var:x;fun:x"),
        (lambda: IMap("var:x;fun:foo(x);"), "undefined symbol"),
        (lambda: IMap("nonsense"), "Cannot find 'var:'"),
        (lambda: IMap(3), "a capnode field is needed, not int"),  # type: ignore[arg-type]
        (lambda: f([1.0]), "x has dimension 1, the map has 2"),
        (lambda: f(cn.interval([0.0, 0.0], [np.inf, 0.0])), "x must be bounded"),
        (lambda: f.setParameter("om", 1), r"no parameter 'om'; it has \['omega'\]"),
        (lambda: f.setParameter(1, 1), "the map has 1 parameters, there is no 1"),
        (lambda: f.setParameters([1, 2]), "1 parameters, 2 values"),
        (lambda: IOdeSolver(f, 0), "order must lie between 1 and 1000, not 0"),
        (lambda: IOdeSolver(IMap("var:x,y;fun:x;"), 5), "1 and 2"),
        (lambda: solver.setAbsoluteTolerance(-1e-9), "positive and finite"),
        (lambda: solver.setStep(0), "a step must be positive"),
        (lambda: time_map(5, C0Rect2Set([1, 2, 3], 4)), "the set has dimension 3, the vector field has 2"),
        (lambda: time_map(5, C0Rect2Set([1, 2], 4), monodromyMatrix=True), "C0 set carries no derivative"),
        (lambda: time_map(3, C0Rect2Set([1, 2], 4)), "CAPD runs forward"),
        (lambda: time_map(5, [1, 2]), "a set such as C0Rect2Set is needed, not list"),
        (lambda: IMatrix(C0HORect2Set([1, 2])), "C0 set carries no derivative"),
        (lambda: ITimeMap(IOdeSolver(f, 2))(5, C0HORect2Set([1, 2], 4)), "orders 3 to 64, the solver has 2"),
        (lambda: solution(11), "outside of the curve's domain"),
        (lambda: C0Rect2Set([1, 2], np.ones((3, 2)), [0, 0], 0), r"C has shape \(3, 2\)"),
        (lambda: ICoordinateSection(3, 3), "between 0 and 2, not 3"),
        (lambda: IPoincareMap(solver, ICoordinateSection(3, 0)), "the section has dimension 3, the vector field has 2"),
        (lambda: IAffineSection([0, 0], [1, 0, 0]), "normal vector has dimension 3, the origin has 2"),
        (lambda: rossler()(C0Rect2Set([0, 1, 2]), 0), "n must be at least 1, not 0"),
        (lambda: rossler()(C0Rect2Set([0, 1, 2]), x0=[0, 1, 2]), "x0 and A go together"),
        (lambda: rossler()(C0Rect2Set([0, 1, 2]), x0=[0, 1], A=np.eye(3)), "x0 has dimension 2, the vector"),
        (lambda: rossler()(C0Rect2Set([0, 1, 2]), x0=[0, 1, 2], A=np.eye(3)[:2]), r"A has shape \(2, 3\)"),
        (lambda: rossler()(C0Rect2Set([0, 1, 2]), x0=[0, 1, 2], A=np.eye(2)), r"A has shape \(2, 2\), .* dimension 3"),
        (lambda: rossler()(C0Rect2Set([0, 1, 2]), 0, x0=[0, 1, 2], A=np.eye(3)), "n must be at least 1, not 0"),
        (
            lambda: rossler()(C1Rect2Set([0, 1, 2]), x0=[0, 1, 2], A=np.eye(3), monodromyMatrix=True),
            "CAPD has no monodromyMatrix",
        ),
        (lambda: newton.NewtonOperator([0.0], [0.0], f), "x has dimension 1, the map has 2"),
        (lambda: matrixAlgorithms.krawczykInverse(np.ones((2, 3))), "square matrix"),
        (lambda: capd.intersection(interval(0, 1), interval(2, 3)), "empty"),
    ]
    for run, message in cases:
        with pytest.raises(ValueError, match=message):
            run()
    assert _core.FloatEnvironment.is_clean()


def test_what_capd_cannot_finish_is_a_capd_error() -> None:
    cases: list[Any] = [
        lambda: IMap("var:x;fun:log(x);")([-1]),
        lambda: IMap("var:x;fun:sqrt(x);")([-1]),
        lambda: IMap("var:x;fun:1/x;")([interval(-1, 1)]),
        lambda: IMap("var:x;fun:exp(x);")([1e4]),  # ends the process in plain CAPD
        lambda: ITimeMap(IOdeSolver(IMap("var:x;fun:x*x;"), 10))(2, C0Rect2Set([1])),
        lambda: matrixAlgorithms.gauss([[1, 1], [1, 1]], [1, 1]),
    ]
    for run in cases:
        with pytest.raises(capd.CapdError):
            run()
        assert _core.FloatEnvironment.is_clean()


def test_an_exception_of_the_map_passes_through() -> None:
    class Broken:
        def __call__(self, x: Any) -> Any:
            raise KeyError("mine")

        __getitem__ = __call__

    with pytest.raises(KeyError, match="mine"):
        newton.KrawczykOperator([0.0], [interval(-1, 1)], Broken())


# ---- the process around it -------------------------------------------------------------------------------------------


def test_owners_may_go_away() -> None:
    """A solver keeps its map, a time map its solver, a Poincare map its section."""

    def build() -> tuple[ITimeMap, IPoincareMap]:
        f = IMap("var:x,y;fun:-y,x;")
        return ITimeMap(IOdeSolver(f, 20)), IPoincareMap(IOdeSolver(f, 20), ICoordinateSection(2, 1))

    time_map, pm = build()
    gc.collect()
    assert meets(time_map(1, C0Rect2Set([1, 0])), [np.cos(1.0), np.sin(1.0)])
    assert meets(pm(C0Rect2Set([1, 0]), 2), [1, 0])


def test_sums_are_what_they_were() -> None:
    values = np.random.default_rng(3).normal(size=10_000)
    before = values.sum(), (values[:, None] * values[None, :20]).sum()
    _, _, time_map = pendulum()
    time_map(5, C1Rect2Set([1, 2], 4))
    assert before == (values.sum(), (values[:, None] * values[None, :20]).sum())
    assert _core.FloatEnvironment.is_clean()


def test_threads_share_a_solver() -> None:
    """Calls take turns; each set gets its own answer."""
    _, _, time_map = pendulum()
    alone = [time_map(6, C0Rect2Set([1 + k / 8, 2], 4)) for k in range(4)]
    found: list[Any] = [None] * 4

    def work(k: int) -> None:
        for _ in range(5):
            found[k] = time_map(6, C0Rect2Set([1 + k / 8, 2], 4))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for a, b in zip(alone, found, strict=True):
        assert np.array_equal(a.lo, b.lo)
        assert np.array_equal(a.hi, b.hi)
