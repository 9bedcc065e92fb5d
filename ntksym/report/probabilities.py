r"""Probabilities of Gaussian half-planes as a reader writes them: $\Phi(m/\sqrt a)$ and $\Phi_2(h, k; \rho)$ with what cancels cancelled, $x \ge t$.

Identities of square roots of positive numbers only; where the sign of a factor is not certain, it stays under its root.
"""

from __future__ import annotations

from functools import lru_cache

import sympy as sp
from sympy.core.relational import Relational

from ntksym.nodes import HalfLineProbability, NormalCDF, QuadrantProbability
from ntksym.notation import q11, q12, q22
from ntksym.report.glyphs import BivariateCDF

# The variables of an activation and of the laws; beside one of them everything else in a threshold is a constant.
_VARIABLES = (("x", "u", "v", "w", "w1", "w2"), ("y",), ("t",))
_GRAM = sp.Dummy("gram", positive=True)


def cdf(mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
    """HalfLineProbability(mean, variance) as a normal cdf."""
    return NormalCDF(standardized(mean, variance))


def bivariate_cdf(m1: sp.Expr, m2: sp.Expr, a: sp.Expr, c: sp.Expr, b: sp.Expr) -> sp.Expr:
    """QuadrantProbability(m1, m2, a, c, b) as a bivariate normal cdf."""
    return BivariateCDF(standardized(m1, a), standardized(m2, b), standardized(c, a * b))


def as_cdfs(expression: sp.Basic) -> sp.Basic:
    """The expression with every probability of a half-line or quadrant written as a cdf."""
    return expression.replace(HalfLineProbability, cdf).replace(QuadrantProbability, bivariate_cdf)


@lru_cache(maxsize=2048)
def standardized(mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
    r"""$m/\sqrt a$ for a positive a, common factors of certain sign cancelled, a minus sign moved into a difference."""
    try:
        above, below = _factors(mean), _factors(variance)
    except sp.PolynomialError:
        return mean / sp.sqrt(variance)
    (number, powers), (scale, under) = above, below
    if any(sign_of(base) == 0 and base in powers for base in under):
        return mean / sp.sqrt(variance)
    exponents = dict(powers)
    for base, k in under.items():
        exponents[base] = exponents.get(base, sp.S.Zero) - k / 2
    if not scale.is_positive:
        return mean / sp.sqrt(variance)
    return _oriented(number / sp.sqrt(scale), exponents)


def _oriented(number: sp.Expr, exponents: dict[sp.Expr, sp.Expr]) -> sp.Expr:
    """The product; the minus sign of its number goes into a difference where one stands in it."""
    bases = dict(exponents)
    if number.is_negative:
        for base in sorted(bases, key=sp.default_sort_key):
            if isinstance(base, sp.Add) and bases[base] == 1 and {t.could_extract_minus_sign() for t in base.args} == {True, False}:
                number, bases = -number, {(-b if b == base else b): k for b, k in bases.items()}
                break
    factors = [sp.Pow(base, k) for base, k in sorted(bases.items(), key=lambda pair: sp.default_sort_key(pair[0]))]
    return sp.Mul(number, *factors, evaluate=not any(isinstance(f, sp.Add) for f in factors)) if number != 1 else sp.Mul(*factors)


def _factors(expression: sp.Expr) -> tuple[sp.Expr, dict[sp.Expr, sp.Expr]]:
    """A rational function as a number and powers of irreducible polynomials, those of certain sign positive."""
    above, below = sp.fraction(sp.together(expression))
    number, top = sp.factor_list(above)
    divisor, bottom = sp.factor_list(below)
    number, powers = number / divisor, {}
    for base, k in (*top, *((base, -k) for base, k in bottom)):
        if sign_of(base) < 0:
            base, number = -base, number * (-1) ** k
        powers[base] = powers.get(base, sp.S.Zero) + k
    return number, powers


def sign_of(factor: sp.Expr) -> int:
    r"""1 or -1 where the sign is certain, 0 otherwise: all terms of one sign after $q_{12}^2 = q_{11}q_{22} - \text{a positive determinant}$."""
    if factor.is_positive:
        return 1
    if factor.is_negative:
        return -1
    shown = sp.expand(factor)
    if shown.is_polynomial(q12):
        powers = sp.Poly(shown, q12).all_coeffs()[::-1]
        shown = sp.expand(sp.Add(*(value * (q11 * q22 - _GRAM) ** (k // 2) * q12 ** (k % 2) for k, value in enumerate(powers))))
    terms = sp.Add.make_args(shown)
    return 1 if all(t.is_positive for t in terms) else -1 if all(t.is_negative for t in terms) else 0


def threshold(argument: sp.Expr) -> tuple[sp.Expr, str, sp.Expr]:
    """``argument >= 0`` as (left, ">=" or "<=", right): a single variable stands alone on the left."""
    moving = _variables(argument)
    terms = sp.Add.make_args(argument)
    variable = [t for t in terms if t.free_symbols & moving] if moving else list(terms)
    if len(variable) == 1:
        rest = sp.Add(*(t for t in terms if t is not variable[0]))
        return (-variable[0], "<=", rest) if variable[0].could_extract_minus_sign() else (variable[0], ">=", -rest)
    return (-argument, "<=", sp.S.Zero) if argument.could_extract_minus_sign() else (argument, ">=", sp.S.Zero)


def oriented(argument: sp.Expr) -> sp.Expr:
    """The argument as x - t or t - x, whichever has the variable with a plus sign."""
    left, sign, right = threshold(argument)
    return argument if sign == ">=" else sp.Add(left, -right)


def turned(relation: Relational) -> Relational:
    """The relation with the variable on the left, and with a plus sign: x > t for t < x, x < -t for t < -x."""
    if not isinstance(relation, (sp.StrictLessThan, sp.StrictGreaterThan, sp.LessThan, sp.GreaterThan)):
        return relation
    moving = _variables(relation.lhs - relation.rhs)
    if not relation.rhs.free_symbols & moving or relation.lhs.free_symbols & moving:
        return relation
    flipped = relation.reversed
    return flipped.reversedsign if -flipped.lhs in moving else flipped


def _variables(argument: sp.Expr) -> set[sp.Basic]:
    for names in _VARIABLES:
        found = {s for s in argument.free_symbols if isinstance(s, sp.Symbol) and s.name in names}
        if found:
            return found
    return set()
