"""Checkers of Hermite coefficients: against the dual, against one another, and quadrature of phi itself.

Price's theorem, n times: d^n V/dq12^n at q12 = 0 is n! a_n(q11) a_n(q22) / (q11 q22)^(n/2).  And as Gaussian averages solve the heat
equation, f_n = sqrt(n!) a_n obey  f_n = 2 q f_(n-2)' - (n - 2) f_(n-2).
"""

from __future__ import annotations

import random
from typing import Any

import mpmath
import sympy as sp

from ntksym.forms import DualForm
from ntksym.gaussian.checks.deciding import SEED, decide
from ntksym.gaussian.checks.quadrature import Sample, check_by_panels
from ntksym.gaussian.numeric import evaluate_at, random_point
from ntksym.nodes import Expect, Gaussian
from ntksym.notation import q, q11, q12, q22, u
from ntksym.proof import Statement, Verdict, false, proved

SERIES_DIGITS = 15
_LAW = Gaussian(sp.Tuple(u), sp.Tuple(sp.S.Zero), sp.Tuple(q))  # u ~ N(0, q)


def check_coefficient(premises: tuple[Statement, ...], conclusion: Statement, *, phi: sp.Lambda, order: int) -> Verdict:
    """Orders 0 and 1 against V and V' at independence, the others against the order before the last; all of them against quadrature."""
    form, node, value = premises[0].claim, *conclusion.claim.args
    if form.phi != phi or not _is_average(node, order):
        return false(f"{node} is not the coefficient asked for")
    if order < 2:
        pair = form.derivative * sp.sqrt(q11 * q22) if order else form.value
        verdict = decide([pair.subs(q12, 0) - value.subs(q, q11) * value.subs(q, q22)], r"its product is the dual, or its slope, at $q_{12} = 0$")
    else:
        if not _is_average(premises[1].claim.lhs, order - 2):
            return false("the coefficient two orders before is missing")
        before = sp.sqrt(sp.factorial(order - 2)) * premises[1].claim.rhs
        residual = sp.sqrt(sp.factorial(order)) * value - 2 * q * sp.diff(before, q) + (order - 2) * before
        verdict = decide([residual], r"$f_n = 2 q f_{n-2}' - (n-2) f_{n-2}$ for $f_n = \sqrt{n!}\,a_n$")
    return verdict + check_by_panels(phi, value, lambda sample: _average(sample, order), SEED + order)


def _is_average(node: sp.Basic, order: int) -> bool:
    """Whether ``node`` is E[phi(u) He_n(u / sqrt q)] / sqrt(n!), He_n here by its explicit sum."""
    z = u / sp.sqrt(q)
    terms = ((-1) ** m * z ** (order - 2 * m) / (sp.factorial(m) * sp.factorial(order - 2 * m) * 2**m) for m in range(order // 2 + 1))
    weight = sp.sqrt(sp.factorial(order)) * sp.Add(*terms)
    averages = list(node.atoms(Expect))
    if len(averages) != 1:
        return False
    (average,) = averages
    if average.law != _LAW:
        return False
    inside = node.xreplace({average: average.args[0]})
    return sp.expand(inside - sp.Function("phi")(u) * weight) == 0


def _average(sample: Sample, order: int) -> Any:
    """E[phi(deviation z) He_order(z)] / sqrt(order!); mpmath's own Hermite polynomials are the physicists'."""
    total = sample.average(sample.branches, weight=lambda z: mpmath.hermite(order, z / mpmath.sqrt(2)))
    return total / mpmath.sqrt(mpmath.mpf(2) ** order * mpmath.factorial(order))


def check_expansion(premises: tuple[Statement, ...], conclusion: Statement, *, phi: sp.Lambda) -> Verdict:
    """Every coefficient stands in its place, and E phi^2 is that of the dual on the diagonal and no less than the squares listed."""
    form, claim = premises[0].claim, conclusion.claim
    if not isinstance(form, DualForm) or form.phi != phi or tuple(s.claim for s in premises[1:]) != claim[:-1]:
        return false("the coefficients are not those of the premises")
    if not all(_is_average(equation.lhs, n) for n, equation in enumerate(claim[:-1])):
        return false("the coefficients are not in order")
    if claim[-1].lhs != Expect(sp.Function("phi")(u) ** 2, _LAW) or claim[-1].rhs != form.diagonal_value:
        return false("the mean square is not the dual's")
    point = random_point(sorted({q, *phi.free_symbols}, key=str), random.Random(SEED))
    squares = sum(evaluate_at(equation.rhs, point, SERIES_DIGITS + 15) ** 2 for equation in claim[:-1])
    if squares > evaluate_at(claim[-1].rhs, point, SERIES_DIGITS + 15) * (1 + mpmath.mpf(10) ** -SERIES_DIGITS):
        return false(f"the squares exceed the mean square at {point}")
    return proved("the premises, listed")
