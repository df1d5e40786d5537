"""The oracle of the Hopf tests: the same objects computed a second time, in python-flint at the session's precision.

Networks are small recipes (`Net`) that can be read in two ways: as a `_core.FieldBuilder` program, or as Python code
over third-order nilpotent jets (e_i^2 = 0) of acb numbers. Nothing of the library is used on the second way. The Hopf
point is found by Newton's iteration, the first Lyapunov coefficient from Kuznetsov's formula with a left eigenvector;
both are plain high-precision arithmetic (200 bits), accurate to some 45 digits on well-conditioned problems.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import flint
import numpy as np
from flint import acb, acb_mat, arb

Vector = list["Jet"]


class Jet:
    """sum over subsets S of {1, 2, 3} of c[S] e_S, coefficients in acb; index = bit mask."""

    __slots__ = ("c",)

    def __init__(self, c: Sequence[Any]) -> None:
        self.c = [acb(0)] * 8
        for i, v in enumerate(c):
            self.c[i] = acb(v)

    def __add__(self, other: Jet) -> Jet:
        return Jet([a + b for a, b in zip(self.c, other.c, strict=True)])

    def __sub__(self, other: Jet) -> Jet:
        return Jet([a - b for a, b in zip(self.c, other.c, strict=True)])

    def __mul__(self, other: Jet) -> Jet:
        out = [acb(0)] * 8
        for i in range(8):
            for j in range(8):
                if i & j == 0:
                    out[i | j] = out[i | j] + self.c[i] * other.c[j]
        return Jet(out)

    def scale(self, s: Any) -> Jet:
        return Jet([a * s for a in self.c])

    def compose(self, d: Sequence[Any]) -> Jet:
        """f(self) from f, f', f'', f''' at the constant term."""
        n = Jet([0, *self.c[1:]])
        n2 = n * n
        n3 = n2 * n
        return Jet([d[0]]) + n.scale(d[1]) + n2.scale(d[2] / 2) + n3.scale(d[3] / 6)


def _tanh(z: acb) -> list[acb]:
    t = z.tanh()
    s = 1 - t * t
    return [t, s, -2 * t * s, s * (6 * t * t - 2)]


def _sin(z: acb) -> list[acb]:
    s, c = z.sin(), z.cos()
    return [s, c, -s, -c]


def _sigmoid(z: acb) -> list[acb]:
    s = 1 / (1 + (-z).exp())
    d = s * (1 - s)
    return [s, d, d * (1 - 2 * s), d * (1 - 6 * s + 6 * s * s)]


DERIVATIVES: dict[str, Callable[[acb], list[acb]]] = {"tanh": _tanh, "sin": _sin, "sigmoid": _sigmoid}


@dataclass
class Net:
    """A recipe: `steps` are tuples (operation, arguments...); node 0 is x, node 1 is p; the last one is the output."""

    dim: int
    steps: list[tuple[Any, ...]] = field(default_factory=list)

    def add(self, *step: Any) -> int:
        self.steps.append(step)
        return len(self.steps) + 1

    # ---- the recipe as a field of the library ----
    def field(self, core: Any, radius: float = 0.0) -> Any:
        b = core.FieldBuilder(self.dim, 1, False)
        ids = [b.state(), b.parameter()]
        for op, *a in self.steps:
            if op in ("affine", "exact"):  # "exact": never gets a radius
                w = np.ascontiguousarray(a[1], dtype=np.float64)
                c = None if a[2] is None else np.ascontiguousarray(a[2], dtype=np.float64)
                if radius > 0 and op == "affine":
                    ids.append(
                        b.affine(
                            ids[a[0]], w, np.full_like(w, radius), c, None if c is None else np.full_like(c, radius)
                        )
                    )
                else:
                    ids.append(b.affine(ids[a[0]], w, None, c, None))
            elif op == "apply":
                ids.append(b.apply(a[0], ids[a[1]]))
            elif op == "gather":
                ids.append(b.gather(ids[a[0]], list(a[1])))
            else:
                ids.append(getattr(b, op)(ids[a[0]], ids[a[1]]))
        return b.build(ids[-1])

    # ---- the recipe over jets ----
    def __call__(self, x: Vector, p: Jet) -> Vector:
        nodes: list[Vector] = [x, [p]]
        for op, *a in self.steps:
            if op in ("affine", "exact"):
                w, c = np.asarray(a[1]), a[2]
                out = []
                for i in range(w.shape[0]):
                    s = Jet([0 if c is None else float(c[i])])
                    for j in range(w.shape[1]):
                        if w[i, j] != 0:
                            s = s + nodes[a[0]][j].scale(float(w[i, j]))
                    out.append(s)
            elif op == "apply":
                out = [z.compose(DERIVATIVES[a[0]](z.c[0])) for z in nodes[a[1]]]
            elif op == "gather":
                out = [nodes[a[0]][i] for i in a[1]]
            elif op == "add":
                out = [u + v for u, v in zip(nodes[a[0]], nodes[a[1]], strict=True)]
            elif op == "subtract":
                out = [u - v for u, v in zip(nodes[a[0]], nodes[a[1]], strict=True)]
            elif op == "multiply":
                out = [u * v for u, v in zip(nodes[a[0]], nodes[a[1]], strict=True)]
            else:
                raise ValueError(op)
            nodes.append(out)
        return nodes[-1]


def numeric(net: Net, x: Any, p: Any) -> Any:
    """The recipe in numpy (complex steps allowed): only to find where to start."""
    functions: dict[str, Callable[[Any], Any]] = {
        "tanh": np.tanh,
        "sin": np.sin,
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    }
    x = np.asarray(x)
    columns = x.reshape(net.dim, -1)
    nodes = [columns, np.full((1, 1), p)]
    for op, *a in net.steps:
        if op in ("affine", "exact"):
            out = np.asarray(a[1]) @ nodes[a[0]] + (0 if a[2] is None else np.asarray(a[2])[:, None])
        elif op == "apply":
            out = functions[a[0]](nodes[a[1]])
        elif op == "gather":
            out = nodes[a[0]][np.asarray(a[1])]
        else:
            out = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply}[op](nodes[a[0]], nodes[a[1]])
        nodes.append(out)
    return np.broadcast_to(nodes[-1], columns.shape).reshape(x.shape)


def numeric_jacobian(net: Net, x: Any, p: float) -> Any:
    """Complex steps, all columns at once."""
    h = 1e-30
    return numeric(net, x[:, None] + 1j * h * np.eye(net.dim), p).imag / h


def _equilibrium(net: Net, x: Any, p: float) -> Any:
    """Newton's method from x; None where it does not converge."""
    x = np.array(x, dtype=float)
    for _ in range(30):
        try:
            step = np.linalg.solve(numeric_jacobian(net, x, p), numeric(net, x, p))
        except np.linalg.LinAlgError:
            return None
        x = x - step * min(1.0, 2.0 / (np.linalg.norm(step) + 1e-300))
        if np.linalg.norm(step) < 1e-10:
            return x
    return None


