"""What the checkers share: deciding that a residual vanishes, and that two functions of one variable agree."""

from __future__ import annotations

import random

import mpmath
import sympy as sp

from ntksym.gaussian.numeric import evaluate_at, random_point
from ntksym.gaussian.zero import is_identically_zero
from ntksym.nodes import Delta, Indicator, NormalCDF
from ntksym.proof import Verdict, false, proved, tested, unchecked

DIGITS = 30
QUADRATURE_DIGITS = 20
SEED = 20191


def decide(residuals: list[sp.Expr], scope: str) -> Verdict:
    """PROVED where every residual is decided zero; FALSE with a witness point where one is not zero numerically; else UNCHECKED."""
    for residual in residuals:
        if vanishes(residual):
            continue
        rng = random.Random(SEED)
        worst = 0
        for _ in range(3):
            point = random_point(sorted(residual.free_symbols, key=str), rng)
            value = abs(evaluate_at(residual, point, DIGITS + 15))
            if value > mpmath.mpf(10) ** (-DIGITS):
                return false(f"residual {mpmath.nstr(value, 5)} at {point}")
            worst = max(worst, value)
        return tested(3, DIGITS, "residual at random points", SEED, scope) if worst is not None else unchecked(scope)
    return proved(scope)


def vanishes(expr: sp.Expr) -> bool:
    """Decided to be identically zero; False where the decision has no rule for the expression."""
    try:
        return is_identically_zero(expr)
    except (ValueError, TypeError, sp.PolynomialError):
        return False


def two_sides(expr: sp.Expr, x: sp.Symbol) -> list[tuple[str, sp.Expr]]:
    """``expr`` for x > 0 and for x < 0, evaluated by SymPy's own sign assumptions."""
    y = sp.Symbol("y", positive=True)
    return [("x > 0", expr.subs(x, y)), ("x < 0", expr.subs(x, -y))]


def plain(expr: sp.Expr) -> sp.Expr:
    """Indicator, Delta and the normal cdf in SymPy's own functions, away from 0."""
    expr = expr.replace(Indicator, lambda t: sp.Heaviside(t))
    expr = expr.replace(Delta, lambda t: sp.S.Zero)
    return expr.replace(NormalCDF, lambda t: (1 + sp.erf(t / sp.sqrt(2))) / 2)


def same_function(left: sp.Expr, right: sp.Expr, x: sp.Symbol, scope: str) -> Verdict:
    """Equality of two functions of x on both half-lines: symbolically, or at random points."""
    undecided = []
    for (side, l_value), (_, r_value) in zip(two_sides(plain(left), x), two_sides(plain(right), x), strict=True):
        difference = sp.expand(sp.expand(l_value - r_value).rewrite(sp.exp), power_exp=False)
        if difference != 0 and not vanishes(l_value - r_value):
            undecided.append((side, l_value - r_value))
    if not undecided:
        return proved(scope)
    rng = random.Random(SEED)
    for side, difference in undecided:
        symbols = sorted(difference.free_symbols, key=str)
        for _ in range(4):
            point = {s: sp.Rational(rng.randint(5, 40), 23) for s in symbols}
            value = sp.N(difference.subs(point), DIGITS + 10, maxn=300)
            if abs(sp.re(value)) + abs(sp.im(value)) > sp.Float(10) ** (-DIGITS):
                return false(f"{side}: differs by {sp.N(value, 5)} at {point}")
    return tested(4 * len(undecided), DIGITS, "both sides evaluated at random points", SEED, scope)


def differ_witness(difference: sp.Expr, side: str) -> Verdict | None:
    """None where the difference of two functions vanishes, a FALSE verdict with a witness where not."""
    if sp.expand(difference) == 0:
        return None
    rng = random.Random(SEED)
    symbols = sorted(difference.free_symbols, key=str)
    for _ in range(4):
        point = {s: sp.Rational(rng.randint(5, 40), 23) for s in symbols}
        value = sp.N(difference.subs(point), DIGITS + 10, maxn=300)
        if abs(sp.re(value)) + abs(sp.im(value)) > sp.Float(10) ** (-DIGITS):
            return false(f"{side}: differs by {sp.N(value, 5)} at {point}")
    return None
