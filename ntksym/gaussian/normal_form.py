"""An activation as smooth pieces: sorted thresholds, one smooth expression per interval.

Not here: what kind of smooth expression a piece is (:mod:`atoms` decides that).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import sympy as sp
from sympy.core.relational import Relational

from ntksym.nodes import Indicator, NormalCDF

Branch = Callable[[sp.Expr], sp.Expr]


class OutsideClassError(Exception):
    """Internal: the expression leaves the class of closed forms at ``term``, because of ``reason``."""

    def __init__(self, term: sp.Basic, reason: str) -> None:
        super().__init__(reason)
        self.term, self.reason = term, reason


@dataclass(frozen=True)
class Pieces:
    """``exprs[i]`` holds between ``thresholds[i-1]`` and ``thresholds[i]``."""

    thresholds: tuple[sp.Expr, ...]
    exprs: tuple[sp.Expr, ...]

    def as_piecewise(self, x: sp.Symbol) -> sp.Expr:
        """The pieces as one SymPy expression."""
        if not self.thresholds:
            return self.exprs[0]
        branches = [(expr, x < t) for expr, t in zip(self.exprs, self.thresholds, strict=False)]
        return sp.Piecewise(*branches, (self.exprs[-1], True))


# Smooth on the whole line wherever their argument is; everything else must be in the walk below.
_SMOOTH = (sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.tanh, sp.erf, sp.erfc, sp.atan, NormalCDF)


def pieces(expr: sp.Expr, x: sp.Symbol) -> Pieces:
    """Walk ``expr`` once and return its smooth pieces; raises OutsideClassError where a threshold cannot be found or ordered."""
    if not expr.has(x) or expr == x:
        return Pieces((), (expr,))
    if isinstance(expr, (sp.Max, sp.Min)):
        return reduce(lambda p, q: _extremum(type(expr), p, q, x), (pieces(arg, x) for arg in sp.ordered(expr.args)))
    if isinstance(expr, sp.Abs):
        return _by_sign(expr, pieces(expr.args[0], x), x, lambda g: -g, lambda g: g)
    if isinstance(expr, sp.sign):
        return _by_sign(expr, pieces(expr.args[0], x), x, lambda g: -sp.S.One, lambda g: sp.S.One)
    if isinstance(expr, (sp.Heaviside, Indicator)):
        return _by_sign(expr, pieces(expr.args[0], x), x, lambda g: sp.S.Zero, lambda g: sp.S.One)
    if isinstance(expr, sp.Piecewise):
        return _piecewise(expr, x)
    if isinstance(expr, sp.Pow) and not (expr.exp.is_Integer and expr.exp >= 0) and expr.base.has(x):
        if expr.base.is_number or not expr.exp.has(x):
            raise OutsideClassError(expr, f"{expr} is a power that is no polynomial")
        raise OutsideClassError(expr, f"{expr} has the variable in base and exponent")
    if isinstance(expr, (sp.Add, sp.Mul, sp.Pow, *_SMOOTH)):
        args = [pieces(arg, x) for arg in expr.args]
        thresholds = _merge([t for p in args for t in p.thresholds])
        values = tuple(expr.func(*(_at(p, thresholds, i) for p in args)) for i in range(len(thresholds) + 1))
        return _joined(thresholds, values)
    raise OutsideClassError(expr, f"{expr.func.__name__} is not among the functions of the class")


def _at(p: Pieces, thresholds: tuple[sp.Expr, ...], i: int) -> sp.Expr:
    """The expression of ``p`` on the i-th interval of the finer ``thresholds``."""
    point = _inside(thresholds, i)
    for t, expr in zip(p.thresholds, p.exprs, strict=False):
        if below(point, t):
            return expr
    return p.exprs[-1]


def _inside(thresholds: tuple[sp.Expr, ...], i: int) -> sp.Expr:
    """A point of the i-th interval."""
    if not thresholds:
        return sp.S.Zero
    if i == 0:
        return thresholds[0] - 1
    if i == len(thresholds):
        return thresholds[-1] + 1
    return (thresholds[i - 1] + thresholds[i]) / 2


def below(a: sp.Expr, b: sp.Expr) -> bool:
    """Whether a < b for thresholds a and b; OutsideClassError where the parameters leave it open."""
    difference = sp.simplify(b - a)
    if difference.is_positive:
        return True
    if difference.is_nonpositive:
        return False
    raise OutsideClassError(
        difference,
        f"the order of the thresholds {a} and {b} is not decided by what is known of the parameters (say it: a positive symbol d and {a} + d in place of {b})",
    )


def _merge(thresholds: list[sp.Expr]) -> tuple[sp.Expr, ...]:
    merged: list[sp.Expr] = []
    for t in thresholds:
        if any(sp.simplify(t - other) == 0 for other in merged):
            continue
        position = sum(1 for other in merged if below(other, t))
        merged.insert(position, t)
    return tuple(merged)


def _joined(thresholds: tuple[sp.Expr, ...], exprs: tuple[sp.Expr, ...]) -> Pieces:
    """Drop thresholds on whose two sides the same expression stands."""
    kept_t: list[sp.Expr] = []
    kept_e = [exprs[0]]
    for t, expr in zip(thresholds, exprs[1:], strict=True):
        if expr != kept_e[-1] and sp.expand(expr - kept_e[-1]) != 0:
            kept_t.append(t)
            kept_e.append(expr)
    return Pieces(tuple(kept_t), tuple(kept_e))


def _roots(g: sp.Expr, x: sp.Symbol, term: sp.Basic) -> list[sp.Expr]:
    """Real roots of a polynomial in x; raises where g is none, or where a root is not decided real."""
    polynomial = sp.Poly(g, x) if g.is_polynomial(x) else None
    if polynomial is None:
        raise OutsideClassError(term, f"the kinks of {term} are roots of {g}, which is no polynomial")
    if polynomial.degree() < 1:
        return []
    if polynomial.domain in (sp.ZZ, sp.QQ):
        return sorted(set(sp.real_roots(polynomial)))
    found = sp.roots(polynomial)
    if sum(found.values()) != polynomial.degree() or any(root.is_real is None for root in found):
        raise OutsideClassError(term, f"the kinks of {term} are not decided by what is known of the parameters")
    return sorted((root for root in found if root.is_real), key=sp.default_sort_key)


def _split(p: Pieces, x: sp.Symbol, term: sp.Basic) -> tuple[tuple[sp.Expr, ...], list[tuple[sp.Expr, int]]]:
    """Refine ``p`` at the sign changes of its expressions: thresholds and, per interval, (expression, sign there)."""
    candidates = list(p.thresholds)
    for i, g in enumerate(p.exprs):
        for root in _roots(g, x, term):
            inside_left = i == 0 or below(p.thresholds[i - 1], root)
            inside_right = i == len(p.thresholds) or below(root, p.thresholds[i])
            if inside_left and inside_right:
                candidates.append(root)
    thresholds = _merge(candidates)
    signed = []
    for i in range(len(thresholds) + 1):
        g = _at(p, thresholds, i)
        value = sp.simplify(g.subs(x, _inside(thresholds, i)))
        if value.is_zero:
            signed.append((g, 0))
        elif value.is_positive:
            signed.append((g, 1))
        elif value.is_negative:
            signed.append((g, -1))
        else:
            raise OutsideClassError(term, f"the sign of {g} is not decided by what is known of the parameters")
    return thresholds, signed


def _by_sign(term: sp.Basic, p: Pieces, x: sp.Symbol, negative: Branch, positive: Branch) -> Pieces:
    thresholds, signed = _split(p, x, term)
    return _joined(thresholds, tuple(sp.S.Zero if s == 0 else positive(g) if s > 0 else negative(g) for g, s in signed))


def _extremum(kind: type, p: Pieces, q: Pieces, x: sp.Symbol) -> Pieces:
    thresholds = _merge([*p.thresholds, *q.thresholds])
    count = len(thresholds) + 1
    difference = Pieces(thresholds, tuple(sp.expand(_at(p, thresholds, i) - _at(q, thresholds, i)) for i in range(count)))
    finer, signed = _split(difference, x, kind(p.as_piecewise(x), q.as_piecewise(x), evaluate=False))
    keep = 1 if kind is sp.Max else -1
    exprs = tuple(_at(p, finer, i) if s == keep else _at(q, finer, i) for i, (_, s) in enumerate(signed))
    return _joined(finer, exprs)


def _piecewise(expr: sp.Piecewise, x: sp.Symbol) -> Pieces:
    branches = [(pieces(branch.args[0], x), branch.args[1]) for branch in expr.args]
    relations = sorted({atom for _, condition in branches for atom in condition.atoms(Relational)}, key=sp.default_sort_key)
    cuts = [root for r in relations for root in _roots(sp.expand(r.lhs - r.rhs), x, r)]
    thresholds = _merge([*cuts, *(t for p, _ in branches for t in p.thresholds)])
    exprs = []
    for i in range(len(thresholds) + 1):
        point = _inside(thresholds, i)
        for p, condition in branches:
            holds = condition.subs(x, point)
            if holds == sp.true:
                exprs.append(_at(p, thresholds, i))
                break
            if holds != sp.false:
                raise OutsideClassError(condition, f"the condition {condition} is not decided by what is known of the parameters")
        else:
            raise OutsideClassError(expr, f"{expr} is undefined at x = {point}")
    return _joined(thresholds, tuple(exprs))
