"""E[phi(u)], E[phi(u)^2], ... for one variable u ~ N(0, q): Gamma integrals and integration by parts on the line.

Kept apart from the two-variable engine on purpose: the values it gives at q12 = 0 and at u = v are what that engine is held against.
"""

from __future__ import annotations

import sympy as sp

from ntksym.gaussian.atoms import CDF, DELTA, ONE, STEP, Group
from ntksym.gaussian.normal_form import OutsideClassError
from ntksym.nodes import CorrelationArcsine
from ntksym.notation import q, x
from ntksym.proof import Assumption

# A product of groups: polynomial, alpha, beta, whether a step stands there, slopes of the cdfs, whether a delta does.
Product = tuple[sp.Expr, sp.Expr, sp.Expr, bool, tuple[sp.Expr, ...], bool]


def powers(groups: tuple[Group, ...], power: int) -> list[Product]:
    """The groups (power 1) or all products of two of them (power 2)."""
    single = [(g.polynomial, g.alpha, g.beta, g.tau == STEP, (g.slope,) if g.tau == CDF else (), g.tau == DELTA) for g in groups]
    if any(g.tau not in (ONE, STEP, CDF, DELTA) for g in groups):
        raise OutsideClassError(sp.S.Zero, "a derivative of a delta has no univariate moment here")
    if power == 1:
        return single
    if any(s[5] for s in single):
        raise OutsideClassError(sp.S.Zero, "the square of a delta is infinite")
    return [
        (p * r, a + c, b + d, s or t, tuple(sorted((*m, *n), key=sp.default_sort_key)), False) for p, a, b, s, m, _ in single for r, c, d, t, n, _ in single
    ]


def existence(groups: tuple[Group, ...], power: int) -> tuple[Assumption, ...]:
    """1 - 2 alpha q > 0 for every exponential that grows."""
    made = []
    for alpha in sorted({p[1] for p in powers(groups, power)}, key=sp.default_sort_key):
        if not alpha.is_nonpositive:
            condition = sp.StrictGreaterThan(1 - 2 * alpha * q, 0)
            made.append(Assumption(f"exists on the line[{alpha}]", f"the Gaussian average exists: ${sp.latex(condition)}$", condition))
    return tuple(made)


def moment_of(products: list[Product]) -> sp.Expr:
    """E of a sum of products under N(0, q)."""
    total = sp.S.Zero
    for polynomial, alpha, beta, step, slopes, delta in products:
        for (k,), coefficient in sp.Poly(polynomial, x).terms():
            total += coefficient * (_at_zero(k, slopes) if delta else _moment(k, alpha, beta, step, slopes, q))
    return total


def _at_zero(k: int, slopes: tuple[sp.Expr, ...]) -> sp.Expr:
    return sp.S.Zero if k else sp.Rational(1, 2) ** len(slopes) / sp.sqrt(2 * sp.pi * q)


def _moment(k: int, alpha: sp.Expr, beta: sp.Expr, step: bool, slopes: tuple[sp.Expr, ...], variance: sp.Expr) -> sp.Expr:
    """E[x^k exp(alpha x^2 + beta x) 1{x >= 0}^step prod Phi(p x)] for x ~ N(0, variance)."""
    if alpha != 0 or beta != 0:
        if beta != 0 and (step or slopes):
            raise OutsideClassError(sp.exp(beta * x), "a step or normal cdf times a shifted exponential needs the normal cdf")
        det = 1 - 2 * alpha * variance
        narrow = sp.cancel(variance / det)
        mean = beta * narrow
        factor = sp.exp(beta**2 * narrow / 2) / sp.sqrt(det)
        if beta == 0:
            return factor * _moment(k, sp.S.Zero, sp.S.Zero, step, slopes, narrow)
        centred = [_moment(j, sp.S.Zero, sp.S.Zero, step, slopes, narrow) for j in range(k + 1)]
        return factor * sp.Add(*(sp.binomial(k, j) * mean ** (k - j) * centred[j] for j in range(k + 1)))
    if not step and not slopes:
        return variance ** (k // 2) * sp.factorial2(k - 1) if k % 2 == 0 else sp.S.Zero
    if step and not slopes:
        return variance ** sp.Rational(k, 2) * 2 ** (sp.Rational(k, 2) - 1) * sp.gamma(sp.Rational(k + 1, 2)) / sp.sqrt(sp.pi)
    if k == 0:
        return _base(step, slopes, variance)
    # E[x F] = q E[F'] on the line, F = x^(k-1) times the factors.
    total = (k - 1) * variance * _moment(k - 2, sp.S.Zero, sp.S.Zero, step, slopes, variance) if k > 1 else sp.S.Zero
    if step and k == 1:
        total += variance * sp.Rational(1, 2) ** len(slopes) / sp.sqrt(2 * sp.pi * variance)
    for i, p in enumerate(slopes):
        rest = slopes[:i] + slopes[i + 1 :]
        total += variance * p / sp.sqrt(2 * sp.pi) * _moment(k - 1, -(p**2) / 2, sp.S.Zero, step, rest, variance)
    return total


def _base(step: bool, slopes: tuple[sp.Expr, ...], variance: sp.Expr) -> sp.Expr:
    """E of the step-like factors alone: 1/2 for one, the orthant angle for two."""
    if step + len(slopes) == 1:
        return sp.Rational(1, 2)
    if step + len(slopes) > 2:
        raise OutsideClassError(sp.S.Zero, "three step-like factors need orthants of three variables")
    if step:
        (p,) = slopes
        return sp.Rational(1, 4) + CorrelationArcsine(variance, p * variance, 1 + p**2 * variance) / (2 * sp.pi)
    p, r = slopes
    return sp.Rational(1, 4) + CorrelationArcsine(1 + p**2 * variance, p * r * variance, 1 + r**2 * variance) / (2 * sp.pi)