def scan(
    net: Net, span: tuple[float, float], *, nodes: int = 60, starts: Sequence[Any] = (), limit: int = 1000
) -> list[tuple[Any, ...]]:
    """Hints (p, w, x, v): equilibria followed over a grid, crossings of pairs by bisection. Only for tests."""
    found: list[tuple[Any, ...]] = []
    for start in starts or [np.zeros(net.dim)]:
        x = np.array(start, dtype=float)
        before = None
        for p in np.linspace(*span, nodes):
            x = _equilibrium(net, x, p)
            if x is None:
                x, before = np.array(start, dtype=float), None
                continue
            lam = np.linalg.eigvals(numeric_jacobian(net, x, p))
            if before is not None:
                p0, x0, lam0 = before
                for i in np.flatnonzero(lam.imag > 1e-3):
                    if len(found) >= limit:
                        return found
                    j = int(np.argmin(abs(lam0 - lam[i])))
                    if lam0[j].real * lam[i].real < 0 and lam0[j].imag > 0 and abs(lam0[j] - lam[i]) < 0.3:
                        hint = _bisect(net, (p0, x0, lam0[j]), (p, x, lam[i]))
                        if hint is not None:
                            found.append(hint)
            before = (p, x.copy(), lam)
    return found


def _bisect(net: Net, a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...] | None:
    for _ in range(12):
        p = (a[0] + b[0]) / 2
        x = _equilibrium(net, (a[1] + b[1]) / 2, p)
        if x is None:
            return None
        lam, vec = np.linalg.eig(numeric_jacobian(net, x, p))
        i = int(np.argmin(abs(lam - (a[2] + b[2]) / 2)))
        if lam[i].imag <= 0:
            return None
        if (lam[i].real > 0) == (a[2].real > 0):
            a = (p, x, lam[i])
        else:
            b = (p, x, lam[i])
    return (p, lam[i].imag, x, vec[:, i]) if abs(lam[i].real) < 1e-3 else None


