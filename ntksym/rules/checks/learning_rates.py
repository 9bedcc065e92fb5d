"""Checks of the chapter on learning rates: roots on the edge by Vieta, bounds by monotony, and eigenvalues of matrices of numbers."""

from __future__ import annotations

import itertools

import mpmath
import sympy as sp

from ntksym.nodes import Array, Norm, Spectral
from ntksym.notation import X, eta, kappa, lam, lam_max, lam_min, mu, ridge
from ntksym.proof import Statement, Verdict, false, proved, tested
from ntksym.rules.checks import operators

_RATE, _SCALE = sp.Symbol("rhobar", positive=True), sp.Symbol("lossscale", positive=True)
_N, _K = sp.Symbol("N", integer=True, positive=True), sp.Symbol("k", integer=True, positive=True)
_RHO = sp.Symbol("_rho")
_A, _B = sp.symbols("_a _b", positive=True)  # roots of the smallest and the largest eigenvalue


def same(first: sp.Expr, second: sp.Expr) -> bool:
    """Whether two functions of numbers are one."""
    return operators.vanishes(first - second)


def _assumed(conclusion: Statement, *keys: str) -> bool:
    return set(keys) <= {assumption.key for assumption in conclusion.assumptions}


def _mode(pull: sp.Expr, momentum: sp.Expr) -> sp.Expr:
    """The heavy ball on a parabola of this curvature: x' = x + mu (x - x_before) - eta pull x."""
    return sp.expand(_RHO**2 - _RHO - momentum * (_RHO - 1) + eta * pull * _RHO)


