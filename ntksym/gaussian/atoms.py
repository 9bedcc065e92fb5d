"""Atoms: an activation as a sum of  P(x) exp(alpha x^2 + beta x) tau(x),  tau one of 1, 1{p x + r >= 0}, Phi(p x + r), delta(x - t).

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
# (alpha, beta, tau, slope, shift)
Key = tuple[sp.Expr, sp.Expr, str, sp.Expr, sp.Expr]


@dataclass(frozen=True)
class Group:
    """``polynomial(x) exp(alpha x^2 + beta x) tau(x)``; the step, cdf or delta has the argument ``slope x + shift`` (slope +-1 for steps, 1 for deltas)."""

    polynomial: sp.Expr
    alpha: sp.Expr
    beta: sp.Expr
    tau: str
    slope: sp.Expr = sp.S.One
    shift: sp.Expr = sp.S.Zero

    @property
    def argument(self) -> sp.Expr:
        """What the step, cdf or delta is taken of."""
        return self.slope * x + self.shift

    def as_expr(self) -> sp.Expr:
        """The group as a SymPy expression in x (the distributional ones as Delta)."""
        return self.polynomial * sp.exp(self.alpha * x**2 + self.beta * x) * self.tau_expr

    @property
    def tau_expr(self) -> sp.Expr:
        """The factor tau(x)."""
        if self.tau == ONE:
            return sp.S.One
        if self.tau == STEP:
            return Indicator(self.argument)
        if self.tau == CDF:
            return NormalCDF(self.argument)
        return Delta(self.argument) if self.tau == DELTA else sp.Derivative(Delta(self.argument), x)

    @property
    def key(self) -> tuple[str, ...]:
        """For sorting only."""
        return (self.tau, str(self.slope), str(self.shift), str(self.alpha), str(self.beta))


@lru_cache(maxsize=256)
def decompose(phi: sp.Lambda) -> tuple[Pieces, tuple[Group, ...]]:
    """Pieces and groups of ``phi``; raises OutsideClassError naming the sub-term that leads out, ActivationError where phi is not admissible."""
    split = pieces(phi(x), x)
    for t in split.thresholds:
        if t.is_number and not (t**2).is_rational:
            raise OutsideClassError(t, f"there is a kink or jump at {t}, which is neither rational nor the square root of a rational number")
    found = [{_key(g): g.polynomial for g in groups_of(expr)} for expr in split.exprs]
    keys = sorted({key for piece in found for key in piece}, key=lambda key: tuple(map(str, key)))
    groups: dict[Key, sp.Expr] = {}
    for key in keys:
        polynomials = [piece.get(key, sp.S.Zero) for piece in found]
        if key[2] != ONE and len(set(polynomials)) > 1:
            term = Group(sp.S.One, *key).as_expr()
            raise OutsideClassError(term, f"on a part of the line stands {term}: a step times a normal cdf, which needs orthants of three variables")
        for (alpha, beta, tau, slope, shift), polynomial in _stepped(key, polynomials, split.thresholds):
            if tau == STEP and not sp.im(beta).is_zero:
                term = sp.exp(alpha * x**2 + beta * x) * Indicator(slope * x + shift)
                raise OutsideClassError(
                    term, f"on a part of the line stands {term}: a wave cut off, which needs the normal cdf of a complex argument in two variables"
                )
            full = (alpha, beta, tau, slope, shift)
            groups[full] = groups.get(full, sp.S.Zero) + polynomial
    return split, _sorted(groups)


def _key(group: Group) -> Key:
    return (group.alpha, group.beta, group.tau, group.slope, group.shift)


def _sorted(groups: dict[Key, sp.Expr]) -> tuple[Group, ...]:
    made = [Group(_tidy(polynomial), *key) for key, polynomial in groups.items()]
    return tuple(sorted((g for g in made if g.polynomial != 0), key=lambda g: g.key))


def _stepped(key: Key, polynomials: list[sp.Expr], thresholds: tuple[sp.Expr, ...]) -> list[tuple[Key, sp.Expr]]:
    """Polynomials on consecutive intervals as one without a step plus steps that point away from it.

    The one without a step is chosen so that nothing grows where it is cut off: the right end for a growing exponential, the left end for a falling one,
    the interval around 0 else.  Where 0 itself is a threshold a monomial that stands on one side only keeps its step on that side.
    """
    alpha, beta, *_ = key
    if len(set(polynomials)) == 1:
        return [(key, polynomials[0])] if polynomials[0] != 0 else []
    if beta.is_real and beta != 0 and beta.is_positive is not None:
        return _outward(key, polynomials, thresholds, len(thresholds) if beta.is_positive else 0)
    left = _home(thresholds)
    if left < len(thresholds) and thresholds[left] == 0:
        made: list[tuple[Key, sp.Expr]] = []
        powers = sorted({power for p in polynomials if p != 0 for (power,) in sp.Poly(p, x).monoms()})
        for power in powers:
            monomials = [sp.Poly(p, x).coeff_monomial(x**power) * x**power for p in polynomials]
            home = left + 1 if monomials[left + 1] == 0 and monomials[left] != 0 else left
            made += _outward(key, monomials, thresholds, home)
        return made
    return _outward(key, polynomials, thresholds, left)


def _home(thresholds: tuple[sp.Expr, ...]) -> int:
    """The interval that holds 0, or ends there; the first one where the signs of the thresholds are not known."""
    if any(t.is_nonnegative is None and t.is_nonpositive is None for t in thresholds):
        return 0
    return sum(1 for t in thresholds if t.is_negative)


def _outward(key: Key, polynomials: list[sp.Expr], thresholds: tuple[sp.Expr, ...], home: int) -> list[tuple[Key, sp.Expr]]:
    alpha, beta, tau, slope, shift = key
    made = [(key, polynomials[home])] if polynomials[home] != 0 else []
    for i, t in enumerate(thresholds):
        rightward = i >= home
        change = sp.expand(polynomials[i + 1] - polynomials[i]) * (1 if rightward else -1)
        if change != 0:
            sign = sp.S.One if rightward else sp.S.NegativeOne
            made.append(((alpha, beta, STEP, sign, -sign * t), change))
    return made


def groups_of(expr: sp.Expr) -> list[Group]:
    """Groups of a smooth expression in x."""
    rewritten = _to_exp_and_cdf(expr)
    expanded = sp.expand(sp.powsimp(sp.expand(rewritten, power_exp=False, power_base=False), combine="exp"), power_exp=False, power_base=False)
    found: dict[Key, sp.Expr] = {}
    for term in sp.Add.make_args(expanded):
        if term == 0:
            continue
        for coefficient, key in _read(term):
            found[key] = found.get(key, sp.S.Zero) + coefficient
    return list(_sorted(found))


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


def _read(term: sp.Expr) -> list[tuple[sp.Expr, Key]]:
    """One product as (polynomial coefficient, key); two entries where Phi(-t) = 1 - Phi(t) was used."""
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
    plain = (alpha, beta, ONE, sp.S.One, sp.S.Zero)
    if not cdfs:
        return [(coefficient, plain)]
    if len(cdfs) > 1:
        raise OutsideClassError(sp.Mul(*(NormalCDF(c) for c in cdfs)), f"{term} has two normal-cdf factors, which needs orthants of three or four variables")
    if not beta.is_real:
        raise OutsideClassError(term, f"{term} is a normal cdf times a wave, which needs the normal cdf of a complex argument in two variables")
    slope, intercept = _linear(cdfs[0])
    if sp.simplify(slope).is_negative:
        return [(coefficient, plain), (-coefficient, (alpha, beta, CDF, -slope, -intercept))]
    return [(coefficient, (alpha, beta, CDF, slope, intercept))]


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

    (P e tau)' = (P' + (2 alpha x + beta) P) e tau + P e tau'; tau' is p N(p x + r) for the cdf, +-delta for the step, delta' for delta.
    f(x) delta(x-t) = f(t) delta(x-t), so a delta stands with a constant.
    """
    found: dict[Key, sp.Expr] = {}

    def add(polynomial: sp.Expr, *key: sp.Expr | str) -> None:
        alpha, beta, tau, slope, shift = key
        full = (sp.expand(alpha), sp.expand(beta), tau, slope, shift)
        found[full] = found.get(full, sp.S.Zero) + polynomial

    for g in groups:
        p = g.polynomial
        if g.tau in (ONE, STEP, CDF):
            add(sp.diff(p, x) + (2 * g.alpha * x + g.beta) * p, g.alpha, g.beta, g.tau, g.slope, g.shift)
        if g.tau == STEP:
            t = -g.shift / g.slope
            add(g.slope * (p * sp.exp(g.alpha * x**2 + g.beta * x)).subs(x, t), sp.S.Zero, sp.S.Zero, DELTA, sp.S.One, -t)
        elif g.tau == CDF:
            factor = g.slope / sp.sqrt(2 * sp.pi) * sp.exp(-sp.expand(g.shift**2) / 2)
            add(p * factor, g.alpha - g.slope**2 / 2, g.beta - g.slope * g.shift, ONE, sp.S.One, sp.S.Zero)
        elif g.tau == DELTA:
            add(p, sp.S.Zero, sp.S.Zero, DELTA_PRIME, g.slope, g.shift)
        elif g.tau == DELTA_PRIME:
            raise OutsideClassError(g.as_expr(), "a third derivative across a jump")
    return _sorted(found)


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
