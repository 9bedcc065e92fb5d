"""Gaussian averages of index sums by pairing factors, for checkers; and polynomial activations, for which every expectation in a limit is exact."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sympy as sp
from sympy.core.function import AppliedUndef

from ntksym.errors import CheckError
from ntksym.nodes import Applied, Dual, Entry
from ntksym.rules.checks.indices import terms

Covariance = Callable[[Entry, Entry], sp.Expr]


def average(expression: sp.Expr, is_random: Callable[[Entry], bool], covariance: Covariance) -> sp.Expr:
    """E of the expression over the centred Gaussian entries, by Isserlis' theorem: the sum over pairings of the products of covariances."""
    total = sp.S.Zero
    for (bound, factors), coefficient in terms(expression):
        random, still = [], []
        for factor in factors:
            base, power = factor.as_base_exp()
            if isinstance(base, Entry) and is_random(base):
                random += [base] * int(power)
            else:
                still.append(factor)
        paired = sp.Add(*(sp.Mul(*(covariance(*pair) for pair in pairing)) for pairing in pairings(random)))
        body = coefficient * sp.Mul(*still) * paired
        total += sp.Sum(body, *((index, 1, high) for index, high in bound)) if bound else body
    return total


def pairings(items: list[Entry]) -> Iterator[list[tuple[Entry, Entry]]]:
    """Every way to pair the items; none if their number is odd."""
    if not items:
        yield []
        return
    first, *rest = items
    for k, partner in enumerate(rest):
        for more in pairings(rest[:k] + rest[k + 1 :]):
            yield [(first, partner), *more]


def same_parameter(left: Entry, right: Entry) -> sp.Expr:
    """The covariance of two standard normal parameters."""
    if left.args[:2] != right.args[:2]:
        return sp.S.Zero
    return sp.Mul(*(sp.KroneckerDelta(i, j) for i, j in zip(left.indices, right.indices, strict=True)))


def is_parameter(entry: Entry) -> bool:
    """Whether the entry is a weight or a bias."""
    return entry.name in ("omega", "beta")


def functions_of(expression: sp.Basic) -> set[sp.Basic]:
    """The functions that stand in it as phi or a derivative of phi."""
    return {e.function for e in expression.atoms(Applied)} | {f for e in expression.atoms(Dual) for f in (e.f, e.g)}


def with_polynomial(expression: sp.Basic, polynomial: sp.Lambda) -> sp.Basic:
    """Phi replaced by a polynomial: phi(t), phi'(t) and the duals become polynomials."""
    if isinstance(expression, Applied):
        return _as_polynomial(expression.function, polynomial)(expression.argument)
    if isinstance(expression, Dual):
        variances = [with_polynomial(q, polynomial) for q in expression.q]
        return moment(_as_polynomial(expression.f, polynomial), _as_polynomial(expression.g, polynomial), *variances)
    if not expression.args or isinstance(expression, Entry):
        return expression
    return expression.func(*(with_polynomial(part, polynomial) for part in expression.args))


def _as_polynomial(function: sp.Lambda, polynomial: sp.Lambda) -> sp.Lambda:
    """The polynomial for phi, its derivative for phi'; anything else than an open phi is refused."""
    variable, body = function.variables[0], function.expr
    is_slope = isinstance(body, sp.Derivative) and body.args[1:] == (sp.Tuple(variable, 1),)
    inner = body.args[0] if is_slope else body
    if not isinstance(inner, AppliedUndef) or inner.args != (variable,):
        raise CheckError(f"{function} is neither phi nor its derivative", where="check with polynomials", why="phi stays abstract here")
    return sp.Lambda(polynomial.variables[0], sp.diff(polynomial.expr, polynomial.variables[0])) if is_slope else polynomial


def moment(first: sp.Lambda, second: sp.Lambda, q11: sp.Expr, q12: sp.Expr, q22: sp.Expr) -> sp.Expr:
    """E[f(u) g(v)] of two polynomials of a centred Gaussian pair."""
    left = sp.Poly(first.expr, first.variables[0]).terms()
    right = sp.Poly(second.expr, second.variables[0]).terms()
    return sp.expand(sp.Add(*(c * d * _monomial(m, n, q11, q12, q22) for ((m,), c) in left for ((n,), d) in right)))


def _monomial(m: int, n: int, q11: sp.Expr, q12: sp.Expr, q22: sp.Expr) -> sp.Expr:
    """E u^m v^n: choose how many of the u are paired with a v."""
    if (m + n) % 2:
        return sp.S.Zero
    total = sp.S.Zero
    for crossed in range(m % 2, min(m, n) + 1, 2):
        ways = sp.binomial(m, crossed) * sp.binomial(n, crossed) * sp.factorial(crossed)
        total += (
            ways * sp.factorial2(m - crossed - 1) * sp.factorial2(n - crossed - 1) * q11 ** ((m - crossed) // 2) * q12**crossed * q22 ** ((n - crossed) // 2)
        )
    return total
