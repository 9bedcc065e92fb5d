"""What the checkers share: deciding that a residual vanishes, and that two functions of one variable agree."""

from __future__ import annotations

import random

import mpmath
import sympy as sp
from sympy.core.relational import Relational

from ntksym.gaussian.numeric import evaluate_at, random_point
from ntksym.gaussian.zero import is_identically_zero
from ntksym.nodes import Delta, Indicator, NormalCDF
from ntksym.notation import x
from ntksym.proof import Status, Verdict, false, proved, tested

DIGITS = 30
QUADRATURE_DIGITS = 20
SEED = 20191
POINTS = 3


class UndecidedError(Exception):
    """Which branch holds on an interval, or the order of two thresholds, is not decided here; ``switch`` is what may change sign inside."""

    def __init__(self, why: str, switch: sp.Poly | None = None) -> None:
        super().__init__(why)
        self.switch = switch


def decide(residuals: list[sp.Expr], scope: str) -> Verdict:
    """PROVED where every residual is decided zero, FALSE with a witness where one is not zero numerically, TESTED else."""
    undecided = [residual for residual in residuals if not vanishes(residual)]
    if not undecided:
        return proved(scope)
    rng = random.Random(SEED)
    for residual in undecided:
        for _ in range(POINTS):
            point = random_point(sorted(residual.free_symbols, key=str), rng)
            value = abs(evaluate_at(residual, point, DIGITS + 15))
            if not value <= mpmath.mpf(10) ** (-DIGITS):
                return false(f"{scope}: residual {mpmath.nstr(value, 5)} at {point}")
    return tested(POINTS * len(undecided), DIGITS, "residual at random points", SEED, scope)


def vanishes(expr: sp.Expr) -> bool:
    """Decided to be identically zero; False where the decision has no rule for the expression."""
    try:
        return is_identically_zero(expr)
    except (ValueError, TypeError, sp.PolynomialError):
        return False


def plain(expr: sp.Expr) -> sp.Expr:
    """The normal cdf in SymPy's own functions, deltas left out: what stands away from the thresholds."""
    expr = expr.replace(sp.Derivative, lambda *_: sp.S.Zero).replace(Delta, lambda _: sp.S.Zero)
    return expr.replace(NormalCDF, lambda t: (1 + sp.erf(t / sp.sqrt(2))) / 2)


def thresholds_in(expr: sp.Expr) -> list[sp.Expr]:
    """Where the steps and deltas of a sum of atoms, or the branches of a list of pieces, change: in increasing order."""
    arguments = [node.args[0] for node in expr.atoms(Indicator, Delta)]
    arguments += [relation.lhs - relation.rhs for relation in expr.atoms(Relational)]
    found: list[sp.Expr] = []
    for argument in sorted(arguments, key=sp.default_sort_key):
        linear = sp.Poly(argument, x)
        if linear.degree() != 1:
            raise UndecidedError(f"{argument} is not linear")
        _insert(found, sp.simplify(-linear.coeff_monomial(1) / linear.coeff_monomial(x)))
    return found


def _insert(found: list[sp.Expr], t: sp.Expr) -> None:
    signs = [_sign(t - other) for other in found]
    if 0 not in signs:
        found.insert(sum(1 for sign in signs if sign > 0), t)


def cuts_of(expr: sp.Expr, known: list[sp.Expr]) -> list[sp.Expr]:
    """``known`` thresholds and every further point where a branch of ``expr`` changes; UndecidedError where one is not found."""
    cuts = list(known)
    while True:
        try:
            for interval in intervals(cuts):
                interval.branch(expr)
            return cuts
        except UndecidedError as undecided:
            if undecided.switch is None:
                raise
            before = len(cuts)
            linear = undecided.switch.degree() == 1
            roots = [-undecided.switch.eval(0) / undecided.switch.LC()] if linear else sp.real_roots(undecided.switch)
            for t in roots:
                _insert(cuts, sp.simplify(t))
            if len(cuts) == before:
                raise


def _sign(value: sp.Expr) -> int:
    value = sp.simplify(value)
    if value.is_positive:
        return 1
    if value.is_negative:
        return -1
    if value.is_zero:
        return 0
    raise UndecidedError(f"the sign of {value}")


