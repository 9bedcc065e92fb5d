"""Atoms: an activation as a sum of  P(x) exp(alpha x^2 + beta x) tau(x),  tau one of 1, 1{x >= 0}, Phi(p x), delta(x).

Terms with the same exponential and the same tau share one polynomial P (a *group*).  Differentiation happens here, on groups,
so that jumps and kinks are explicit and no product of distributions is ever formed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from ntksym.errors import ActivationError
from ntksym.gaussian.normal_form import OutsideClassError, Pieces, pieces
from ntksym.nodes import Delta, Indicator, NormalCDF
from ntksym.notation import x

ONE, STEP, CDF, DELTA, DELTA_PRIME = "1", "step", "cdf", "delta", "delta'"


@dataclass(frozen=True)
class Group:
    """``polynomial(x) exp(alpha x^2 + beta x) tau(x)``; ``slope`` is p for tau = Phi(p x)."""

    polynomial: sp.Expr
    alpha: sp.Expr
    beta: sp.Expr
    tau: str
    slope: sp.Expr = sp.S.Zero

    def as_expr(self) -> sp.Expr:
        """The group as a SymPy expression in x (the distributional ones as Delta)."""
        tau = {ONE: sp.S.One, STEP: Indicator(x), CDF: NormalCDF(self.slope * x), DELTA: Delta(x), DELTA_PRIME: sp.Derivative(Delta(x), x)}[self.tau]
        return self.polynomial * sp.exp(self.alpha * x**2 + self.beta * x) * tau

    @property
    def is_centred(self) -> bool:
        return self.beta == 0

    @property
    def key(self) -> tuple[str, str, str, str]:
        """For sorting only."""
        return (self.tau, str(self.slope), str(self.alpha), str(self.beta))


@lru_cache(maxsize=256)
def decompose(phi: sp.Lambda) -> tuple[Pieces, tuple[Group, ...]]:
    """Pieces and groups of ``phi``; raises OutsideClassError naming the sub-term that leads out, ActivationError where phi is not admissible."""
    split = pieces(phi(x), x)
    for t in split.thresholds:
        if t != 0:
            raise OutsideClassError(t, f"there is a kink or jump at x = {t}, away from 0, which needs the bivariate normal cdf")
    base = groups_of(split.exprs[0])
    if not split.thresholds:
        return split, tuple(sorted(base, key=lambda g: g.key))
    beyond = []
    for group in groups_of(sp.expand(split.exprs[1] - split.exprs[0])):
        if group.tau != ONE:
            why = "a step times a normal cdf, which needs orthants of three variables"
            raise OutsideClassError(group.as_expr(), f"on one half-line stands {group.as_expr()}: {why}")
        if not group.is_centred:
            why = "a step times a shifted exponential, which needs the bivariate normal cdf"
            raise OutsideClassError(group.as_expr(), f"on one half-line stands {group.as_expr()}: {why}")
        beyond.append(Group(group.polynomial, group.alpha, group.beta, STEP))
    return split, tuple(sorted([*base, *beyond], key=lambda g: g.key))


def groups_of(expr: sp.Expr) -> list[Group]:
    """Groups of a smooth expression in x."""
    rewritten = _to_exp_and_cdf(expr)
    expanded = sp.expand(sp.powsimp(sp.expand(rewritten, power_exp=False, power_base=False), combine="exp"), power_exp=False, power_base=False)
    found: dict[tuple[sp.Expr, sp.Expr, str, sp.Expr], sp.Expr] = {}
    for term in sp.Add.make_args(expanded):
        if term == 0:
            continue
        for coefficient, key in _read(term):
            found[key] = found.get(key, sp.S.Zero) + coefficient
    collected = []
    for (alpha, beta, tau, slope), polynomial in found.items():
        tidy = _tidy(polynomial)
        if tidy != 0:
            collected.append(Group(tidy, alpha, beta, tau, slope))
    return collected


def _tidy(polynomial: sp.Expr) -> sp.Expr:
    """Coefficients simplified (parameters may cancel), powers of x collected, a common constant in front."""
    poly = sp.Poly(polynomial, x)
    collected = sp.Add(*(sp.expand(coefficient) * x**power for (power,), coefficient in poly.terms()))
    return sp.factor_terms(collected) if isinstance(collected, sp.Add) else collected


def _to_exp_and_cdf(expr: sp.Expr) -> sp.Expr:
    """Circular and hyperbolic functions of x as exponentials, erf and erfc as the normal cdf."""
    if not expr.has(x) or expr == x:
        return expr
    args = [_to_exp_and_cdf(arg) for arg in expr.args]
    if isinstance(expr, sp.sin):
        return (sp.exp(sp.I * args[0]) - sp.exp(-sp.I * args[0])) / (2 * sp.I)
    if isinstance(expr, sp.cos):
        return (sp.exp(sp.I * args[0]) + sp.exp(-sp.I * args[0])) / 2
    if isinstance(expr, sp.sinh):
        return (sp.exp(args[0]) - sp.exp(-args[0])) / 2
    if isinstance(expr, sp.cosh):
        return (sp.exp(args[0]) + sp.exp(-args[0])) / 2
    if isinstance(expr, sp.erf):
        return 2 * NormalCDF(sp.sqrt(2) * args[0]) - 1
    if isinstance(expr, sp.erfc):
        return 2 - 2 * NormalCDF(sp.sqrt(2) * args[0])
    if isinstance(expr, (sp.Add, sp.Mul, sp.Pow, sp.exp, NormalCDF)):
        return expr.func(*args)
    raise OutsideClassError(expr, f"{expr} is not a polynomial, exponential of a quadratic, circular function or normal cdf")


def _read(term: sp.Expr) -> list[tuple[sp.Expr, tuple[sp.Expr, sp.Expr, str, sp.Expr]]]:
    """One product as (polynomial coefficient, (alpha, beta, tau, slope)); two entries where Phi(-p x) = 1 - Phi(p x) was used."""
    coefficient, exponent = sp.S.One, sp.S.Zero
    cdfs: list[sp.Expr] = []
    for factor in sp.Mul.make_args(term):
        base, power = factor.as_base_exp()
        if not factor.has(x):
            coefficient *= factor
        elif isinstance(factor, sp.exp):
            exponent += factor.args[0]
        elif isinstance(base, NormalCDF) and power.is_Integer and power > 0:
            cdfs += [base.args[0]] * int(power)
        elif factor.is_polynomial(x):
            coefficient *= factor
        else:
            raise OutsideClassError(factor, f"{factor} is not an atom of the class")
    alpha, beta, constant = _quadratic(exponent)
    coefficient *= sp.exp(constant)
    if not cdfs:
        return [(coefficient, (alpha, beta, ONE, sp.S.Zero))]
    if len(cdfs) > 1:
        raise OutsideClassError(sp.Mul(*(NormalCDF(c) for c in cdfs)), f"{term} has two normal-cdf factors, which needs orthants of three or four variables")
    slope, intercept = _linear(cdfs[0])
    if intercept != 0:
        raise OutsideClassError(NormalCDF(cdfs[0]), f"{NormalCDF(cdfs[0])} is shifted, which needs the bivariate normal cdf")
    if beta != 0:
        raise OutsideClassError(term, f"{term} is a normal cdf times a shifted exponential, which needs the bivariate normal cdf")
    if sp.simplify(slope).is_negative:
        return [(coefficient, (alpha, beta, ONE, sp.S.Zero)), (-coefficient, (alpha, beta, CDF, -slope))]
    return [(coefficient, (alpha, beta, CDF, slope))]


def _quadratic(exponent: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    if exponent == 0:
        return sp.S.Zero, sp.S.Zero, sp.S.Zero
    if not exponent.is_polynomial(x):
        raise OutsideClassError(sp.exp(exponent), f"the exponent {exponent} is no polynomial")
    poly = sp.Poly(exponent, x)
    if poly.degree() > 2:
        leading = sp.re(poly.LC())
        if poly.degree() % 2 == 1 or leading.is_positive:
            raise ActivationError(
                f"exp({exponent}) is not square-integrable under any Gaussian",
                where="activation",
                why="its dual activation E[phi(u) phi(v)] is infinite for every variance",
                fix="use an activation that grows at most like exp(c x^2)",
            )
        raise OutsideClassError(sp.exp(exponent), f"the exponent {exponent} has degree {poly.degree()} > 2")
    return poly.coeff_monomial(x**2), poly.coeff_monomial(x), poly.coeff_monomial(1)


def _linear(argument: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    if not argument.is_polynomial(x) or sp.Poly(argument, x).degree() != 1:
        raise OutsideClassError(NormalCDF(argument), f"the argument {argument} of the normal cdf is not linear")
    poly = sp.Poly(argument, x)
    return poly.coeff_monomial(x), poly.coeff_monomial(1)


def differentiate(groups: tuple[Group, ...]) -> tuple[Group, ...]:
    """Derivative in the sense of distributions, group by group.

    (P e tau)' = (P' + (2 alpha x + beta) P) e tau + P e tau'; tau' is p N(px) for the cdf, delta for the step, delta' for delta.
    f(x) delta(x) = f(0) delta(x), f(x) delta'(x) = f(0) delta'(x) - f'(0) delta(x).
    """
    found: dict[tuple[sp.Expr, sp.Expr, str, sp.Expr], sp.Expr] = {}

    def add(polynomial: sp.Expr, alpha: sp.Expr, beta: sp.Expr, tau: str, slope: sp.Expr) -> None:
        key = (sp.expand(alpha), beta, tau, slope)
        found[key] = found.get(key, sp.S.Zero) + polynomial

    for g in groups:
        p = g.polynomial
        if g.tau in (ONE, STEP, CDF):
            add(sp.diff(p, x) + (2 * g.alpha * x + g.beta) * p, g.alpha, g.beta, g.tau, g.slope)
        if g.tau == STEP:
            add(p.subs(x, 0), sp.S.Zero, sp.S.Zero, DELTA, sp.S.Zero)
        elif g.tau == CDF:
            add(p * g.slope / sp.sqrt(2 * sp.pi), g.alpha - g.slope**2 / 2, g.beta, ONE, sp.S.Zero)
        elif g.tau == DELTA:
            add(p, sp.S.Zero, sp.S.Zero, DELTA_PRIME, sp.S.Zero)
        elif g.tau == DELTA_PRIME:
            raise OutsideClassError(g.as_expr(), "a third derivative across a jump")
    made = [Group(_tidy(p), *key) for key, p in found.items()]
    return tuple(sorted((g for g in made if g.polynomial != 0), key=lambda g: g.key))


@lru_cache(maxsize=256)
def derivative(phi: sp.Lambda, order: int) -> tuple[Group, ...]:
    """The groups of the ``order``-th derivative of phi."""
    _, groups = decompose(phi)
    for _ in range(order):
        groups = differentiate(groups)
    return groups


def as_sum(groups: tuple[Group, ...]) -> sp.Expr:
    """The groups as one expression."""
    return sp.Add(*(g.as_expr() for g in groups))


def jumps(phi: sp.Lambda) -> bool:
    """Whether phi jumps somewhere, so that its derivative has a delta."""
    return any(group.tau == DELTA for group in derivative(phi, 1))
