"""What the checkers share: deciding that a residual vanishes, and that two functions of one variable agree."""

from __future__ import annotations

import random

import mpmath
import sympy as sp

from ntksym.gaussian.numeric import evaluate_at, random_point
from ntksym.gaussian.zero import is_identically_zero
from ntksym.nodes import Delta, Indicator, NormalCDF
from ntksym.notation import x
from ntksym.proof import Status, Verdict, false, proved, tested

DIGITS = 30
QUADRATURE_DIGITS = 20
SEED = 20191
POINTS = 3
POSITIVE = sp.Symbol("y", positive=True)


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


def two_sides(expr: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """``expr`` in x for x > 0 and for x < 0, by SymPy's own sign assumptions."""
    return expr.subs(x, POSITIVE), expr.subs(x, -POSITIVE)


def plain(expr: sp.Expr) -> sp.Expr:
    """Indicator, Delta and the normal cdf in SymPy's own functions, away from 0."""
    expr = expr.replace(Indicator, lambda t: sp.Heaviside(t))
    expr = expr.replace(Delta, lambda t: sp.S.Zero)
    return expr.replace(NormalCDF, lambda t: (1 + sp.erf(t / sp.sqrt(2))) / 2)


def same_function(left: sp.Expr, right: sp.Expr, scope: str) -> Verdict:
    """Equality of two functions of x on both half-lines, x positive there and -x here."""
    return decide([l_value - r_value for l_value, r_value in zip(two_sides(plain(left)), two_sides(plain(right)), strict=True)], scope)


def weakest(verdict: Verdict) -> Verdict:
    """Where all pieces must hold together, one that is only TESTED makes the whole TESTED, and one that is FALSE the whole FALSE."""
    lowest = min(piece.status for piece in verdict.evidence)
    return verdict if lowest is Status.PROVED else Verdict(tuple(piece for piece in verdict.evidence if piece.status == lowest))
