"""Checks of the chapter on shrinkage: monotone functions by their derivatives, a root between rational numbers by interval arithmetic, and a grid."""

from __future__ import annotations

import mpmath
import sympy as sp
from sympy.core.function import AppliedUndef

from ntksym.notation import eta, lam, ridge, t
from ntksym.proof import Statement, Verdict, false, proved, tested
from ntksym.rules.checks import operators

_U = sp.Symbol("u", positive=True)
_IN_U = {lam: _U / (eta * t)}


def same(first: sp.Expr, second: sp.Expr) -> bool:
    """Whether two functions of numbers are one."""
    return operators.vanishes(first - second)


def _named(expression: sp.Basic, name: str) -> bool:
    return isinstance(expression, AppliedUndef) and expression.func.__name__ == name and expression.args == (lam,)


def early_factor(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Nothing at the start; what is missing to one shrinks at the rate eta lambda, the residual's law without a ridge."""
    claim, form = conclusion.claim, premises[0].claim
    left = 1 - claim.rhs
    if not _named(claim.lhs, "shrinkearly") or claim.rhs.has(ridge):
        return false("the left side is not the share learnt, or a ridge is left")
    if not same(left.diff(t), -eta * lam * left) or not same(left.xreplace({t: sp.S.Zero}), sp.S.One):
        return false("what is left of the mode does not solve its law")
    agrees = same(sp.limit(form.filter.xreplace({lam: _U}), ridge, 0, "+") * _U, claim.rhs.xreplace({lam: _U}))
    return proved("what is left solves the law of a mode without a ridge, from 1") if agrees else false("the solution's filter is another")


def ridge_factor(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The share of a mode at which pull of the targets and of the ridge balance."""
    if len(conclusion.claim) != 2:
        return false("the ridge and the share are meant")
    equal, claim = conclusion.claim
    if not _named(claim.lhs, "shrinkridge") or equal.lhs != ridge or not same(equal.rhs * eta * t, sp.S.One):
        return false("not the share with the ridge 1/(eta t)")
    share = claim.rhs
    if not same(lam * (share - 1) + share / (eta * t), sp.S.Zero) or not same(premises[0].claim.final * (lam + ridge), sp.S.One):
        return false("targets and ridge do not balance there")
    return proved("there the pull lambda (1 - s) of the targets and r s of the ridge balance")


def _in_u(early: sp.Expr, late: sp.Expr) -> bool:
    return same(early.xreplace(_IN_U), 1 - sp.exp(-_U)) and same(late.xreplace(_IN_U), _U / (1 + _U))


def _assumed(conclusion: Statement) -> bool:
    return "trained-a-while" in [assumption.key for assumption in conclusion.assumptions]


def early_is_more(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """(1 + u)(1 - e^-u) - u = e^-u (e^u - 1 - u), and e^u - 1 - u vanishes at 0 and grows."""
    claim = conclusion.claim
    if claim.func is not sp.Le or not _in_u(claim.rhs, claim.lhs) or not _assumed(conclusion):
        return false("not the ridge's share below that of early stopping")
    if not same((1 + _U) * (1 - sp.exp(-_U)) - _U, sp.exp(-_U) * (sp.exp(_U) - 1 - _U)):
        return false("the identity fails")
    growing = same((sp.exp(_U) - 1 - _U).diff(_U), sp.exp(_U) - 1)
    return proved("times (1 + u) e^u it is e^u >= 1 + u, for u = eta lambda t > 0") + _grid(1) if growing else false("the argument does not close")


def _grid(constant: sp.Expr) -> Verdict:
    points = 0
    with mpmath.workdps(25):
        c = mpmath.mpmathify(sp.N(constant, 25))
        for k in range(-30, 31):
            u = mpmath.mpf(10) ** (mpmath.mpf(k) / 10)
            early, late = -mpmath.expm1(-u), u / (1 + u)
            if not late <= early or c > 1 and not early <= c * late:
                return false(f"violated at u = {mpmath.nstr(u, 5)}")
            points += 1
    return tested(points, 20, "both shares on a grid of eta lambda t from 1/1000 to 1000")


def largest_ratio(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The ratio's derivative has the sign of 1 + u + u^2 - e^u, which changes once; the place and the value by interval arithmetic."""
    if len(conclusion.claim) != 4:
        return false("a root, a value and two bounds are meant")
    place, value, low, high = conclusion.claim
    (u,) = place.lhs.free_symbols
    c = value.lhs
    ratio = (1 - sp.exp(-u)) * (1 + u) / u
    if not same(place.lhs - place.rhs, sp.exp(u) - 1 - u - u**2) or not u.is_positive:
        return false("the place is another")
    if not same(ratio.diff(u), sp.exp(-u) * (1 + u + u**2 - sp.exp(u)) / u**2):
        return false("the derivative of the ratio has another sign")
    if not same(ratio.xreplace({sp.exp(-u): 1 / place.rhs}), value.rhs) or not c.is_Symbol:
        return false("the value at the place is another")
    # h = e^u - 1 - u - u^2: h, h' vanish at 0, h'' = e^u - 2 changes sign once, from minus to plus; so h does, at one u > 0.
    h = sp.exp(u) - 1 - u - u**2
    if not all(h.diff(u, k).xreplace({u: sp.S.Zero}) == 0 for k in (0, 1)) or not same(h.diff(u, 2), sp.exp(u) - 2):
        return false("the sign of the derivative is not decided")
    interval = mpmath.iv
    bracket = (sp.Rational(1793282, 1000000), sp.Rational(1793283, 1000000))
    ends = [interval.mpf(b.p) / b.q for b in bracket]
    signs = [interval.exp(e) - 1 - e - e**2 for e in ends]
    inside = interval.mpf([ends[0].a, ends[1].b])
    found = (1 + inside) ** 2 / (1 + inside + inside**2)
    if not (signs[0] < 0 and signs[1] > 0):
        return false("the root is elsewhere")
    if (low.func, high.func) != (sp.Lt, sp.Lt) or low.rhs != high.lhs or not (low.rhs / c).is_Integer:
        return false("not a whole multiple of the constant between two whole numbers")
    bounds = [side / (low.rhs / c) for side in (low.lhs, high.rhs)]
    if not (interval.mpf(bounds[0].p) / bounds[0].q < found and found < interval.mpf(bounds[1].p) / bounds[1].q):
        return false("the bounds do not hold the value")
    if bounds[1] - bounds[0] > sp.Rational(1, 5000):
        return false("the bounds are not those of four digits")
    limits = (sp.limit(ratio, u, 0), sp.limit(ratio, u, sp.oo))
    scope = "the derivative changes sign once; the place lies in [1.793282, 1.793283] by interval arithmetic; the ratio tends to 1 at both ends"
    return proved(scope) if limits == (1, 1) else false("the ratio is larger at an end")


def early_is_little_more(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The ratio of both shares is the function whose maximum is known; and a grid."""
    claim, ratio = conclusion.claim, premises[2].claim
    place, value = ratio.args[:2]
    constant = value.lhs
    late = claim.rhs.xreplace({constant: sp.S.One})
    if claim.func is not sp.Le or not same(claim.rhs, constant * late) or not _in_u(claim.lhs, late) or not _assumed(conclusion):
        return false("not the share of early stopping below the constant times that of the ridge")
    (u,) = place.lhs.free_symbols
    quotient = claim.lhs.xreplace(_IN_U) / late.xreplace(_IN_U)
    highest = quotient.xreplace({_U: u}).xreplace({sp.exp(-u): 1 / place.rhs})
    if not same(highest, value.rhs):
        return false("the quotient is not the ratio with that maximum")
    number = value.rhs.xreplace({u: sp.nsolve(place.lhs - place.rhs, u, 1.79, prec=30)})
    return proved("the quotient of both shares is the ratio with that maximum, in u = eta lambda t > 0") + _grid(number)