class Interval:
    """The open interval number ``i`` between thresholds, and which branch of a function holds on all of it."""

    def __init__(self, thresholds: list[sp.Expr], i: int) -> None:
        self.thresholds = thresholds
        self.left = thresholds[i - 1] if i else None
        self.right = thresholds[i] if i < len(thresholds) else None
        if self.left is not None and self.right is not None:
            self.inside = (self.left + self.right) / 2
        elif self.left is not None:
            self.inside = self.left + 1
        else:
            self.inside = self.right - 1 if self.right is not None else sp.S.Zero

    def sign_of(self, g: sp.Expr) -> int:
        """The sign of ``g`` on the interval; UndecidedError where it may change inside."""
        if sp.expand(g) == 0:
            return 0
        rest = sp.Poly(g, x)
        for t in self.thresholds:  # a factor that vanishes at a threshold keeps its sign between thresholds
            while rest.degree() > 0 and sp.expand(rest.eval(t)) == 0:
                rest = rest.quo(sp.Poly(x - t, x))
        if rest.degree() == 1:
            root = -rest.eval(0) / rest.LC()
            if (self.left is None or _sign(root - self.left) > 0) and (self.right is None or _sign(self.right - root) > 0):
                raise UndecidedError(f"{g} changes its sign between the thresholds", rest)
        elif rest.degree() > 1:
            if rest.domain not in (sp.ZZ, sp.QQ):
                raise UndecidedError(f"whether {g} keeps its sign")
            rational = all(t is None or t.is_rational for t in (self.left, self.right))
            if (rest.count_roots(self.left, self.right) if rational else rest.count_roots()) > 0:
                raise UndecidedError(f"whether {g} keeps its sign", rest)
        return _sign(g.subs(x, self.inside))

    def branch(self, expr: sp.Expr) -> sp.Expr:
        """``expr`` as a smooth expression on the interval."""
        if not expr.has(x) or expr == x:
            return expr
        if isinstance(expr, sp.Piecewise):
            for pair in expr.args:
                if self._holds(pair.args[1]):
                    return self.branch(pair.args[0])
            raise UndecidedError(f"{expr} is undefined")
        args = [self.branch(arg) for arg in expr.args]
        if isinstance(expr, (sp.Max, sp.Min)):
            best = args[0]
            for arg in args[1:]:
                above = self.sign_of(arg - best) > 0
                best = arg if above == isinstance(expr, sp.Max) else best
            return best
        if isinstance(expr, (sp.Abs, sp.sign, sp.Heaviside, Indicator)):
            sign = self.sign_of(args[0])
            if isinstance(expr, sp.Abs):
                return sign * args[0]
            return sp.Integer(sign) if isinstance(expr, sp.sign) else sp.Rational(1 + sign, 2)
        return expr.func(*args)

    def _holds(self, condition: sp.Basic) -> bool:
        if condition in (sp.true, sp.false):
            return condition == sp.true
        if isinstance(condition, (sp.And, sp.Or)):
            values = [self._holds(part) for part in condition.args]
            return all(values) if isinstance(condition, sp.And) else any(values)
        if isinstance(condition, sp.Not):
            return not self._holds(condition.args[0])
        if not isinstance(condition, Relational):
            raise UndecidedError(str(condition))
        sign = self.sign_of(condition.lhs - condition.rhs)
        return condition.func(sp.Integer(sign), 0) == sp.true


def intervals(thresholds: list[sp.Expr]) -> list[Interval]:
    """All intervals, left to right."""
    return [Interval(thresholds, i) for i in range(len(thresholds) + 1)]


def same_function(left: sp.Expr, right: sp.Expr, scope: str) -> Verdict:
    """Equality of phi on the left with pieces or atoms on the right, interval by interval; by numbers first, so that a wrong one has a witness."""
    left, right = plain(left), plain(right)
    rng = random.Random(SEED)
    symbols = sorted(left.free_symbols | right.free_symbols, key=str)
    difference = (left - right).replace(Indicator, lambda t: sp.Heaviside(t))
    for _ in range(8):
        point = random_point(symbols, rng) | {x: sp.Rational(rng.randint(-4000, 4000), 997)}
        value = sp.N(difference.subs(point), DIGITS)
        if abs(value) > mpmath.mpf(10) ** (-DIGITS // 2):
            return false(f"{scope}: the two differ by {sp.N(value, 5)} at {point}")
    try:
        cuts = cuts_of(left, thresholds_in(right))
        residuals = [interval.branch(left) - interval.branch(right) for interval in intervals(cuts)]
    except UndecidedError:
        return tested(8, DIGITS, "values at random points", SEED, scope)
    return decide(residuals, scope)


def weakest(verdict: Verdict) -> Verdict:
    """Where all pieces must hold together, one that is only TESTED makes the whole TESTED, and one that is FALSE the whole FALSE."""
    lowest = min(piece.status for piece in verdict.evidence)
    return verdict if lowest is Status.PROVED else Verdict(tuple(piece for piece in verdict.evidence if piece.status == lowest))
