"""Any activation as smooth pieces, for quadrature: thresholds exact where they are algebraic, found on the line otherwise.

:mod:`normal_form` does this for the class of closed forms, where every threshold is an algebraic number or a symbol.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from ntksym.gaussian.evaluation import NoNumbersError, line_values
from ntksym.nodes import Indicator
from ntksym.notation import x

MOST_KINKS = 6  # the panels in two dimensions grow like the fourth power
_LINE = 60.0  # kinks that are no roots of polynomials are looked for in [-60, 60]
_SWITCHES = (sp.Abs, sp.sign, sp.Heaviside, Indicator, sp.Max, sp.Min, sp.Piecewise)
_CLOSE = sp.Rational(1, 10**18)


@dataclass(frozen=True)
class SmoothPieces:
    """``exprs[i]`` between ``thresholds[i-1]`` and ``thresholds[i]``; ``rough``: a root or logarithm vanishes at a threshold; ``searched``: kinks were found
    by their change of sign.
    """

    thresholds: tuple[sp.Expr, ...]
    exprs: tuple[sp.Expr, ...]
    rough: bool
    searched: bool


def sample_values(expr: sp.Expr, seed: int = 0) -> dict[sp.Symbol, sp.Rational]:
    """Numbers for the parameters of ``expr`` that their assumptions allow."""
    out = {}
    symbols = sorted((s for s in expr.free_symbols if s != x), key=str)
    for k, symbol in enumerate(symbols if seed % 2 == 0 else reversed(symbols)):  # neither order of two parameters is taken for granted
        value = sp.Rational(23 + 7 * k + 5 * seed, 20 + 3 * seed)
        if symbol.is_negative or symbol.is_nonpositive:
            value = -value
        out[symbol] = sp.Integer(2 + k + seed) * (-1 if value < 0 else 1) if symbol.is_integer else value
    return out


def smooth_pieces(expr: sp.Expr) -> SmoothPieces:
    """The pieces of ``expr`` in x.  NoNumbersError where a kink depends on parameters in a way not decided, or where there are too many."""
    walk = _Walk(expr)
    thresholds = walk.thresholds(expr)
    exprs = [walk.resolved(expr, thresholds, i) for i in range(len(thresholds) + 1)]
    kept: list[sp.Expr] = []
    out = [exprs[0]]
    for t, piece in zip(thresholds, exprs[1:], strict=True):
        if (piece == out[-1] or sp.expand(piece - out[-1]) == 0) and not walk.is_rough(piece, t):
            continue
        kept.append(t)
        out.append(piece)
    if len(kept) > MOST_KINKS:
        raise NoNumbersError(f"phi has {len(kept)} kinks, more than the {MOST_KINKS} that its panels are made for")
    return SmoothPieces(tuple(kept), tuple(out), bool(walk.rough & set(kept)), bool(walk.searched & set(kept)))


class _Walk:
    """Thresholds of the parts of one expression, with sample values of its parameters."""

    def __init__(self, expr: sp.Expr) -> None:
        self.samples = [sample_values(expr, seed) for seed in range(3 if expr.free_symbols - {x} else 1)]
        self.rough: set[sp.Expr] = set()
        self.searched: set[sp.Expr] = set()

    def thresholds(self, expr: sp.Basic) -> tuple[sp.Expr, ...]:
        """Where some part of ``expr`` may have a kink, in order."""
        found: list[sp.Expr] = []
        for g, rough in _switches(expr):
            inner, roots = self._roots(g)
            found += [*inner, *roots]
            if rough:
                self.rough |= set(roots) | {t for t in inner if self._vanishes(g, t)}
        return self._ordered(found)

    def _numbers(self, t: sp.Expr) -> list[sp.Expr]:
        return [sp.N(t.xreplace(values), 40) for values in self.samples]

    def _ordered(self, found: list[sp.Expr]) -> tuple[sp.Expr, ...]:
        kept: list[tuple[list[sp.Expr], sp.Expr]] = []
        for t in sorted(set(found), key=sp.default_sort_key):
            numbers = self._numbers(t)
            if not all(number.is_real for number in numbers):
                raise NoNumbersError(f"whether the kink at {t} is real is not decided by what is known of the parameters")
            same = [other for at, other in kept if all(abs(a - b) < _CLOSE for a, b in zip(at, numbers, strict=True))]
            if same:
                self.rough |= {same[0]} if t in self.rough else set()
                continue
            kept.append((numbers, t))
        orders = [sorted(range(len(kept)), key=lambda i, k=k: kept[i][0][k]) for k in range(len(self.samples))]
        if any(order != orders[0] for order in orders):
            raise NoNumbersError("the order of the kinks is not decided by what is known of the parameters")
        return tuple(kept[i][1] for i in orders[0])

    def is_rough(self, piece: sp.Expr, t: sp.Expr) -> bool:
        """Whether a root, logarithm or quotient of ``piece`` itself is singular at t."""
        return t in self.rough and any(rough and self._vanishes(g, t) for g, rough in _switches(piece))

    def _vanishes(self, g: sp.Expr, t: sp.Expr) -> bool:
        """Whether g is 0 at the kink t of its own."""
        point = {**{s: np.float64(v) for s, v in self.samples[0].items()}, x: np.float64(self._numbers(t)[0])}
        return bool(abs(line_values(g, point)) < 1e-12)

    def _roots(self, g: sp.Expr) -> tuple[tuple[sp.Expr, ...], list[sp.Expr]]:
        """Kinks of g, and where it vanishes between them."""
        inner = self.thresholds(g)
        roots: list[sp.Expr] = []
        for i in range(len(inner) + 1):
            piece = sp.expand(self.resolved(g, inner, i))
            if not piece.has(x) or piece.is_positive or piece.is_negative:
                continue
            found = _polynomial_roots(piece) if piece.is_polynomial(x) else self._searched(piece)
            roots += [root for root in found if self._inside(root, inner, i)]
        return inner, roots

    def _inside(self, root: sp.Expr, thresholds: tuple[sp.Expr, ...], i: int) -> bool:
        value = self._numbers(root)[0]
        left = i == 0 or self._numbers(thresholds[i - 1])[0] < value
        return bool(left and (i == len(thresholds) or value < self._numbers(thresholds[i])[0]))

    def _searched(self, g: sp.Expr) -> list[sp.Expr]:
        if g.free_symbols != {x}:
            raise NoNumbersError(f"the kinks at the roots of {g} depend on parameters, and are not algebraic")
        grid = _LINE * np.sinh(np.linspace(-7, 7, 6002)) / np.sinh(7)
        values = np.broadcast_to(line_values(g, {x: grid}), grid.shape)
        signs = np.sign(values)
        changes = np.nonzero((signs[1:] * signs[:-1] < 0) | ((signs[:-1] == 0) & (signs[1:] != 0)))[0]
        if len(changes) > MOST_KINKS:
            raise NoNumbersError(f"{g} changes its sign {len(changes)} times in [{-_LINE:g}, {_LINE:g}], and every change is a kink of phi")
        roots = [_bisected(g, float(grid[k]), float(grid[k + 1])) for k in changes]
        self.searched |= set(roots)
        return roots

    def resolved(self, expr: sp.Basic, thresholds: tuple[sp.Expr, ...], i: int) -> sp.Expr:
        """``expr`` on the i-th interval: every switch replaced by what it is there."""
        points = []
        for k, values in enumerate(self.samples):
            at = [self._numbers(t)[k] for t in thresholds]
            points.append({**{s: np.float64(v) for s, v in values.items()}, x: np.float64(_between(at, i))})
        return _resolved(expr, points)


def _between(edges: list[Any], i: int) -> sp.Expr:
    """A point of the i-th interval, unlikely to be special."""
    if not edges:
        return sp.Rational(1, 7)
    if i == 0:
        return edges[0] - 1
    return edges[-1] + 1 if i == len(edges) else edges[i - 1] + (edges[i] - edges[i - 1]) * sp.Rational(3, 7)


def _switches(expr: sp.Basic) -> Iterator[tuple[sp.Expr, bool]]:
    """What decides between the branches of ``expr`` by its sign; and whether a root or logarithm of it is taken."""
    for node in sorted(expr.atoms(*_SWITCHES, sp.Pow, sp.log), key=sp.default_sort_key):
        if not node.has(x):
            continue
        if isinstance(node, (sp.Max, sp.Min)):
            yield from ((a - b, False) for a, b in combinations(node.args, 2))
        elif isinstance(node, sp.Piecewise):
            relations = sorted({r for pair in node.args for r in pair.args[1].atoms(Relational)}, key=sp.default_sort_key)
            yield from ((r.lhs - r.rhs, False) for r in relations)
        elif isinstance(node, sp.Pow):
            if node.base.has(x) and not (node.exp.is_Integer and node.exp >= 0):
                yield node.base, True
        elif isinstance(node, sp.log):
            yield node.args[0], True
        else:
            yield node.args[0], False


def _polynomial_roots(g: sp.Expr) -> list[sp.Expr]:
    polynomial = sp.Poly(g, x)
    if not polynomial.free_symbols_in_domain:
        if not polynomial.domain.is_Exact or not polynomial.domain.is_ZZ and not polynomial.domain.is_QQ:
            return [_as_exact(root) for root in sp.roots(polynomial) if root.is_real] or _numeric_roots(polynomial)
        return [_as_exact(root) for root in sorted(set(sp.real_roots(polynomial)))]
    found = sp.roots(polynomial)
    if sum(found.values()) != polynomial.degree() or any(root.is_real is None for root in found):
        raise NoNumbersError(f"the kinks at the roots of {g} are not decided by what is known of the parameters")
    return sorted((root for root in found if root.is_real), key=sp.default_sort_key)


def _numeric_roots(polynomial: sp.Poly) -> list[sp.Expr]:
    return [_rational(root) for root in polynomial.nroots(n=40, maxsteps=200) if root.is_real]


def _as_exact(root: sp.Expr) -> sp.Expr:
    """A root in radicals as it is; an implicit one as a rational of 40 digits."""
    return _rational(sp.N(root, 45)) if root.has(sp.CRootOf) else root


def _rational(number: sp.Expr) -> sp.Rational:
    return sp.Rational(str(sp.N(number, 40)))


def _bisected(g: sp.Expr, low: float, high: float) -> sp.Expr:
    """The sign change of g between ``low`` and ``high``, to 40 digits; a rational with small numerator where g vanishes there exactly."""
    function = sp.lambdify([x], g, modules="mpmath")
    with mpmath.workdps(50):
        a, b = mpmath.mpf(low), mpmath.mpf(high)
        below = function(a)
        if below == 0:
            return _simple(g, a)
        for _ in range(150):
            middle = (a + b) / 2
            value = function(middle)
            if value == 0:
                return _simple(g, middle)
            a, b = (middle, b) if (value > 0) == (below > 0) else (a, middle)
        return _simple(g, (a + b) / 2)


def _simple(g: sp.Expr, root: Any) -> sp.Expr:
    exact = _rational(sp.Float(root, 45))
    near = sp.Rational(round(float(exact) * 720), 720)
    return near if abs(near - exact) < sp.Rational(1, 10**9) and g.subs(x, near) == 0 else exact


def _resolved(expr: sp.Basic, points: list[dict[sp.Symbol, np.float64]]) -> sp.Expr:
    if not expr.args or not expr.has(x) and not expr.has(*_SWITCHES):
        return expr
    if isinstance(expr, sp.Piecewise):
        for pair in expr.args:
            branch, condition = pair.args
            if _agreed([bool(line_values(condition, point)) for point in points], condition):
                return _resolved(branch, points)
        raise NoNumbersError(f"{expr} is undefined at x = {float(points[0][x]):.3g}")
    if isinstance(expr, (sp.Max, sp.Min)):
        best = max if isinstance(expr, sp.Max) else min
        return _resolved(reduce(lambda a, b: a if _agreed([_best(best, a, b, point) for point in points], expr) else b, expr.args), points)
    if isinstance(expr, (sp.Abs, sp.sign, sp.Heaviside, Indicator)):
        argument = expr.args[0]
        positive = _agreed([bool(line_values(argument, point) >= 0) for point in points], expr)
        if isinstance(expr, sp.Abs):
            inside = _resolved(argument, points)
            return inside if positive else sp.expand(-inside) if inside.is_Add else -inside
        return sp.S.One if positive else -sp.S.One if isinstance(expr, sp.sign) else sp.S.Zero
    return expr.func(*(_resolved(argument, points) for argument in expr.args))


def _best(best: object, a: sp.Expr, b: sp.Expr, point: dict[sp.Symbol, np.float64]) -> bool:
    first, second = line_values(a, point), line_values(b, point)
    return bool(first >= second) if best is max else bool(first <= second)


def _agreed(answers: list[bool], what: sp.Basic) -> bool:
    if len(set(answers)) > 1:
        raise NoNumbersError(f"which branch of {what} holds is not decided by what is known of the parameters")
    return answers[0]
