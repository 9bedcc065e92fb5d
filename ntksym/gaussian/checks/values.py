"""Checkers of the values: univariate moments against pairs and quadrature, and Price's certificate of the dual."""

from __future__ import annotations

import random

import mpmath
import sympy as sp

from ntksym.gaussian.checks.deciding import QUADRATURE_DIGITS, SEED, decide, plain, weakest
from ntksym.gaussian.numeric import MODULES, evaluate_at, half_line_nodes, random_point
from ntksym.nodes import CorrelationAngle, CorrelationArcsine, Expect, Gaussian
from ntksym.notation import q, q11, q12, q22, u, x
from ntksym.proof import Derivation, Statement, Status, Verdict, cited, false, proved, tested


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
            verdict += decide([pair.subs(q12, 0) - value.subs(q, q11) * value.subs(q, q22)], "its product is the closed form for pairs at $q_{12} = 0$")
    verdict += _quadrature(conclusion, phi, order, power)
    return verdict


def _quadrature(conclusion: Statement, phi: sp.Lambda, order: int, power: int) -> Verdict:
    y = sp.Symbol("y", positive=True)
    right, left = plain(phi(x)).subs(x, y), plain(phi(x)).subs(x, -y)
    halves = [sp.diff(right, y, order) ** power, (sp.diff(left, y, order) * (-1) ** order) ** power]
    jump = (right - left).subs(y, 0) if order == 1 and power == 1 else sp.S.Zero
    rng = random.Random(SEED)
    points = 2
    for _ in range(points):
        point = random_point(sorted({q, *phi.free_symbols}, key=str), rng)
        parameters = {s: value for s, value in point.items() if s != q}
        with mpmath.workdps(QUADRATURE_DIGITS + 10):
            deviation = mpmath.sqrt(mpmath.mpf(int(point[q].p)) / int(point[q].q))
            functions = [sp.lambdify([y], half.subs(parameters), modules=MODULES) for half in halves]
            total = sum(weight * (functions[0](deviation * z) + functions[1](deviation * z)) for z, weight in half_line_nodes(QUADRATURE_DIGITS))
            total += mpmath.mpmathify(sp.N(jump.subs(parameters), QUADRATURE_DIGITS + 10)) / (deviation * mpmath.sqrt(2 * mpmath.pi))
            value = evaluate_at(conclusion.claim.rhs, point, QUADRATURE_DIGITS + 10)
            if abs(total - value) > mpmath.mpf(10) ** (-QUADRATURE_DIGITS) * (1 + abs(total)):
                return false(f"quadrature gives {mpmath.nstr(total, 15)}, the formula {mpmath.nstr(value, 15)} at {point}")
    return tested(points, QUADRATURE_DIGITS, "quadrature on both half-lines", SEED)


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
        (r"$V$ at $q_{12} = 0$ is $(\mathbb E\phi)(\mathbb E\phi)$", form.value.subs(q12, 0) - mean.subs(q, q11) * mean.subs(q, q22)),
        (r"$V(q,q,q) = \mathbb E\phi^2$", _degenerate(form.value) - form.diagonal_value),
        ("symmetry in the inputs", form.value - form.value.subs({q11: q22, q22: q11}, simultaneous=True)),
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
    """A closed form at u = v; angles between equal vectors are 0."""
    at_q = {q11: q, q12: q, q22: q}
    value = value.replace(CorrelationAngle, lambda a, c, b: sp.pi / 2 - CorrelationArcsine(a, c, b))
    value = value.replace(CorrelationArcsine, lambda a, c, b: _degenerate_arcsine(*(t.subs(at_q) for t in (a, c, b))))
    return value.subs(at_q)


def _degenerate_arcsine(a: sp.Expr, c: sp.Expr, b: sp.Expr) -> sp.Expr:
    if sp.expand(a * b - c**2) != 0:
        return CorrelationArcsine(a, c, b)
    aligned = c.subs({s: sp.Rational(2, 3) for s in c.free_symbols}) > 0
    return sp.pi / 2 if aligned else -sp.pi / 2


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
    return weakest.verdict if weakest.verdict.status < Status.PROVED else proved(f"{len(derivation)} steps, each proved")
