"""Inequalities along a flow: comparison with a linear equation, Gronwall's lemmas, bounds put in and integrated."""

from __future__ import annotations

import sympy as sp

from ntksym.errors import RuleError
from ntksym.nodes import Norm
from ntksym.notation import sigma, t, tau
from ntksym.proof import Assumption, Statement, rule
from ntksym.rules.checks import gronwall as gronwall_checks
from ntksym.rules.checks import inequalities as checks
from ntksym.sources import Citation

U, ALPHA, BETA = (sp.Function(name, real=True) for name in ("grown", "ceiling", "growth"))


@rule(source=Citation("", "hypothesis"), check=checks.suppose, reason="Supposed.")
def suppose(*, claim: sp.Basic, key: str, text: str) -> Statement:
    r"""P \;\vdash\; P

    ``claim`` is assumed, under this key and in these words.
    """
    return Statement(claim, assumptions=(Assumption(key, text, claim),))


@rule(
    source=Citation("", "integrating factor"),
    check=checks.linear_comparison,
    reason="The difference from the solution of the linear equation with the same start, times the integrating factor, does not grow.",
)
def linear_comparison(rate: Statement) -> Statement:
    r"""Y' \le a\,y + b \;\Rightarrow\; y(t) \le y(0)\,e^{\int_0^t a} + \int_0^t b(\tau)\,e^{\int_\tau^t a}\,d\tau

    No sign of a, b or y is needed.
    """
    y, inside = rate.claim.lhs.expr, sp.Dummy("y")
    right = sp.expand(rate.claim.rhs.xreplace({y: inside}))
    return Statement(sp.Le(y, _solved(y, right.coeff(inside, 1), right.coeff(inside, 0)), evaluate=False))


@rule(
    source=Citation("", "integrating factor"),
    check=checks.norm_comparison,
    reason=r"Where $y$ vanishes it may have no derivative; $\sqrt{y^2+\delta^2}$ has one, obeys $w' \le aw + b$ up to a multiple of $\delta$, "
    r"and tends to $y$.",
)
def norm_comparison(rate: Statement) -> Statement:
    r"""(y^2)' \le 2a\,y^2 + 2b\,y,\; y, b \ge 0 \;\Rightarrow\; y(t) \le e^{at}y(0) + \int_0^t e^{a(t-\tau)}\,b(\tau)\,d\tau

    ``a`` constant.
    """
    y, inside = rate.claim.lhs.expr.base, sp.Dummy("y")
    right = sp.expand(rate.claim.rhs.xreplace({y: inside})) / 2
    return Statement(sp.Le(y, _solved(y, sp.expand(right).coeff(inside, 2), sp.expand(right).coeff(inside, 1)), evaluate=False))


