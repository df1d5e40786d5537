"""One step of a trajectory proved again: every solution of a set stays in a tube about a polynomial, and where it goes.

The step is scaled to s in [0, 1]: x' = length f(x, t), P a polynomial in s. It is cut into pieces [a, a + h]. On a
piece, with v = x - P:

    v' = A~(s) v - d(s),   d = P' - length f(P),   A~ a mean of A = length f_x over the segment from P to x.

* d and A along P by their Taylor series at a, the last coefficient over all base points of the piece (Lagrange).
* M >= A~ in the tube (M_ii >= A_ii, M_ij >= |A_ij|, M+ its part with diagonal clipped at 0). While x is in the tube,
  |v(a + s)| <= B := exp(h M+)(|v(a)| + integral |d|); where B < tube, row by row and strictly, v cannot leave.
* Q' = A(P) Q, Q(0) = I as a series to order K: the first K coefficients of Q' - A(P) Q vanish. Within B of P,
  |f_x - f_x(P)| <= dA, the derivative of A in the direction of the box B, and for a mean over the segment from P to x
  |A~ - A(P)| <= dA / 2. The derivative of the flow is Q(h) + E with |E| <= exp(h M+) h (|tail of A Q| + dA sup |Q|),
  the solution operator of v' = A~ v the same with dA / 2.
* v = y + u, where y' = A(P) y - d, y(a) = w, is a series to order K again and w the middle of the set of v(a). Then
  u(a + h) in (Q(h) + E) u(a) + [-1, 1] exp(h M+) h (|tail of A y| + |last term of d| + dA sup |y| / 2).

Sets: V = w + C r + F u, |r_j| <= radii_j the directions of the initial set, w a point, F a float matrix near an
orthogonal one and |u_j| <= bounds_j (Lohner's method).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb, arb_mat, arb_poly, arb_series, ctx

from capnode.verification.balls import arb_matrix, float_matrix, symmetric
from capnode.verification.evaluate import Evaluator
from capnode.verification.program import Program
from capnode.verification.series import SeriesEvaluator

ORDER = 20  # Taylor terms on a piece
FIRST_PIECE = 0.25  # share of a step
SMALLEST_PIECE = 2.0**-9
NARROW_PIECE, COARSE = 2.0**-5, 2.0**-9  # above this error of the operator the pieces are cut to this length
GOAL = arb(2.0**-68)  # of the remainders, relative


class NotProvedAgain(Exception):
    """The referee's own bounds do not reach; the message says which and where."""


def size(x: arb) -> arb:
    """An upper bound of |x|, as a point."""
    return abs(x).upper()


def sizes(m: arb_mat) -> arb_mat:
    return arb_mat(m.nrows(), m.ncols(), [size(z) for z in m.entries()])


def _uppers(m: arb_mat) -> arb_mat:
    return arb_mat(m.nrows(), m.ncols(), [z.upper() for z in m.entries()])


def _middles(m: arb_mat) -> arb_mat:
    return arb_mat(m.nrows(), m.ncols(), [z.mid() for z in m.entries()])


def _radii(m: arb_mat) -> arb_mat:
    return arb_mat(m.nrows(), m.ncols(), [arb(z.rad()).upper() for z in m.entries()])


def identity(n: int) -> arb_mat:
    return arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])


class Frame:
    """{ F u : |u_ij| <= bounds_ij }, column by column, F n x n: errors carried without wrapping (Lohner's QR).

    Beside it the box |error_ij| <= box_ij: it wraps, but keeps rows of different size apart. Both hold.
    """

    def __init__(self, n: int, columns: int) -> None:
        self.matrix = identity(n)
        self.inverse = identity(n)
        self.bounds = arb_mat(n, columns)
        self.box = arb_mat(n, columns)

    def size(self) -> arb_mat:
        framed = _uppers(sizes(self.matrix) * self.bounds)
        pairs = zip(framed.entries(), self.box.entries(), strict=True)
        return arb_mat(framed.nrows(), framed.ncols(), [a.min(b) for a, b in pairs])

    def add(self, error: arb_mat) -> None:
        self.box = _uppers(self.box + error)
        self.bounds = _uppers(self.bounds + sizes(self.inverse) * error)

    def propagate(self, phi: arb_mat, error: arb_mat) -> None:
        """To phi (F u) + error, |error| entrywise."""
        self.box = _uppers(sizes(phi) * self.box + error)
        image = phi * self.matrix
        floats = float_matrix(image)
        weights = np.array([float(z) for z in self.bounds.entries()]).reshape(floats.shape[0], -1).max(axis=1)
        order = np.argsort(-np.linalg.norm(floats, axis=0) * weights, kind="stable")
        if not np.isfinite(floats).all():
            raise NotProvedAgain("the set is not bounded")
        basis, _ = np.linalg.qr(floats[:, order])
        matrix = arb_matrix(basis)
        inverse = matrix.inv()
        self.bounds = _uppers(sizes(inverse * image) * self.bounds + sizes(inverse) * error)
        self.matrix, self.inverse = matrix, inverse