def recurrent(w: Any, b: Any) -> Net:
    """x' = -p x + W tanh(x) + b."""
    w = np.asarray(w)
    net = Net(w.shape[0])
    t = net.add("apply", "tanh", 0)
    wt = net.add("affine", t, w, b)
    pp = net.add("gather", 1, [0] * net.dim)
    px = net.add("multiply", pp, 0)
    net.add("subtract", wt, px)
    return net


def diagonal_family(m: Any, b: Any, function: str = "tanh", shift: float = 0.0) -> Net:
    """x' = s((M + (p + shift) I) x + b); p + shift is exact, no rounding happens."""
    m = np.asarray(m)
    net = Net(m.shape[0])
    mx = net.add("affine", 0, m, b)
    at = 1 if shift == 0.0 else net.add("exact", 1, np.ones((1, 1)), np.array([shift]))
    pp = net.add("gather", at, [0] * net.dim)
    px = net.add("multiply", pp, 0)
    z = net.add("add", mx, px)
    net.add("apply", function, z)
    return net


def parameter_at(m: Any, b: Any, entries: Sequence[tuple[int, int, float]], function: str = "tanh") -> Net:
    """x' = s((M + p E) x + b), E given by its entries (row, column, value)."""
    m = np.asarray(m)
    e = np.zeros_like(m)
    for i, j, v in entries:
        e[i, j] = v
    net = Net(m.shape[0])
    mx = net.add("affine", 0, m, b)
    ex = net.add("affine", 0, e, None)
    pp = net.add("gather", 1, [0] * net.dim)
    px = net.add("multiply", pp, ex)
    z = net.add("add", mx, px)
    net.add("apply", function, z)
    return net


def three_layers(ws: Sequence[Any], function: str = "tanh") -> Net:
    """x' = s((W3 + p I) s((W2 + p I) s((W1 + p I) x)))."""
    net = Net(np.asarray(ws[0]).shape[0])
    at = 0
    pp = net.add("gather", 1, [0] * net.dim)
    for w in ws:
        wx = net.add("affine", at, w, None)
        px = net.add("multiply", pp, at)
        z = net.add("add", wx, px)
        at = net.add("apply", function, z)
    return net


def perceptron(layers: Sequence[tuple[Any, Any]], direction: Any) -> Net:
    """x' = W_k tanh(... tanh(W_1 x + p d + b_1)) + b_k: a perceptron with a learnt parameter input d."""
    net = Net(np.asarray(layers[0][0]).shape[1])
    d = np.asarray(direction).reshape(-1, 1)
    at = net.add("affine", 0, *layers[0])
    pd = net.add("affine", 1, d, None)
    at = net.add("add", at, pd)
    for w, b in layers[1:]:
        at = net.add("apply", "tanh", at)
        at = net.add("affine", at, w, b)
    return net


def damped_hidden(u: Any, c: Any, d: Any, v: Any, e: Any) -> Net:
    """x' = -x + V tanh(U x + c + p d) + e."""
    u, v = np.asarray(u), np.asarray(v)
    net = Net(u.shape[1])
    ux = net.add("affine", 0, u, c)
    pd = net.add("affine", 1, np.asarray(d).reshape(-1, 1), None)
    z = net.add("add", ux, pd)
    t = net.add("apply", "tanh", z)
    vt = net.add("affine", t, v, e)
    net.add("subtract", vt, 0)
    return net


# ---------------------------------------------------------------------------------------------------------------------


