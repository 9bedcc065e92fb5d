"""Checkers of what is said of the activation itself: its pieces, its atoms, its derivatives."""

from __future__ import annotations

import sympy as sp

from ntksym.gaussian.checks.deciding import differ_witness, plain, same_function, two_sides
from ntksym.nodes import Delta, Expect
from ntksym.notation import q11, q12, u, v, x
from ntksym.proof import Statement, Verdict, false, proved


def check_pieces(premises: tuple[Statement, ...], conclusion: Statement, *, phi: sp.Lambda) -> Verdict:
    """Substitute a positive and a negative number: SymPy then evaluates Max, Abs, ... by itself."""
    if conclusion.claim.lhs != sp.Function("phi")(x):
        return false("the left side is not phi(x)")
    return same_function(phi(x), conclusion.claim.rhs, x, "both half-lines, by substitution of a positive symbol")


def check_atoms(premises: tuple[Statement, ...], conclusion: Statement, *, phi: sp.Lambda) -> Verdict:
    """The same for the sum of atoms."""
    if conclusion.claim.lhs != sp.Function("phi")(x):
        return false("the left side is not phi(x)")
    return same_function(phi(x), conclusion.claim.rhs, x, "both half-lines, by substitution of a positive symbol")


def check_derivative(premises: tuple[Statement, ...], conclusion: Statement, *, phi: sp.Lambda, order: int) -> Verdict:
    """Away from 0 SymPy differentiates phi itself; at 0 the delta's weight is the jump of the derivative below."""
    y = sp.Symbol("y", positive=True)
    lhs, rhs = conclusion.claim.args
    if lhs != sp.Function("phi")(x).diff((x, order)):
        return false(f"the left side is not the derivative of order {order}")
    right, left = plain(phi(x)).subs(x, y), plain(phi(x)).subs(x, -y)
    for side, function, sign in (("x > 0", right, 1), ("x < 0", left, -1)):
        wanted = sp.diff(function, y, order) * sign**order
        got = dict(two_sides(plain(rhs.replace(sp.Derivative, lambda *_: sp.S.Zero)), x))[side]
        verdict = differ_witness(wanted - got, side)
        if verdict is not None:
            return verdict
    jumps = [sp.simplify((sp.diff(right, y, k) - (-1) ** k * sp.diff(left, y, k)).subs(y, 0)) for k in range(order)]
    wanted_delta = jumps[order - 1] if jumps else sp.S.Zero
    bare = sp.expand(rhs).replace(sp.Derivative, lambda *_: sp.S.Zero)
    got_delta = bare.coeff(Delta(x)) if bare.has(Delta) else sp.S.Zero
    if sp.simplify(wanted_delta - got_delta) != 0:
        return false(f"the jump is {wanted_delta}, the delta has weight {got_delta}")
    if order == 2:
        primes = [term for term in sp.Add.make_args(sp.expand(rhs)) if term.has(sp.Derivative)]
        weight = sp.Add(*(term.as_independent(sp.Derivative)[0] for term in primes))
        if sp.simplify(weight - jumps[0]) != 0:
            return false(f"the jump is {jumps[0]}, delta' has weight {weight}")
    return proved("both half-lines by direct differentiation; jumps at 0 as one-sided limits")


def check_delta_prime(premises: tuple[Statement, ...], conclusion: Statement, *, other: sp.Expr, derivative_of_other: sp.Tuple) -> Verdict:
    """Shift u by s: E[delta(u - s) G(v)] = N(s; 0, q11) E[G(v + q12 s / q11) | u = 0]; minus its s-derivative at 0 is the left side."""
    y = sp.Symbol("y", positive=True)
    s = sp.Symbol("s_", real=True)
    rate = -sp.diff(q12 * s / q11, s)
    integrand = sp.S.Zero
    for term in sp.Add.make_args(sp.expand(conclusion.claim.rhs / rate)) if conclusion.claim.rhs != 0 else ():
        weight, expect = term.as_independent(Expect)
        if not isinstance(expect, Expect) or not expect.integrand.has(Delta(u)):
            return false(f"{term} is no average of delta(u)")
        integrand += weight * expect.integrand / Delta(u)
    got = integrand.subs(v, x)
    for sign in (1, -1):
        side = plain(other).subs(x, sign * y)
        if differ_witness(sp.diff(side, y) * sign - plain(got).subs(x, sign * y), "") is not None:
            return false("the other factor is not differentiated, or the factor is not the regression coefficient")
    jump = sp.simplify((plain(other).subs(x, y) - plain(other).subs(x, -y)).subs(y, 0))
    delta = sp.expand(got).coeff(Delta(x)) if got.has(Delta) else sp.S.Zero
    return proved("shift of the delta, all covariances") if sp.simplify(jump - delta) == 0 else false(f"the jump {jump} is lost")