def stability_edge(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """At the edge the largest mode has the root -1; smaller modes have more room; powers of companion matrices just inside and outside."""
    claim = conclusion.claim
    if claim.func is not sp.Lt or claim.lhs != eta or not _assumed(conclusion, "eigenvalues-between"):
        return false("not a bound of the learning rate by the spectrum")
    momentum = mu if premises[0].claim.dynamics == "momentum" else sp.S.Zero
    at_edge = _mode(lam_max + ridge, momentum).xreplace({_RHO: -sp.S.One, eta: claim.rhs})
    room = _mode(lam + ridge, momentum).xreplace({_RHO: -sp.S.One})
    if not same(at_edge, sp.S.Zero) or not same(room.diff(lam), -eta):
        return false("at the edge -1 is no root of the largest mode")
    if claim.rhs.has(mu) is not (momentum == mu):
        return false("another dynamics")
    return proved("at the edge -1 is a root of the largest mode; the condition falls with the eigenvalue, so it binds there first") + _steps_at(
        claim.rhs, momentum
    )


def _steps_at(edge: sp.Expr, momentum: sp.Expr) -> Verdict:
    points = 0
    for inertia, factor in itertools.product((sp.S.Zero, sp.Rational(9, 10)) if momentum == mu else (sp.S.Zero,), (999, 1001)):
        numbers = {mu: inertia, lam_max: sp.Rational(5, 2), ridge: sp.Rational(1, 10)}
        rate = float(edge.xreplace(numbers)) * factor / 1000
        before, now, largest = 1.0, 1.0, 0.0
        for _ in range(20000):
            before, now = now, now + float(inertia) * (now - before) - rate * 2.6 * now
            largest = max(abs(now), abs(before))
            if largest > 1e30:
                break
        if (largest < 1e-1) is not (factor < 1000):
            return false(f"{factor}/1000 of the edge with momentum {inertia}: the mode is {largest} in the end")
        points += 1
    return tested(points, 3, "steps run at 0.999 and at 1.001 of the edge")


def scaled_edge(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """A parabola c lambda x^2/2 + r x^2/2 differentiated, and its mode at the edge."""
    claim, x = conclusion.claim, sp.Symbol("_x")
    if claim.func is not sp.Lt or claim.lhs != eta or premises[0].claim.has(_SCALE):
        return false("not a bound of the learning rate")
    pull = sp.diff((_SCALE * lam_max * x**2 + ridge * x**2) / 2, x).coeff(x)
    momentum = mu if premises[0].claim.rhs.has(mu) else sp.S.Zero
    at_edge = _mode(pull, momentum).xreplace({_RHO: -sp.S.One, eta: claim.rhs})
    return proved("at the edge -1 is a root of the scaled parabola's largest mode") if same(at_edge, sp.S.Zero) else false("at the edge -1 is no root")


def edges_of_losses(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """At each bound the parabola of that loss has the root -1."""
    bounds = conclusion.claim.args
    momentum = mu if premises[0].claim.rhs.has(mu) else sp.S.Zero
    for bound, count in zip(bounds, (sp.S.One, _N, _N * _K), strict=True):
        at_edge = _mode(lam_max / count, momentum).xreplace({_RHO: -sp.S.One, eta: bound.rhs})
        if bound.func is not sp.Lt or bound.lhs != eta or not same(at_edge, sp.S.Zero):
            return false(f"for a mean over {count} the edge is another")
    return proved("at each bound the parabola of that loss has the root -1")


def contraction_factor(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """|affine| is convex, so largest at an end; the norm of a symmetric matrix is its largest absolute eigenvalue; singular values of numbers."""
    claim = conclusion.claim
    if not _assumed(conclusion, "eigenvalues-between") or not isinstance(claim.lhs, Norm) or not isinstance(claim.lhs.vector, Spectral):
        return false("not the norm of a function of the kernel matrix with this spectrum")
    node = claim.lhs.vector
    if node.matrix != Array("Thetahat", (X, X), (sp.S.Zero,)) or premises[0].claim.dynamics != "gradient_descent":
        return false("another matrix, or another dynamics")
    value = node.function.expr.xreplace({node.function.variables[0]: lam})
    if not same(_mode(lam, sp.S.Zero).xreplace({_RHO: value}), sp.S.Zero) or not same(value.diff(lam, 2), sp.S.Zero):
        return false("it is not what a step multiplies a mode by")
    ends = set(claim.rhs.args) if isinstance(claim.rhs, sp.Max) else set()
    if len(ends) != 2 or not all(isinstance(end, sp.Abs) for end in ends):
        return false("not the larger of two absolute values")
    for place in (lam_min, lam_max):
        if not any(same(end.args[0] - value.xreplace({lam: place}), sp.S.Zero) for end in ends):
            return false(f"the value at {place} is missing")
    return proved("an affine function's absolute value is convex, so largest at an end of the spectrum") + _norms(claim.rhs)


def _norms(largest: sp.Expr) -> Verdict:
    points = 0
    with mpmath.workdps(25):
        matrix = mpmath.matrix([[5, 2, 0], [2, 4, 1], [0, 1, 6]]) / 7
        values = sorted(mpmath.eigsy(matrix, eigvals_only=True))
        for rate in ("0.3", "1.1", "1.9", "2.6"):
            singular = max(mpmath.svd_r(mpmath.eye(3) - mpmath.mpf(rate) * matrix, compute_uv=False))
            numbers = {eta: sp.Float(rate, 30), lam_min: sp.Float(values[0], 30), lam_max: sp.Float(values[-1], 30)}
            if abs(singular - mpmath.mpmathify(sp.N(largest.xreplace(numbers), 25))) > mpmath.mpf(10) ** -20:
                return false(f"at learning rate {rate} the largest singular value is {singular}")
            points += 1
    return tested(points, 20, "singular values of a matrix of numbers")


def fastest_descent(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Which end decides, by signs of two differences; one branch falls, the other grows, so the least is where they meet."""
    if len(conclusion.claim) != 5:
        return false("a learning rate, two branches, the condition number, a bound and its attainment are meant")
    critical, branches, number, bound, attained = conclusion.claim
    norm, best = premises[0].claim.lhs, critical.lhs
    if not best.is_Symbol or branches.lhs != norm or bound.func is not sp.Ge or bound.lhs != norm or attained.lhs != norm.xreplace({eta: best}):
        return false("not the same norm throughout")
    if number.lhs != kappa or not same(number.rhs, lam_max / lam_min):
        return false("the condition number is another")
    pieces = branches.rhs.args if isinstance(branches.rhs, sp.Piecewise) else ()
    if len(pieces) != 2 or pieces[0][1] not in (sp.Le(eta, best, evaluate=False), sp.Lt(eta, best, evaluate=False)) or pieces[1][1] != sp.true:
        return false("the branches are not split at that learning rate")
    small, large = pieces[0][0], pieces[1][0]
    first, second = 1 - eta * lam_min, 1 - eta * lam_max  # with first >= second the largest of +-first, +-second is first or -second
    if not same(small, first) or not same(large, -second):
        return false("the branches are not the values at the ends")
    # first >= -second if and only if eta (lam_min + lam_max) <= 2
    if not same(first + second, 2 - eta * (lam_min + lam_max)) or not same((first + second).xreplace({eta: critical.rhs}), sp.S.Zero):
        return false("the ends do not balance there")
    if not same(small.diff(eta), -lam_min) or not same(large.diff(eta), lam_max):
        return false("the branches do not fall and grow")
    least = small.xreplace({eta: critical.rhs})
    if not all(same(side.xreplace({kappa: number.rhs}), least) for side in (bound.rhs, attained.rhs)):
        return false("the value where they meet is another")
    return proved("the signs of two differences decide the branch; one falls and one grows in eta, so the least value is where they meet")


def modes_within(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The product of the roots by Vieta; a root on the circle at each bound; roots of numbers inside and outside."""
    if not _assumed(conclusion, "eigenvalues-between", "converges") or len(conclusion.claim) != 3:
        return false("the spectrum and convergence are assumed; three bounds are meant")
    momentum, low, high = conclusion.claim
    if any(part.func is not sp.Le for part in conclusion.claim) or momentum.lhs != mu or low.rhs != eta * lam_min or high.lhs != eta * lam_max:
        return false("not bounds of the momentum, of the smallest and of the largest eigenvalue")
    law = _mode(lam, mu)
    if not same(law.coeff(_RHO, 0), mu) or not same(momentum.rhs, _RATE**2):
        return false("the product of two roots in the disc is at most the radius squared")
    for bound, place in ((low.lhs, _RATE), (high.rhs, -_RATE)):
        if not same(law.xreplace({_RHO: place, lam: bound / eta}), sp.S.Zero) or not same(law.xreplace({_RHO: place}).diff(lam), eta * place):
            return false(f"at its bound the mode has no root at {place}")
    given = premises[0].claim
    if given.dynamics != "momentum" or not same(given.characteristic.xreplace({sp.Symbol("rho"): _RHO, ridge: sp.S.Zero}), law):
        return false("the premise is not the heavy ball")
    points = 0
    for radius, inertia, place in itertools.product((sp.Rational(1, 2), sp.Rational(9, 10)), (0, sp.Rational(1, 5), sp.Rational(4, 5)), range(-1, 12)):
        pull = sp.Rational(place, 3) + sp.Rational(1, 100)
        roots = mpmath.polyroots(
            [1, -(1 + mpmath.mpf(inertia.p) / inertia.q if inertia else 1) + mpmath.mpf(pull.p) / pull.q, float(inertia)], maxsteps=200, extraprec=100
        )
        numbers = {_RATE: radius, mu: sp.Rational(inertia), eta: sp.S.One}
        bounds = inertia <= momentum.rhs.xreplace(numbers) and low.lhs.xreplace(numbers) <= pull <= high.rhs.xreplace(numbers)
        if (max(abs(root) for root in roots) <= float(radius)) is not bool(bounds):
            return false(f"radius {radius}, momentum {inertia}, eta lambda {pull}: the roots say otherwise")
        points += 1
    scope = "the roots' product is the momentum; at each bound a root crosses the circle, where the polynomial is affine in the eigenvalue"
    return proved(scope) + tested(points, 6, "roots of polynomials of numbers, within and outside")


def condition_bound(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The quotient of the bounds grows with the momentum; its value at the largest one; solved for the radius, in which it grows."""
    momentum, low, high = premises[0].claim
    if len(conclusion.claim) != 3:
        return false("the condition number, its bound and the radius's bound are meant")
    number, bound, radius = conclusion.claim
    if (number.lhs, bound.lhs, radius.lhs) != (kappa, kappa, _RATE) or bound.func is not sp.Le or radius.func is not sp.Ge:
        return false("not bounds of condition number and radius")
    if not same(number.rhs, lam_max / lam_min):
        return false("the condition number is another")
    quotient = high.rhs / low.lhs
    grows = 2 * (1 + _RATE) * _RATE / ((1 - _RATE) * (_RATE - mu) ** 2)
    if not same(quotient.diff(mu), grows) or not same(quotient.xreplace({mu: momentum.rhs}), bound.rhs):
        return false("at the largest momentum the quotient is another")
    root = (1 + _RATE) / (1 - _RATE)
    if not same(root**2, bound.rhs) or not same(root.diff(_RATE), 2 / (1 - _RATE) ** 2):
        return false("the bound is not a square that grows with the radius")
    if not same(root.xreplace({_RATE: radius.rhs}), sp.sqrt(kappa)):
        return false("solved for the radius it is another")
    return proved("the quotient of the bounds grows in mu < rho-bar, the bound grows in rho-bar < 1, and is kappa at the radius claimed")


def best_heavy_ball(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """With the eigenvalues as squares every bound holds with equality; and other choices of numbers are slower."""
    if len(conclusion.claim) != 3:
        return false("momentum, learning rate and radius are meant")
    best = [part.rhs for part in conclusion.claim]
    if [part.lhs.name for part in conclusion.claim] != ["mustar", "etastar", "rhostar"]:
        return false("not the best momentum, learning rate and radius")
    inertia, rate, radius = (side.xreplace({kappa: (_B / _A) ** 2}).xreplace({lam_min: _A**2, lam_max: _B**2}) for side in best)
    values = {mu: inertia, eta: rate, _RATE: radius, lam_min: _A**2, lam_max: _B**2}
    for bound in premises[0].claim:
        if not same(bound.lhs.xreplace(values), bound.rhs.xreplace(values)):
            return false(f"{bound} does not hold with equality")
    if not same(best[2], premises[1].claim.args[2].rhs):
        return false("it is not the least radius")
    return proved("with the eigenvalues as squares all three bounds hold with equality, at the least radius there can be") + _others_are_slower(best)


def _others_are_slower(best: list[sp.Expr]) -> Verdict:
    """The largest root of the two extreme modes, at the best choice and on a grid of others."""
    low, high, points = 0.3, 4.0, 0
    numbers = {kappa: high / low, lam_min: low, lam_max: high}
    inertia, rate, radius = (float(side.xreplace(numbers)) for side in best)

    def largest(momentum: float, step: float) -> float:
        found = 0.0
        for curvature in (low, high):
            half = (1 + momentum - step * curvature) / 2
            found = max(found, abs(half) + (half * half - momentum) ** 0.5 if half * half > momentum else momentum**0.5)
        return found

    if abs(largest(inertia, rate) - radius) > 1e-6:
        return false("the radius there is another")
    for i, j in itertools.product(range(40), range(1, 60)):
        if largest(i / 40, j / 40) < radius - 1e-9:
            return false(f"momentum {i / 40} and learning rate {j / 40} are faster")
        points += 1
    return tested(points, 6, "other momenta and learning rates on a grid, for one spectrum: none is faster")