def _derivative(net: Net, x: Sequence[acb], p: acb, directions: Sequence[tuple[Sequence[Any], Any]]) -> list[acb]:
    """D^k f(x, p)[d1, .., dk], k = number of directions (1 to 3), each (state part, parameter part)."""
    n, k = net.dim, len(directions)
    xs = []
    for i in range(n):
        c: list[Any] = [0] * 8
        c[0] = x[i]
        for j, (d, _) in enumerate(directions):
            c[1 << j] = d[i]
        xs.append(Jet(c))
    c = [0] * 8
    c[0] = p
    for j, (_, d) in enumerate(directions):
        c[1 << j] = d
    top = (1 << k) - 1
    return [z.c[top] for z in net(xs, Jet(c))]


def _value(net: Net, x: Sequence[acb], p: acb) -> list[acb]:
    return [z.c[0] for z in net([Jet([v]) for v in x], Jet([p]))]


def jacobian(net: Net, x: Sequence[acb], p: acb) -> acb_mat:
    n = net.dim
    cols = [_derivative(net, x, p, [([1 if i == j else 0 for i in range(n)], 0)]) for j in range(n)]
    return acb_mat([[cols[j][i] for j in range(n)] for i in range(n)])


def _column(v: Sequence[Any]) -> acb_mat:
    return acb_mat([[z] for z in v])


def _list(m: acb_mat) -> list[acb]:
    return [m[i, 0] for i in range(m.nrows())]


def _mid(z: acb) -> acb:
    return acb(z.real.mid(), z.imag.mid())


@dataclass
class Reference:
    parameter: arb
    frequency: arb
    state: list[arb]
    eigenvector: list[acb]
    transversality: arb
    l1: arb
    l1_planar: arb  # the two-term formula without the J^-1 and (2iw - J)^-1 terms
    h11: list[acb]
    h20: list[acb]
    unstable: int
    last_step: float

    def turned(self, psi: Any) -> tuple[list[acb], list[acb]]:
        """q and h20 in the phase in which psi q > 0 (h20 turns twice as fast)."""
        product = sum(
            (acb(complex(a).real, complex(a).imag) * z for a, z in zip(psi, self.eigenvector, strict=True)), acb(0)
        )
        phase = product.conjugate() / abs(product)
        return [z * phase for z in self.eigenvector], [z * phase * phase for z in self.h20]