@dataclass
class CarriedSet:
    """x in centre of the step + w + C r + F u; with a derivative, Y in Y_bar + the columns of another frame."""

    point: arb_mat  # n x 1, exact
    directions: arb_mat  # n x k, exact
    radii: arb_mat  # k x 1
    frame: Frame
    tangent: arb_mat | None = None
    tangent_frame: Frame | None = None

    def size(self) -> arb_mat:
        return _uppers(sizes(self.point) + self.box_size() + self.frame.size())

    def box_size(self) -> arb_mat:
        return _uppers(sizes(self.directions) * self.radii)

    def hull(self) -> list[arb]:
        wide = _uppers(self.box_size() + self.frame.size()).entries()
        return [w + symmetric(r) for w, r in zip(self.point.entries(), wide, strict=True)]

    def functionals(self, rows: arb_mat) -> list[arb]:
        """rows y for all y of the set (about its centre)."""
        whole = rows * self.point
        wide = sizes(rows * self.directions) * self.radii
        framed, boxed = sizes(rows * self.frame.matrix) * self.frame.bounds, sizes(rows) * self.frame.box
        return [
            whole[k, 0] + symmetric((wide[k, 0] + framed[k, 0].upper().min(boxed[k, 0].upper())).upper())
            for k in range(rows.nrows())
        ]

    def move_centre(self, difference: Sequence[arb]) -> None:
        """The same set about another centre: old centre - new centre = difference."""
        moved = self.point + arb_mat(len(difference), 1, list(difference))
        self.point = _middles(moved)
        self.frame.add(_radii(moved))

    def derivative(self) -> arb_mat:
        assert self.tangent is not None
        assert self.tangent_frame is not None
        wide = self.tangent_frame.size()
        n = self.tangent.nrows()
        return self.tangent + arb_mat(n, n, [symmetric(r) for r in wide.entries()])


@dataclass
class Step:
    """A claimed step: from t, over `length`, the polynomial in s in [0, 1], the tube."""

    start: arb
    length: float
    polynomial: list[arb_poly]
    tube: list[float]


@dataclass
class PieceBounds:
    """What a piece of a step gives: Q(h) and a bound of its error, y(h) and the same of it, and that of |x - P|."""

    operator: arb_mat
    operator_error: arb_mat
    tangent_error: arb_mat
    middle: arb_mat
    middle_error: arb_mat
    within: arb_mat


Visit = Callable[[float, float, PieceBounds], None]


