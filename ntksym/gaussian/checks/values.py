"""Checkers of the values: univariate moments against pairs and quadrature, and Price's certificate of the dual."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import mpmath
import sympy as sp

from ntksym.gaussian.checks.deciding import QUADRATURE_DIGITS, SEED, decide, weakest
from ntksym.gaussian.checks.quadrature import Sample, check_by_panels
from ntksym.nodes import CorrelationAngle, CorrelationArcsine, Expect, Gaussian, HalfLineProbability, QuadrantProbability
from ntksym.notation import q, q11, q12, q22, u, x
from ntksym.proof import Derivation, Statement, Status, Verdict, cited, false, proved


def check_univariate(premises: tuple[Statement, ...], conclusion: Statement, *, phi: sp.Lambda, order: int, power: int) -> Verdict:
    """Against the pair's closed form where it is at hand (E phi from q12 = 0, E phi^2 from u = v), and quadrature of phi itself."""
    averaged, value = conclusion.claim.args
    open_phi = sp.Function("phi")(u).diff((u, order)) if order else sp.Function("phi")(u)
    if averaged != Expect(open_phi**power, Gaussian(sp.Tuple(u), sp.Tuple(sp.S.Zero), sp.Tuple(q))):
        return false(f"{averaged} is not the moment asked for")
    verdict = Verdict()
    if premises:
        pair = premises[0].claim.rhs
        if power == 2:
            verdict += decide([_degenerate(pair) - value], "equals the closed form for pairs at $u = v$")
        else:
            product = value.xreplace({q: q11}) * value.xreplace({q: q22})
            verdict += decide([pair.subs(q12, 0) - product], "its product is the closed form for pairs at $q_{12} = 0$")
    return verdict + check_by_panels(phi, value, lambda sample: _average(sample, order, power), SEED)


def _average(sample: Sample, order: int, power: int) -> Any:
    """E[phi^(order)(deviation z)^power], with the jumps of phi where its derivative itself is averaged."""
    total = sample.average([sp.diff(branch, x, order) ** power for branch in sample.branches])
    if order == 1 and power == 1:
        for (before, after), cut in zip(pairwise(sample.branches), sample.cuts, strict=True):
            jump = mpmath.mpmathify(sp.N((after - before).subs(x, cut), QUADRATURE_DIGITS + 10))
            total += jump * mpmath.npdf(sample.standardized(cut)) / sample.deviation
    return total


def check_dual_form(premises: tuple[Statement, ...], conclusion: Statement, *, phi: sp.Lambda, jumps: bool) -> Verdict:
    """The certificate: four identities between closed forms that were derived apart from one another."""
    form = conclusion.claim
    if form.phi != phi or form.at_jumps != jumps or jumps and form.diagonal_derivative != sp.oo:
        return false("the form is of another activation, or hides its jumps")
    if _listed(form.condition) != {c for p in premises for a in p.assumptions if a.condition is not None for c in _listed(a.condition)}:
        return false(f"{form.condition} is not what the premises assume")
    mean = premises[3].claim.rhs
    residuals = [
        (r"$\partial V/\partial q_{12} = V'$", sp.diff(form.value, q12) - form.derivative),
        (r"$2\,\partial V/\partial q_{11} = V_{\phi'',\phi}$", sp.diff(form.value, q11) - form.dvalue_dq11),
        (r"$V$ at $q_{12} = 0$ is $(\mathbb E\phi)(\mathbb E\phi)$", form.value.subs(q12, 0) - mean.xreplace({q: q11}) * mean.xreplace({q: q22})),
        (r"$V(q,q,q) = \mathbb E\phi^2$", _degenerate(form.value) - form.diagonal_value),
        ("symmetry in the inputs", form.value - form.value.xreplace({q11: q22, q22: q11})),
    ]
    if not jumps:
        residuals.append((r"$V'(q,q,q) = \mathbb E\phi'^2$", _degenerate(form.derivative) - form.diagonal_derivative))
    verdict = Verdict()
    for name, residual in residuals:
        verdict += decide([residual], name)
    return weakest(verdict)


def check_cross_dual_form(premises: tuple[Statement, ...], conclusion: Statement, *, phi: sp.Lambda, psi: sp.Lambda) -> Verdict:
    """Price's theorem and the value at independence, between closed forms derived apart from one another."""
    form = conclusion.claim
    if (form.phi, form.psi) != (phi, psi):
        return false("the form is of other activations")
    slope, mean1, mean2 = (p.claim.rhs for p in premises[1:])
    verdict = decide([sp.diff(form.value, q12) - slope], r"$\partial V/\partial q_{12} = V_{\phi',\psi'}$")
    verdict += decide([form.value.subs(q12, 0) - mean1.subs(q, q11) * mean2.subs(q, q22)], r"$V$ at $q_{12} = 0$ is $(\mathbb E\phi)(\mathbb E\psi)$")
    return weakest(verdict)


def _listed(condition: sp.Basic) -> set[sp.Basic]:
    """The parts of a conjunction."""
    return set(condition.args) if isinstance(condition, sp.And) else {condition} - {sp.true}


