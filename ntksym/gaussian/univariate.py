"""E[phi(u)], E[phi(u)^2], ... for one variable u ~ N(0, q): intervals, tilts and integration by parts on the line.

Kept apart from the two-variable engine on purpose: the values it gives at q12 = 0 and at u = v are what that engine is held against.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from ntksym.gaussian.atoms import CDF, DELTA, ONE, STEP, Group
from ntksym.gaussian.normal_form import OutsideClassError, below
from ntksym.nodes import CorrelationArcsine, HalfLineProbability, QuadrantProbability
from ntksym.notation import q, x
from ntksym.proof import Assumption

Linear = tuple[sp.Expr, sp.Expr]  # (p, r) for p x + r


@dataclass(frozen=True)
class Product:
    """``polynomial(x) exp(alpha x^2 + beta x)`` times steps of p x + r (p = +-1), normal cdfs of p x + r and deltas at points."""

    polynomial: sp.Expr
    alpha: sp.Expr = sp.S.Zero
    beta: sp.Expr = sp.S.Zero
    steps: tuple[Linear, ...] = ()
    cdfs: tuple[Linear, ...] = ()
    points: tuple[sp.Expr, ...] = ()

    def times(self, other: Product) -> Product:
        """The product of two."""
        return Product(
            self.polynomial * other.polynomial,
            sp.expand(self.alpha + other.alpha),
            sp.expand(self.beta + other.beta),
            self.steps + other.steps,
            tuple(sorted(self.cdfs + other.cdfs, key=lambda pair: tuple(map(str, pair)))),
            self.points + other.points,
        )


def powers(groups: tuple[Group, ...], power: int) -> list[Product]:
    """The groups (power 1) or all products of two of them (power 2)."""
    if any(g.tau not in (ONE, STEP, CDF, DELTA) for g in groups):
        raise OutsideClassError(sp.S.Zero, "a derivative of a delta has no univariate moment here")
    single = [
        Product(
            g.polynomial,
            g.alpha,
            g.beta,
            ((g.slope, g.shift),) if g.tau == STEP else (),
            ((g.slope, g.shift),) if g.tau == CDF else (),
            (-g.shift,) if g.tau == DELTA else (),
        )
        for g in groups
    ]
    if power == 1:
        return single
    if any(s.points for s in single):
        raise OutsideClassError(sp.S.Zero, "the square of a delta is infinite")
    return [one.times(other) for one in single for other in single]


def existence(groups: tuple[Group, ...], power: int) -> tuple[Assumption, ...]:
    """1 - 2 alpha q > 0 for every exponential that grows."""
    made = []
    for alpha in sorted({p.alpha for p in powers(groups, power)}, key=sp.default_sort_key):
        if not alpha.is_nonpositive:
            condition = sp.StrictGreaterThan(1 - 2 * alpha * q, 0)
            made.append(Assumption(f"exists on the line[{alpha}]", f"the Gaussian average exists: ${sp.latex(condition)}$", condition))
    return tuple(made)


def moment_of(products: list[Product]) -> sp.Expr:
    """E of a sum of products under N(0, q)."""
    total = sp.S.Zero
    for product in products:
        for sign, interval in _intervals(product.steps):
            for (k,), coefficient in sp.Poly(product.polynomial, x).terms():
                total += sign * coefficient * _moment_of_one(k, product, interval)
    return total


def _moment_of_one(k: int, product: Product, interval: tuple[Linear, ...]) -> sp.Expr:
    if product.points:
        if interval or len(product.points) > 1:
            raise OutsideClassError(sp.S.Zero, "a delta beside a step at one and the same variable")
        (t,) = product.points
        cdfs = sp.Mul(*(_probability(p * t + r, sp.S.One) for p, r in product.cdfs))
        return t**k * sp.exp(-(t**2) / (2 * q)) / sp.sqrt(2 * sp.pi * q) * cdfs
    det = 1 - 2 * product.alpha * q
    narrow = sp.cancel(q / det)
    mean = product.beta * narrow
    factor = sp.exp(sp.expand(product.beta**2) * narrow / 2) / sp.sqrt(det)
    return factor * _moment(k, interval, product.cdfs, mean, narrow)


def _intervals(steps: tuple[Linear, ...]) -> list[tuple[int, tuple[Linear, ...]]]:
    """A product of steps as a signed sum of single half-lines (or nothing): [s, t] is the half-line from s less the one from t."""
    lower = [-r for p, r in steps if p == 1]
    upper = [r for p, r in steps if p == -1]
    low = _extreme(lower, largest=True) if lower else None
    high = _extreme(upper, largest=False) if upper else None
    if low is None:
        return [(1, ())] if high is None else [(1, ((sp.S.NegativeOne, high),))]
    if high is None:
        return [(1, ((sp.S.One, -low),))]
    if not below(low, high):
        return []
    return [(1, ((sp.S.One, -low),)), (-1, ((sp.S.One, -high),))]


def _extreme(values: list[sp.Expr], *, largest: bool) -> sp.Expr:
    best = values[0]
    for value in values[1:]:
        if below(best, value) == largest and value != best:
            best = value
    return best


@lru_cache(maxsize=8192)
def _moment(k: int, interval: tuple[Linear, ...], cdfs: tuple[Linear, ...], mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
    """E[x^k 1{interval} prod Phi(p x + r)] for x ~ N(mean, variance), by E[x F] = mean E[F] + variance E[F']."""
    if k == 0:
        return _base((*((p, r, sp.S.Zero) for p, r in interval), *((p, r, sp.S.One) for p, r in cdfs)), mean, variance)
    total = mean * _moment(k - 1, interval, cdfs, mean, variance) if mean != 0 else sp.S.Zero
    if k > 1:
        total += (k - 1) * variance * _moment(k - 2, interval, cdfs, mean, variance)
    for p, r in interval:
        t = -r / p
        if t != 0 or k == 1:
            density = sp.exp(-((t - mean) ** 2) / (2 * variance)) / sp.sqrt(2 * sp.pi * variance)
            total += variance * p * t ** (k - 1) * density * sp.Mul(*(_probability(a * t + b, sp.S.One) for a, b in cdfs))
    for i, (p, r) in enumerate(cdfs):
        wide = 1 + p**2 * variance
        density = p * sp.exp(-((p * mean + r) ** 2) / (2 * wide)) / sp.sqrt(2 * sp.pi * wide)
        rest = cdfs[:i] + cdfs[i + 1 :]
        total += variance * density * _moment(k - 1, interval, rest, sp.cancel((mean - p * r * variance) / wide), sp.cancel(variance / wide))
    return total


def _base(factors: tuple[tuple[sp.Expr, sp.Expr, sp.Expr], ...], mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
    """P(p x + r + w >= 0 for every factor), the w independent with the variance that stands third."""
    if not factors:
        return sp.S.One
    spread = [(p * mean + r, p**2 * variance + kappa) for p, r, kappa in factors]
    if len(factors) == 1:
        return _probability(*spread[0])
    if len(factors) > 2:
        raise OutsideClassError(sp.S.Zero, "three step-like factors need orthants of three variables")
    (m1, a), (m2, b) = spread
    (p1, *_), (p2, *_) = factors
    c = p1 * p2 * variance
    if m1 == 0 and m2 == 0:
        return sp.Rational(1, 4) + CorrelationArcsine(a, c, b) / (2 * sp.pi)
    return QuadrantProbability(m1, m2, a, c, b)


def _probability(mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
    return sp.Rational(1, 2) if mean == 0 else HalfLineProbability(mean, variance)