def hopf_reference(net: Net, p: float, w: float, x: Any, v: Any, *, iterations: int = 9) -> Reference:
    """The Hopf point near the approximation, to the working precision."""
    n = net.dim
    zero = [acb(0)] * n
    X = [acb(float(t)) for t in np.asarray(x)]
    V = [acb(complex(t).real, complex(t).imag) for t in np.asarray(v)]
    P, W = acb(p), acb(w)
    psi = [z.conjugate() for z in V]
    norm = sum((a * b for a, b in zip(psi, V, strict=True)), acb(0))
    psi = [z / norm for z in psi]
    i = acb(0, 1)
    last = float("inf")
    for _ in range(iterations):
        J = jacobian(net, X, P)
        fp = _derivative(net, X, P, [(zero, 1)])
        f = _value(net, X, P)
        e = [a - i * W * b for a, b in zip(_list(J * _column(V)), V, strict=True)]
        xp = [-z for z in _list(J.solve(_column(fp)))]
        a = [-z for z in _list(J.solve(_column(f)))]
        c1 = _derivative(net, X, P, [(V, 0), (a, 0)])
        c2 = _derivative(net, X, P, [(V, 0), (xp, 1)])
        # (J - i w) dv - v mu = r, psi dv = 0
        B = acb_mat(n + 1, n + 1)
        for r in range(n):
            for c in range(n):
                B[r, c] = J[r, c] - (i * W if r == c else 0)
            B[r, n] = -V[r]
            B[n, r] = psi[r]
        s = acb(1) - sum((u * t for u, t in zip(psi, V, strict=True)), acb(0))
        y1 = _list(B.solve(_column([-(p_ + q_) for p_, q_ in zip(e, c1, strict=True)] + [s])))
        y2 = _list(B.solve(_column([*c2, acb(0)])))
        dp = acb(y1[n].real / y2[n].real)
        dw = acb(y1[n].imag - dp.real * y2[n].imag)
        X = [_mid(acb((u + da + dp * t).real)) for u, da, t in zip(X, a, xp, strict=True)]
        V = [_mid(u + g - dp * h) for u, g, h in zip(V, y1[:n], y2[:n], strict=True)]
        P, W = _mid(P + dp), _mid(W + dw)
        last = max(abs(float(abs(dp).mid())), abs(float(abs(dw).mid())))
    # quantities at the point
    J = jacobian(net, X, P)
    fp = _derivative(net, X, P, [(zero, 1)])
    xp = [-z for z in _list(J.solve(_column(fp)))]
    norm2 = sum((z.real * z.real + z.imag * z.imag for z in V), arb(0)).sqrt()
    q = [z / norm2 for z in V]
    qb = [z.conjugate() for z in q]
    # left vector: null vector of the transposed matrix by a bordered system
    B = acb_mat(n + 1, n + 1)
    for r in range(n):
        for c in range(n):
            B[r, c] = J[c, r] - (i * W if r == c else 0)
        B[r, n] = qb[r]
        B[n, r] = q[r]
    left = _list(B.solve(_column([acb(0)] * n + [acb(1)])))[:n]  # left . q = 1

    def pair(z: Sequence[acb]) -> acb:
        return sum((u * t for u, t in zip(left, z, strict=True)), acb(0))

    trans = pair(_derivative(net, X, P, [(q, 0), (xp, 1)])).real
    cubic = pair(_derivative(net, X, P, [(q, 0), (q, 0), (qb, 0)]))
    bqq = _derivative(net, X, P, [(q, 0), (q, 0)])
    bqb = _derivative(net, X, P, [(q, 0), (qb, 0)])
    h11 = _list(J.solve(_column(bqb)))
    shifted = acb_mat([[(2 * i * W if r == c else 0) - J[r, c] for c in range(n)] for r in range(n)])
    h20 = _list(shifted.solve(_column(bqq)))
    l1 = (
        (
            cubic
            - 2 * pair(_derivative(net, X, P, [(q, 0), (h11, 0)]))
            + pair(_derivative(net, X, P, [(qb, 0), (h20, 0)]))
        )
        / (2 * W)
    ).real
    g20, g11, g21 = pair(bqq), pair(bqb), cubic
    planar = ((i * g20 * g11 + W * g21) / (2 * W * W)).real
    eigs = np.linalg.eigvals(
        np.array([[float(J[r, c].real.mid()) for c in range(n)] for r in range(n)], dtype=np.float64)
    )
    k = np.argsort(abs(eigs.real))
    unstable = int(sum(eigs[k[2:]].real > 0))
    return Reference(P.real, W.real, [z.real for z in X], q, trans, l1, planar, [-z for z in h11], h20, unstable, last)


def planar_coefficient(net: Net, r: Reference) -> arb:
    """4 a / w for n = 2, `a` from Guckenheimer and Holmes (3.4.11): no pairing, no manifold, no complex forms.

    In the coordinates x = T (u, v), T = [Re q, -Im q], the linear part is [[0, -w], [w, 0]]; z = (u + i v)/2 turns
    their r' = a r^3 into Kuznetsov's l1 = 4 a / w where |q|_2 = 1.
    """
    q = r.eigenvector
    t = acb_mat([[q[0].real, -q[0].imag], [q[1].real, -q[1].imag]])
    x, p = [acb(z) for z in r.state], acb(r.parameter)

    def form(*axes: int) -> list[acb]:
        directions = [([t[0, k], t[1, k]], 0) for k in axes]
        return _list(t.solve(_column(_derivative(net, x, p, directions))))

    (fxx, gxx), (fxy, gxy), (fyy, gyy) = form(0, 0), form(0, 1), form(1, 1)
    w = r.frequency
    a = (form(0, 0, 0)[0] + form(0, 1, 1)[0] + form(0, 0, 1)[1] + form(1, 1, 1)[1]) / 16
    a = a + (fxy * (fxx + fyy) - gxy * (gxx + gyy) - fxx * gxx + fyy * gyy) / (16 * w)
    return (4 * a / w).real


def meets(lo: float, hi: float, value: arb, slack: float = 0.0) -> bool:
    """Does [lo, hi], taken exactly, meet value (1 ± slack)?"""
    r = abs(value) * slack
    return bool(arb(lo) <= value + r) and bool(value - r <= arb(hi))


def precision() -> int:
    return int(flint.ctx.prec)