class StepProver:
    """For one field, its parameters made components of the state (`series.augmented`)."""

    def __init__(self, program: Program, order: int = ORDER, goal: arb = GOAL) -> None:
        self.order, self.goal = order, goal
        self.n = program.dim
        self.timed = program.depends_on_time
        self.series = SeriesEvaluator(program)
        self.evaluator = Evaluator(program)

    def run(self, step: Step, start: CarriedSet, visit: Visit | None = None, longest: float = FIRST_PIECE) -> arb_mat:
        """Carries the set to the end of the step; the last piece's bounds |x - P|. Raises NotProvedAgain.

        `visit(a, h, bounds)` is told every piece [a, a + h] of the step; none is longer than `longest`, a power of two.
        """
        a, h = 0.0, longest
        within = start.size()
        while a < 1.0:
            while True:
                try:
                    bounds = self._piece(step, start, a, h)
                except (ValueError, ZeroDivisionError) as reason:  # a series is not defined on a ball as wide as this
                    if h <= SMALLEST_PIECE:
                        raise NotProvedAgain(f"the series of a piece: {reason}") from None
                    bounds = None
                if bounds is not None:
                    break
                h *= 0.5
            if visit is not None:
                visit(a, h, bounds)
            self._advance(start, bounds)
            within = bounds.within
            a += h
            # pieces stay on the dyadic grid: doubled only where the next one ends on it
            if h < longest and (a / (2.0 * h)).is_integer():
                h *= 2.0
        return within

    def _expand(self, step: Step, base: arb, terms: int) -> tuple[list[arb_series], arb_series | None]:
        """P and the time about a base point (or all of a ball of them)."""
        shift = arb_poly([base, 1])
        curve = [arb_series(p(shift).coeffs()[:terms]) for p in step.polynomial]
        time = arb_series([step.start + step.length * base, step.length]) if self.timed else None
        return curve, time

    def run_by_norm(self, step: Step, radius: arb) -> arb:
        """From |v|_2 <= radius at the start of the step to a bound at its end, without tangents.

        mu >= the logarithmic norm of A in the tube, the largest eigenvalue of its symmetric part:
        |v(a + s)|_2 <= exp(h max(mu, 0)) (|v(a)|_2 + integral |d|_2), which must be less than every row of the tube.
        The integral of |d|_2 is at most the sum over the orders of d of theirs: the norm of the integrals row by row
        would be less than it.
        """
        a, h = 0.0, FIRST_PIECE
        while a < 1.0:
            try:
                end = self._piece_by_norm(step, radius, a, h)
            except (ValueError, ZeroDivisionError) as reason:
                if h <= SMALLEST_PIECE:
                    raise NotProvedAgain(f"the series of a piece: {reason}") from None
                end = None
            if end is None:
                h *= 0.5
                continue
            radius = end
            a += h
        return radius

    def _piece_by_norm(self, step: Step, radius: arb, a: float, h: float) -> arb | None:
        last, length, span = h <= SMALLEST_PIECE, arb(step.length), arb(h)
        ball = arb(a) + span / 2 + symmetric((span / 2).upper())
        cap = ctx.cap
        ctx.cap = self.order + 1
        try:
            curve, time = self._expand(step, arb(a), self.order + 1)
            shifted = [p(arb_poly([arb(a) + span / 2, 1])) for p in step.polynomial]
            around = arb_poly([symmetric((span / 2).upper()), 1])
            over = [arb_series(p(around).coeffs()[: self.order + 2]) for p in shifted]
            time_over = arb_series([step.start + length * ball, length]) if self.timed else None
            f, _ = self.series(curve, time, derivatives=False)
            f_over, _ = self.series(over, time_over, derivatives=False)
            squares = [arb(0)] * (self.order + 1)  # by order; the last one is the remainder
            for i in range(self.n):
                d = (curve[i].derivative() if len(curve[i]) > 1 else arb_series([0])) - f[i] * length
                rest = size(p_derivative(shifted[i], around, self.order) - f_over[i][self.order] * length)
                remainder = (rest * span**self.order).upper()
                if not last and not bool(remainder <= self.goal * size(over[i][0]).max(arb(2.0**-20))):
                    return None
                squares = [q + size(d[k]) ** 2 for k, q in enumerate(squares[:-1])] + [squares[-1] + remainder**2]
        finally:
            ctx.cap = cap
        norms = [q.sqrt() for q in squares]
        defect = sum((q * span ** (k + 1) / (k + 1) for k, q in enumerate(norms[:-1])), norms[-1] * span)
        t = step.start + length * ball if self.timed else None
        moving = len(step.tube)  # the parameters are exact here and stay what they are
        x = [c[0] + symmetric(arb(r)) for c, r in zip(over, step.tube, strict=False)] + [c[0] for c in over[moving:]]
        mu = self.logarithmic_norm(x, t, length, moving)
        growth = (span * mu.max(arb(0))).exp()
        within = (growth * (radius + defect)).upper()
        narrowest = min(step.tube)
        if not bool(within < arb(narrowest)):
            if not last and h > NARROW_PIECE:
                return None
            raise NotProvedAgain(f"|x - P|_2 <= {float(within):.3g} was found here, {narrowest:.3g} is claimed")
        return ((span * mu).exp() * radius + growth * defect).upper()

    def logarithmic_norm(self, x: list[arb], t: arb | None, length: arb, n: int) -> arb:
        """Of the leading n x n block of A over a box: Gershgorin's bound for the middle of its symmetric part in the
        basis of approximate eigenvectors (a similarity), and the lesser of the largest row sum of its radii and their
        Frobenius norm."""
        rows = self.evaluator.jacobian(x, (), None, t).dx
        assert rows is not None
        whole = arb_mat(n, n, [length * z for row in rows[:n] for z in row[:n]])
        symmetric_part = (whole + whole.transpose()) * arb(0.5)
        floats = float_matrix(symmetric_part)
        if not np.isfinite(floats).all():
            raise NotProvedAgain("the Jacobian over the tube is not bounded")
        basis = arb_matrix(np.linalg.eigh(floats)[1])
        table = (basis.inv() * _middles(symmetric_part) * basis).table()
        discs = [sum((size(z) for j, z in enumerate(row) if j != i), row[i].upper()) for i, row in enumerate(table)]
        radii = _radii(symmetric_part)
        rows_of_radii = max((sum(row, arb(0)).upper() for row in radii.table()), key=float)
        frobenius = sum((z**2 for z in radii.entries()), arb(0)).sqrt().upper()
        return (max(discs, key=float).upper() + rows_of_radii.min(frobenius)).upper()

    def _piece(self, step: Step, start: CarriedSet, a: float, h: float) -> PieceBounds | None:
        """None: the Taylor remainders are too large, take a shorter piece."""
        n, length, last = self.n, arb(step.length), h <= SMALLEST_PIECE
        span = arb(h)
        middle = arb(a) + span / 2
        cap = ctx.cap
        ctx.cap = self.order + 1
        try:
            at = self._expand(step, arb(a), self.order + 1)
            shifted = [p(arb_poly([middle, 1])) for p in step.polynomial]
            around = arb_poly([symmetric((span / 2).upper()), 1])
            curve = [arb_series(p(around).coeffs()[: self.order + 2]) for p in shifted]
            ball = middle + symmetric((span / 2).upper())
            time = arb_series([step.start + length * ball, length]) if self.timed else None
            f, j = self.series(at[0], at[1], derivatives=True)
            f_over, j_over = self.series(curve, time, derivatives=True)
            assert j is not None
            assert j_over is not None
            defect: list[arb] = []
            remainders: list[arb] = []
            defect_series: list[list[arb]] = []
            for i in range(n):
                series = at[0][i].derivative() if len(at[0][i]) > 1 else arb_series([0])
                d = series - f[i] * length
                total = sum((size(d[k]) * span ** (k + 1) / (k + 1) for k in range(self.order)), arb(0))
                ball_derivative = p_derivative(shifted[i], around, self.order)
                rest = size(ball_derivative - f_over[i][self.order] * length)
                remainder = (rest * span**self.order).upper()
                scale = size(curve[i][0]).max(arb(2.0**-20))
                if not last and not bool(remainder <= self.goal * scale):
                    return None
                defect.append((total + remainder * span).upper())
                remainders.append(remainder)
                defect_series.append([d[k] for k in range(self.order)])
            places = [(r, c) for r in range(n) for c in range(n)]
            a_series = [arb_mat(n, n, [j[r][c][k] * length for r, c in places]) for k in range(self.order)]
            a_series.append(arb_mat(n, n, [j_over[r][c][self.order] * length for r, c in places]))
            range_of_p = [c[0] for c in curve]
        finally:
            ctx.cap = cap
        d_matrix = arb_mat(n, 1, defect)
        operator, tail, supremum = _solution(a_series, identity(n), None, span)
        forcing = [arb_mat(n, 1, [-row[k] for row in defect_series]) for k in range(self.order)]
        middle_end, middle_tail, middle_supremum = _solution(a_series, start.point, forcing, span)
        middle_tail = middle_tail + arb_mat(n, 1, remainders)
        largest = max((size(z) for z in tail.entries()), key=float, default=arb(0))
        if not last and not bool(largest <= self.goal * 16):
            return None

        # the tube is not left: |v| <= exp(h M+) (|v(a)| + integral |d|)
        t = step.start + length * ball if self.timed else None
        size_before = start.size()
        radii = self._tube(step, size_before)
        growth = self._growth([x + symmetric(r) for x, r in zip(range_of_p, radii, strict=True)], t, length, span)
        bound = _uppers(growth * (size_before + d_matrix))
        if not all(z.is_finite() for z in bound.entries()):
            if last:
                raise NotProvedAgain("no bound of the growth in the tube")
            return None
        for i, claimed in enumerate(step.tube):
            if not bool(bound[i, 0] < arb(claimed)):
                if last or h <= 2.0**-5:
                    raise NotProvedAgain(
                        f"component {i}: |x - P| <= {float(bound[i, 0]):.3g} was found here, {claimed:.3g} is claimed"
                    )
                return None
        # and is thinner than claimed
        radii = [b.min(arb(r)) for b, r in zip(bound.entries(), radii, strict=True)]
        wide = [x + symmetric(r) for x, r in zip(range_of_p, radii, strict=True)]
        bent = self.evaluator.jacobian(wide, (), [symmetric(r) for r in radii], t).along_dx
        assert bent is not None
        d_a = arb_mat(n, n, [size(z * length) for row in bent for z in row])
        bent_operator, half = d_a * supremum, arb(0.5)
        error = _uppers(growth * ((tail + bent_operator * half) * span))
        tangent_error = _uppers(growth * ((tail + bent_operator) * span))
        coarse = max((float(z) for z in tangent_error.entries()), default=0.0)
        if h > NARROW_PIECE and not coarse <= COARSE:
            return None
        middle_error = _uppers(growth * ((middle_tail + d_a * middle_supremum * half) * span))
        return PieceBounds(operator, error, tangent_error, middle_end, middle_error, arb_mat(n, 1, radii))

    def _tube(self, step: Step, before: arb_mat) -> list[arb]:
        """Radii of the tube, row by row; components that do not move keep what they have."""
        unmoved: list[arb] = before.entries()[len(step.tube) :]
        return [arb(r) for r in step.tube] + unmoved

    def _growth(self, x: list[arb], t: arb | None, length: arb, span: arb) -> arb_mat:
        """exp(h M+) over the tube."""
        n = self.n
        rows = self.evaluator.jacobian(x, (), None, t).dx
        assert rows is not None
        entries = []
        for i in range(n):
            for j in range(n):
                z = rows[i][j] * length * span
                if not z.is_finite():
                    return arb_mat(n, n, [arb("nan")] * (n * n))
                entries.append(z.upper().max(arb(0)) if i == j else size(z))
        return _uppers(arb_mat(n, n, entries).exp())

    def change_of_tangent(self, step: Step, share: arb, within: arb_mat, tangent: arb_mat) -> arb_mat:
        """|Y(share) - Y(1)| <= (exp((1 - share) |A|) - I) |Y(1)|, for a share in the last piece: Y(share) is the image
        of Y(1) under the flow of the linear equation, backward."""
        over = share.union(arb(1))
        t = step.start + arb(step.length) * over if self.timed else None
        x = [p(over) + symmetric(r) for p, r in zip(step.polynomial, within.entries(), strict=True)]
        rows = self.evaluator.jacobian(x, (), None, t).dx
        assert rows is not None
        gap = (1 - share) * arb(step.length)
        exponent = arb_mat(self.n, self.n, [size(gap * z) for row in rows for z in row])
        return _uppers((exponent.exp() - identity(self.n)) * sizes(tangent))

    def _advance(self, s: CarriedSet, bounds: PieceBounds) -> None:
        phi = _middles(bounds.operator)
        error_of_phi = _uppers(bounds.operator_error + _radii(bounds.operator))
        directions = phi * s.directions
        error = bounds.middle_error + _radii(bounds.middle) + error_of_phi * (s.box_size() + s.frame.size())
        error = error + _radii(directions) * s.radii
        s.point, s.directions = _middles(bounds.middle), _middles(directions)
        if s.tangent is not None and s.tangent_frame is not None:
            whole = sizes(s.tangent) + s.tangent_frame.size()
            tangent = phi * s.tangent
            error_of_tangent = _uppers(bounds.tangent_error + _radii(bounds.operator))
            s.tangent_frame.propagate(phi, _uppers(error_of_tangent * whole + _radii(tangent)))
            s.tangent = _middles(tangent)
        s.frame.propagate(phi, _uppers(error))