def _degenerate(value: sp.Expr) -> sp.Expr:
    """A closed form at u = v: q11 = q22 = q first, then q12 = q - e with e to 0 from above, term by term."""
    gap = sp.Symbol("e_", positive=True)
    at_q = {q11: q, q12: q - gap, q22: q}
    value = value.replace(CorrelationAngle, lambda a, c, b: sp.pi / 2 - CorrelationArcsine(a, c, b))
    value = value.replace(CorrelationArcsine, lambda a, c, b: _degenerate_arcsine(*(t.subs({q11: q, q12: q, q22: q}) for t in (a, c, b))))
    value = value.replace(HalfLineProbability, lambda m, a: _degenerate_half_line(m.xreplace(at_q), a.xreplace(at_q), gap))
    value = value.replace(QuadrantProbability, lambda *args: _degenerate_quadrant([t.xreplace(at_q) for t in args], gap))
    value = value.replace(sp.exp, lambda t: _degenerate_exponential(t.xreplace(at_q), gap))
    value = value.replace(sp.erfi, lambda t: sp.erfi(_at_coincidence(t.xreplace(at_q), gap)))
    return value.xreplace({q11: q, q12: q, q22: q})


def _at_coincidence(argument: sp.Expr, gap: sp.Symbol) -> sp.Expr:
    """A root times a rational function, through its square."""
    return sp.sqrt(sp.cancel((argument**2).xreplace({gap: sp.S.Zero}))) * _orientation(argument.xreplace({gap: sp.S.Zero}))


def _degenerate_arcsine(a: sp.Expr, c: sp.Expr, b: sp.Expr) -> sp.Expr:
    if sp.expand(a * b - c**2) != 0:
        return CorrelationArcsine(a, c, b)
    return _orientation(c) * sp.pi / 2


def _orientation(value: sp.Expr) -> sp.Expr:
    """The sign of something that is not 0, at a point inside the domain."""
    return sp.sign(value.subs({s: sp.Rational(2, 3) for s in sorted(value.free_symbols, key=str)}))


def _leading(expr: sp.Expr, gap: sp.Symbol) -> tuple[int, sp.Expr]:
    """(k, c) with expr ~ c gap^k as gap tends to 0, for a rational function."""
    numerator, denominator = sp.fraction(sp.cancel(sp.together(expr)))
    orders = []
    for part in (numerator, denominator):
        ((power,), coefficient) = min(sp.Poly(part, gap).terms(), key=lambda term: term[0])
        orders.append((power, coefficient))
    return orders[0][0] - orders[1][0], sp.cancel(orders[0][1] / orders[1][1])


def _degenerate_half_line(mean: sp.Expr, variance: sp.Expr, gap: sp.Symbol) -> sp.Expr:
    """Phi of mean over standard deviation: a number, 1/2, 0 or 1 by the powers of the gap."""
    if sp.cancel(sp.together(mean)) == 0:
        return sp.Rational(1, 2)
    (i, m), (j, a) = _leading(mean, gap), _leading(variance, gap)
    if 2 * i > j:
        return sp.Rational(1, 2)
    if 2 * i < j:
        return (1 + _orientation(m)) / 2
    return HalfLineProbability(m, a)


def _degenerate_quadrant(args: list[sp.Expr], gap: sp.Symbol) -> sp.Expr:
    m1, m2, a, c, b = (sp.cancel(sp.together(t)).subs(gap, 0) for t in args)
    if sp.cancel(a * b - c**2) != 0:
        return QuadrantProbability(m1, m2, a, c, b)
    # One variable: M = lambda L + constant.  The two half-lines are nested or face each other.
    slope = sp.cancel(c / a)
    one, two = HalfLineProbability(m1, a), HalfLineProbability(m2, b)
    difference = sp.cancel(m2 / slope - m1)
    if _orientation(c) > 0:
        return one if difference == 0 or _orientation(difference) > 0 else two
    return sp.S.Zero if difference == 0 or _orientation(difference) > 0 else one + two - 1


def _degenerate_exponential(exponent: sp.Expr, gap: sp.Symbol) -> sp.Expr:
    if not exponent.has(gap):
        return sp.exp(exponent)
    rest = sp.cancel(sp.together(exponent))
    if not sp.fraction(rest)[1].subs(gap, 0) == 0:
        return sp.exp(rest.subs(gap, 0))
    _, coefficient = _leading(rest, gap)
    if _orientation(coefficient) > 0:
        raise ValueError(f"exp({exponent}) grows beyond bounds as the inputs meet")
    return sp.S.Zero


def check_outside(premises: tuple[Statement, ...], conclusion: Statement, *, phi: sp.Lambda, term: sp.Basic, why: str) -> Verdict:
    """A decision of the procedure about itself: a second road can only see that it speaks of this activation and of a part of it."""
    form = conclusion.claim
    if (form.phi, form.term, form.reason) != (phi, term, why):
        return false("the decision is about another activation or another term")
    return cited("decision rule of the class", why)


def check_lemma(premises: tuple[Statement, ...], conclusion: Statement, *, derivation: Derivation) -> Verdict:
    """A lemma is as good as its own weakest step."""
    if conclusion.claim != derivation.conclusion.claim:
        return false("the lemma says something else")
    weakest = min(derivation.all_steps(), key=lambda step: step.verdict.status)
    return weakest.verdict if weakest.verdict.status < Status.PROVED else proved(f"{len(derivation)} step{'s' * (len(derivation) > 1)}, each proved")
