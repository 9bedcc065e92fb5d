"""Checkers of what is said of the activation itself: its pieces, its atoms, its derivatives."""

from __future__ import annotations

import sympy as sp

from ntksym.gaussian.checks.deciding import POSITIVE, decide, plain, same_function, two_sides, weakest
from ntksym.nodes import Delta, Expect, gaussian_pair
from ntksym.notation import q11, q12, q22, u, v, x
from ntksym.proof import Statement, Verdict, false


def check_pieces(premises: tuple[Statement, ...], conclusion: Statement, *, phi: sp.Lambda) -> Verdict:
    """Substitute a positive and a negative number: SymPy then evaluates Max, Abs, ... by itself."""
    if conclusion.claim.lhs != sp.Function("phi")(x):
        return false("the left side is not phi(x)")
    return same_function(phi(x), conclusion.claim.rhs, "both half-lines, by substitution of a positive symbol")


def check_atoms(premises: tuple[Statement, ...], conclusion: Statement, *, phi: sp.Lambda) -> Verdict:
    """The same for the sum of atoms."""
    if conclusion.claim.lhs != sp.Function("phi")(x):
        return false("the left side is not phi(x)")
    return same_function(phi(x), conclusion.claim.rhs, "both half-lines, by substitution of a positive symbol")


def check_derivative(premises: tuple[Statement, ...], conclusion: Statement, *, phi: sp.Lambda, order: int) -> Verdict:
    """Away from 0 SymPy differentiates phi itself; at 0 the delta's weight is the jump of the derivative below."""
    y = POSITIVE
    lhs, rhs = conclusion.claim.args
    if lhs != sp.Function("phi")(x).diff((x, order)):
        return false(f"the left side is not the derivative of order {order}")
    right, left = two_sides(plain(phi(x)))
    smooth = two_sides(plain(rhs.replace(sp.Derivative, lambda *_: sp.S.Zero)))
    verdict = decide([sp.diff(right, y, order) - smooth[0], (-1) ** order * sp.diff(left, y, order) - smooth[1]], "both half-lines by direct differentiation")
    jumps = [(sp.diff(right, y, k) - (-1) ** k * sp.diff(left, y, k)).subs(y, 0) for k in range(order)]
    expanded = sp.expand(rhs)
    primes = [term.as_independent(sp.Derivative)[0] for term in sp.Add.make_args(expanded) if term.has(sp.Derivative)]
    singular = sp.Add(*(term for term in sp.Add.make_args(expanded) if term.has(sp.Derivative)))
    if sp.expand(singular - sp.Add(*primes) * sp.Derivative(Delta(x), x)) != 0:
        return false(f"{singular} is no multiple of delta'")
    deltas = expanded.replace(sp.Derivative, lambda *_: sp.S.Zero).coeff(Delta(x))
    residuals = [jumps[-1] - deltas] + ([jumps[0] - sp.Add(*primes)] if order == 2 else primes)
    return weakest(verdict + decide(residuals, "jumps at 0 as one-sided limits"))


def check_delta_prime(premises: tuple[Statement, ...], conclusion: Statement, *, other: sp.Expr, derivative_of_other: sp.Tuple) -> Verdict:
    """Shift u by s: E[delta(u - s) G(v)] = N(s; 0, q11) E[G(v + q12 s / q11) | u = 0]; minus its s-derivative at 0 is the left side."""
    s = sp.Symbol("s_", real=True)
    rate = -sp.diff(q12 * s / q11, s)
    if any(average.law != gaussian_pair(u, v, q11, q12, q22) for average in conclusion.claim.atoms(Expect)):
        return false("an average is not over the law of the pair")
    constant, averaged = conclusion.claim.lhs.as_independent(Expect)
    if sp.expand(constant * averaged.integrand - other.subs(x, v) * sp.Derivative(Delta(u), u)) != 0:
        return false("the left side is not the average of delta' times the other factor")
    integrand = sp.S.Zero
    for term in sp.Add.make_args(sp.expand(conclusion.claim.rhs / rate)) if conclusion.claim.rhs != 0 else ():
        weight, expect = term.as_independent(Expect)
        if not isinstance(expect, Expect) or not expect.integrand.has(Delta(u)):
            return false(f"{term} is no average of delta(u)")
        integrand += weight * expect.integrand / Delta(u)
    got = integrand.subs(v, x)
    right, left = two_sides(plain(other))
    smooth = two_sides(plain(got))
    delta = sp.expand(got).coeff(Delta(x))
    slopes = [sp.diff(right, POSITIVE) - smooth[0], -sp.diff(left, POSITIVE) - smooth[1]]
    return decide([*slopes, (right - left).subs(POSITIVE, 0) - delta], "shift of the delta, all covariances")