def _solved(y: sp.Expr, a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """The solution of y' = a y + b."""
    constant = t not in a.free_symbols

    def factor(start: sp.Expr, variable: sp.Symbol) -> sp.Expr:
        return sp.exp(a * (t - start)) if constant else sp.exp(sp.Integral(a.xreplace({t: variable}), (variable, start, t)))

    start = sp.S.Zero if isinstance(y, sp.Integral) and y.limits[0][1] == 0 else y.xreplace({t: sp.S.Zero})
    driven = integral(b.xreplace({t: tau}) * factor(tau, sigma)) if b != 0 else sp.S.Zero
    return start * factor(sp.S.Zero, tau) + driven


def integral(integrand: sp.Expr) -> sp.Expr:
    """From 0 to t over tau, what does not move in front."""
    outside, inside = sp.factor_terms(integrand).as_independent(tau, as_Add=False)
    return outside * sp.Integral(inside, (tau, 0, t))


@rule(source=Citation("", "fundamental theorem of calculus"), check=checks.accumulated, reason="How the integral grows, with the inequality put in.")
def accumulated(inequality: Statement, sign: Statement) -> Statement:
    r"""U \le \alpha + \int_0^t \beta u,\; \beta \ge 0 \;\Rightarrow\; \frac{d}{dt}\int_0^t \beta u \le \beta\int_0^t \beta u + \alpha\beta"""
    (total,) = inequality.claim.rhs.atoms(sp.Integral)
    weight = sign.claim.lhs
    rate = sp.Derivative(total, t, evaluate=False)
    return Statement(sp.Le(rate, sp.expand(weight * inequality.claim.rhs), evaluate=False))


@rule(source=Citation("", "transitivity"), check=checks.put_in_bound, reason="Put in the bound.")
def put_in_bound(target: Statement, bound: Statement) -> Statement:
    r"""X \le A + Y,\; Y \le Z \;\Rightarrow\; X \le A + Z"""
    right = target.claim.rhs.xreplace({bound.claim.lhs: bound.claim.rhs})
    return Statement(sp.Le(target.claim.lhs, right, evaluate=False))


@rule(
    source=Citation("", "integration of an exact derivative"),
    check=checks.largest_outside,
    reason="Alpha is largest at the upper end; what is left under the integral is the derivative of the exponential.",
)
def largest_outside(bound: Statement, monotone: Statement, sign: Statement) -> Statement:
    r"""\alpha(t) + \int_0^t \alpha(\tau)\beta(\tau)\,e^{\int_\tau^t\beta}\,d\tau \le \alpha(t)\,e^{\int_0^t\beta}

    ``monotone``: alpha(tau) <= alpha(t) for tau <= t; ``sign``: beta >= 0.
    """
    largest = monotone.claim.rhs
    right = largest * sp.exp(sp.Integral(sign.claim.lhs.xreplace({t: tau}), (tau, 0, t)))
    return Statement(sp.Le(bound.claim.lhs, right, evaluate=False))


_WITNESS = {"nondecreasing": (sp.exp(-t), sp.S.One, sp.cosh(t)), "nonnegative": (sp.S.One, -sp.S.One, 2 * t - 1)}


@rule(
    source=Citation("", "an example"),
    check=gronwall_checks.witness,
    reason="Three functions, which violate one condition of the second form and no other.",
)
def gronwall_witness(*, without: str) -> Statement:
    r"""\alpha := e^{-t},\; \beta := 1,\; u := \cosh t \quad\text{or}\quad \alpha := 1,\; \beta := -1,\; u := 2t - 1

    ``without``: "nondecreasing" (alpha decreases) or "nonnegative" (beta is negative).
    """
    return Statement(sp.Tuple(*(sp.Eq(f(t), value, evaluate=False) for f, value in zip((ALPHA, BETA, U), _WITNESS[without], strict=True))))


@rule(
    source=Citation("", "integration"),
    check=gronwall_checks.witness_obeys,
    reason="They obey the inequality that the lemma starts from, from time 0 to time 1.",
)
def gronwall_witness_obeys(functions: Statement) -> Statement:
    r"""\alpha + \int_0^t \beta u - u = (1-t)(2+t) \ge 0 \text{ for } t \le 1,\quad\text{or}\quad = 0"""
    alpha, beta, u = (part.rhs for part in functions.claim)
    room = sp.factor(sp.simplify((alpha + sp.integrate((beta * u).xreplace({t: tau}), (tau, 0, t)) - u).rewrite(sp.exp)))
    given = ALPHA(t) + sp.Integral(BETA(tau) * U(tau), (tau, 0, t))
    return Statement(sp.Eq(given - U(t), room, evaluate=False))


@rule(
    source=Citation("", "evaluation"),
    check=gronwall_checks.witness_breaks,
    reason="At time 1 the conclusion of the lemma fails for them: without that condition the second form is false.",
)
def gronwall_witness_breaks(functions: Statement, obeyed: Statement) -> Statement:
    r"""u(1) > \alpha(1)\,e^{\int_0^1 \beta}"""
    one = sp.S.One
    bound = ALPHA(one) * sp.exp(sp.Integral(BETA(tau), (tau, 0, 1)))
    alpha, beta, u = (part.rhs for part in functions.claim)
    numbers = (u.xreplace({t: one}), alpha.xreplace({t: one}) * sp.exp(sp.integrate(beta, (t, 0, 1))))
    claims = (sp.Eq(U(one), numbers[0], evaluate=False), sp.Eq(bound, numbers[1], evaluate=False), sp.Gt(U(one), bound, evaluate=False))
    return Statement(sp.Tuple(*claims))


@rule(source=Citation("", "equals for equals"), check=checks.from_start, reason="Put in the start.")
def from_start(bound: Statement, start: Statement) -> Statement:
    r"""y(t) \le A(y(0)),\; y(0) = c \;\Rightarrow\; y(t) \le A(c)"""
    first = Norm(start.claim.lhs)
    value = sp.S.Zero if start.claim.rhs == 0 else Norm(start.claim.rhs)
    return Statement(sp.Le(bound.claim.lhs, bound.claim.rhs.xreplace({first: value}), evaluate=False))


@rule(
    source=Citation("", "monotony of the integral"),
    check=checks.bound_inside,
    reason="Every factor is nonnegative, so its bound may stand in its place at every time.",
)
def bound_inside(bound: Statement, *inequalities: Statement) -> Statement:
    r"""Y \le \int_0^t a\,b\,d\tau,\; a \le A,\; b \le B \;\Rightarrow\; y \le \int_0^t A\,B\,d\tau"""
    places = {inequality.claim.lhs.xreplace({t: tau}): inequality.claim.rhs.xreplace({t: tau}) for inequality in inequalities}
    missing = [place for place in places if not bound.claim.rhs.has(place)]
    if missing:
        raise RuleError(f"{missing[0]} does not stand in {bound.claim.rhs}", where="bound_inside")
    (total,) = bound.claim.rhs.atoms(sp.Integral, sp.Sum)
    inside = total.function.xreplace(places)
    if isinstance(total, sp.Sum):
        return Statement(sp.Le(bound.claim.lhs, sp.Sum(inside, *total.limits), evaluate=False))
    outside = bound.claim.rhs.xreplace({total: sp.S.One})
    return Statement(sp.Le(bound.claim.lhs, integral(sp.powsimp(sp.expand(outside * inside))), evaluate=False))


@rule(source=Citation("", "integration"), check=checks.integrated, reason="Carry out the integral.")
def integrated(bound: Statement) -> Statement:
    r"""\int_0^t e^{-c\tau}\,d\tau = \frac{1 - e^{-ct}}{c}"""
    (total,) = bound.claim.rhs.atoms(sp.Integral)
    norms = {norm: sp.Dummy("n", positive=True) for norm in total.atoms(Norm)}
    found = sp.integrate(total.function.xreplace(norms), *total.limits).xreplace({dummy: norm for norm, dummy in norms.items()})
    return Statement(sp.Le(bound.claim.lhs, sp.factor_terms(sp.expand(bound.claim.rhs.xreplace({total: found}))), evaluate=False))


@rule(
    source=Citation("", "extrema of a function of one variable"),
    check=checks.largest_over_time,
    reason="The largest value that the bound takes over all times.",
)
def largest_over_time(bound: Statement) -> Statement:
    r"""\sup_{t \ge 0}\,\tfrac{1 - e^{-ct}}{c} = \tfrac1c,\qquad \sup_{t \ge 0}\, t\,e^{-ct} = \tfrac{1}{e\,c}\ \text{ at } t = \tfrac1c

    Where the largest value is taken at a finite time, that time is the second part of the claim.
    """
    right = bound.claim.rhs
    time, dummies = sp.Dummy("t", positive=True), {norm: sp.Dummy("n", positive=True) for norm in right.atoms(Norm)}
    curve = right.xreplace(dummies).xreplace({t: time})
    back = {dummy: norm for norm, dummy in dummies.items()}
    turns = [found for found in sp.solve(sp.factor(curve.diff(time)), time) if found.is_positive]
    top = sp.limit(curve, time, sp.oo) if not turns else curve.xreplace({time: turns[0]})
    largest = sp.Le(bound.claim.lhs, sp.factor(sp.simplify(top)).xreplace(back), evaluate=False)
    if not turns:
        return Statement(largest)
    return Statement(sp.Tuple(largest, sp.Eq(sp.Symbol("t_max"), turns[0], evaluate=False)))