def p_derivative(p: arb_poly, around: arb_poly, k: int) -> arb:
    """Coefficient k of p' about every point of a ball."""
    coefficients = p(around).coeffs()
    return (k + 1) * coefficients[k + 1] if len(coefficients) > k + 1 else arb(0)


def _solution(
    a: list[arb_mat], start: arb_mat, forcing: list[arb_mat] | None, span: arb
) -> tuple[arb_mat, arb_mat, arb_mat]:
    """The series y of y' = A y + forcing, y(0) = start, to order K = len(a) - 1: y(h), a bound of the terms of A y of
    degree K and more, and sup |y|. The equation holds exactly up to these terms."""
    order = len(a) - 1
    y = [start]
    for k in range(order):
        total = a[0] * y[k] if forcing is None else a[0] * y[k] + forcing[k]
        for j in range(1, k + 1):
            total = total + a[j] * y[k - j]
        y.append(total * (arb(1) / (k + 1)))
    value = y[order]
    for k in range(order - 1, -1, -1):
        value = value * span + y[k]
    suffix = [arb_mat(start.nrows(), start.ncols())] * (order + 2)
    for k in range(order, -1, -1):
        suffix[k] = _uppers(suffix[k + 1] + sizes(y[k]) * span**k)
    tail = arb_mat(start.nrows(), start.ncols())
    for i in range(order + 1):
        tail = tail + sizes(a[i]) * span**i * suffix[order - i]
    return value, _uppers(tail), suffix[0]
