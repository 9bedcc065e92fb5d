"""Checkers of what is said of the activation itself: its pieces, its atoms, its derivatives."""

from __future__ import annotations

import sympy as sp

from ntksym.gaussian.checks.deciding import UndecidedError, cuts_of, decide, intervals, plain, same_function, thresholds_in, weakest
from ntksym.nodes import Delta, Expect, gaussian_pair
from ntksym.notation import q11, q12, q22, u, v, x
from ntksym.proof import Statement, Verdict, false, unchecked


def check_pieces(premises: tuple[Statement, ...], conclusion: Statement, *, phi: sp.Lambda) -> Verdict:
    """On every interval the branch of Max, Abs, ... is decided anew, by a sign at one point and a root count."""
    if conclusion.claim.lhs != sp.Function("phi")(x):
        return false("the left side is not phi(x)")
    return same_function(phi(x), conclusion.claim.rhs, "every interval between the thresholds")


def check_atoms(premises: tuple[Statement, ...], conclusion: Statement, *, phi: sp.Lambda) -> Verdict:
    """The same for the sum of atoms."""
    if conclusion.claim.lhs != sp.Function("phi")(x):
        return false("the left side is not phi(x)")
    return same_function(phi(x), conclusion.claim.rhs, "every interval between the thresholds")


def check_derivative(premises: tuple[Statement, ...], conclusion: Statement, *, phi: sp.Lambda, order: int) -> Verdict:
    """Between the thresholds SymPy differentiates phi itself; at a threshold the delta's weight is the jump of the derivative below."""
    lhs, rhs = conclusion.claim.args
    if lhs != sp.Function("phi")(x).diff((x, order)):
        return false(f"the left side is not the derivative of order {order}")
    own, wanted = plain(phi(x)), plain(rhs)
    try:
        cuts = cuts_of(own, thresholds_in(rhs))
        pieces = [interval.branch(own) for interval in intervals(cuts)]
        stated = [interval.branch(wanted) for interval in intervals(cuts)]
    except UndecidedError as why:
        return unchecked(f"not decided: {why}")
    verdict = decide([sp.diff(p, x, order) - s for p, s in zip(pieces, stated, strict=True)], "every interval, by direct differentiation")
    expanded = sp.expand(rhs)
    residuals = []
    for i, t in enumerate(cuts):
        weights = [expanded.coeff(sp.Derivative(Delta(x - t), x)), expanded.replace(sp.Derivative, lambda *_: sp.S.Zero).coeff(Delta(x - t))]
        jumps = [(sp.diff(pieces[i + 1], x, k) - sp.diff(pieces[i], x, k)).subs(x, t) for k in range(order)]
        residuals += [jumps[-1] - weights[1], (jumps[0] if order == 2 else sp.S.Zero) - weights[0]]
    singular = expanded.atoms(Delta)
    if singular - {Delta(x - t) for t in cuts}:
        return false("a delta stands where there is no threshold")
    return weakest(verdict + decide(residuals, "jumps at the thresholds as one-sided limits")) if residuals else verdict


def check_delta_prime(premises: tuple[Statement, ...], conclusion: Statement, *, at: sp.Expr, other: sp.Expr, derivative_of_other: sp.Tuple) -> Verdict:
    """Move the delta to t + s: E[delta(u - t - s) G(v)] = N(t + s; 0, q11) E[G(v + q12 s / q11) | u = t]; minus its s-derivative at 0 is the left side."""
    s = sp.Symbol("s_", real=True)
    rate = -sp.diff(q12 * s / q11, s)
    density = sp.exp(-((at + s) ** 2) / (2 * q11))
    kept = -(sp.diff(density, s) / density).subs(s, 0)
    delta = Delta(u - at)
    if any(average.law != gaussian_pair(u, v, q11, q12, q22) for average in conclusion.claim.atoms(Expect)):
        return false("an average is not over the law of the pair")
    constant, averaged = conclusion.claim.lhs.as_independent(Expect)
    if sp.expand(constant * averaged.integrand - other.subs(x, v) * sp.Derivative(delta, u)) != 0:
        return false("the left side is not the average of delta' times the other factor")
    integrand = sp.S.Zero
    for term in sp.Add.make_args(sp.expand(conclusion.claim.rhs)) if conclusion.claim.rhs != 0 else ():
        weight, expect = term.as_independent(Expect)
        if not isinstance(expect, Expect) or not expect.integrand.has(delta):
            return false(f"{term} is no average of {delta}")
        integrand += weight * expect.integrand / delta
    got = sp.expand((integrand.subs(v, x) - kept * other) / rate)
    try:
        cuts = thresholds_in(other + got)
        pieces = [interval.branch(plain(other)) for interval in intervals(cuts)]
        stated = [interval.branch(plain(got)) for interval in intervals(cuts)]
    except UndecidedError as why:
        return unchecked(f"not decided: {why}")
    slopes = [sp.diff(p, x) - d for p, d in zip(pieces, stated, strict=True)]
    jumps = [(pieces[i + 1] - pieces[i]).subs(x, t) - got.coeff(Delta(x - t)) for i, t in enumerate(cuts)]
    return decide([*slopes, *jumps], "shift of the delta, all covariances")
