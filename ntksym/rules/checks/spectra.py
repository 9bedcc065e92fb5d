"""Checks of the spectra chapter: put the solution back in, take limits and derivatives by SymPy, and let mpmath's matrices and integrals speak."""

from __future__ import annotations

import functools
from typing import Any

import mpmath
import sympy as sp
from sympy.core.function import AppliedUndef

from ntksym.forms import Flow
from ntksym.nodes import Array, Spectral, Transposed
from ntksym.notation import X, eta, lam, ridge, t
from ntksym.proof import Statement, Status, Verdict, false, proved, tested
from ntksym.rules.checks import operators
from ntksym.rules.checks.dynamics import matrices, shaped

_KERNEL = Array("Thetahat", (X, X), (sp.S.Zero,))
_START, _TARGETS = Array("f", (X,), (sp.S.Zero,)), Array("targets", (X,))
_VECTOR, _DECAY = Array("eigenvec", (X,)), Array("decay", (X, X), (t,))
_PULL = sp.Symbol("_p", positive=True)  # eta (lambda + r) where it is positive


def same(first: sp.Expr, second: sp.Expr) -> bool:
    """Whether two functions of numbers are one."""
    return operators.vanishes(first - second)


def _only(conclusion: Statement, key: str) -> bool:
    return key in [assumption.key for assumption in conclusion.assumptions]


def equation_of_flow(premises: tuple[Statement, ...], conclusion: Statement, *, number: int) -> Verdict:
    """It is one of the equations."""
    stands = premises[0].claim.equations[number] == conclusion.claim
    return proved("it stands among the equations of the solution") if stands else false("it does not stand there")


def limit_of_flow(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """SymPy's limit of the filter with a positive pull; and the numbers at a late time."""
    equation, flow, claim = premises[0].claim, premises[1].claim, conclusion.claim
    if not isinstance(flow, Flow) or not _only(conclusion, "all-modes-converge"):
        return false("a limit needs that every mode converges")
    if claim.lhs != Array(equation.lhs.name, equation.lhs.inputs, (sp.oo,)):
        return false("the left side is not the same quantity at the end")
    (before,), (after,) = equation.rhs.atoms(Spectral), claim.rhs.atoms(Spectral)
    if equation.rhs.xreplace({before: sp.Symbol("_M", commutative=False)}) != claim.rhs.xreplace({after: sp.Symbol("_M", commutative=False)}):
        return false("more changed than the filter")
    if before.matrix != after.matrix:
        return false("another matrix")
    now, end = before.function.expr, after.function.expr
    limit = sp.limit(now.xreplace({lam: _PULL - ridge}), t, sp.oo)
    if not same(limit, end.xreplace({lam: _PULL - ridge})):
        return false(f"the filter tends to {limit}")
    late = {eta: sp.Rational(1, 3), ridge: sp.Rational(1, 5), lam: sp.Rational(7, 4)}
    worst = max(abs(sp.N(now.xreplace({**late, t: sp.Integer(k)}) / end.xreplace(late) - 1, 40)) for k in (60, 80))
    return proved("limit of the filter for every eigenvalue with a positive pull") + tested(2, min(25, int(-sp.log(worst, 10))), "the filter at late times")


def without_ridge(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The premise's limit for a ridge that tends to zero."""
    before, claim = premises[0].claim, conclusion.claim
    if claim.has(ridge) or claim.lhs != before.lhs or shaped(claim):
        return false("a ridge is left, or the left side changed")
    old, new = before.rhs, claim.rhs
    places = {}
    for node in old.atoms(Spectral):
        limit = sp.limit(node.function.expr.xreplace({lam: sp.Symbol("_l", positive=True)}), ridge, 0, "+")
        places[node] = Spectral(sp.Lambda(lam, limit.xreplace({sp.Symbol("_l", positive=True): lam})), node.matrix)
    return matrices(sp.expand(old.xreplace(places)) - sp.expand(new), "the limit for a ridge that tends to zero")


def distance_to_limit(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Both outputs put in, nothing remains."""
    now, limit, claim = premises[0].claim, premises[1].claim, conclusion.claim
    if claim.lhs != now.lhs - limit.lhs or shaped(claim):
        return false("the left side is not the distance, or the shapes differ")
    (node,) = claim.rhs.atoms(Spectral)
    if node.function.expr.has(ridge) and same(node.function.expr.diff(t), sp.S.Zero) or not claim.rhs.has(limit.lhs):
        return false("not a function of time times the distance at the start")
    put = {now.lhs: now.rhs, limit.lhs: limit.rhs}
    return matrices(sp.expand((claim.lhs - claim.rhs).xreplace(put)), "the outputs now and at the end put in")


def residual_by_modes(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The outputs put in, nothing remains; and an integral of the flow, or steps, on a singular kernel agree."""
    now, claim = premises[0].claim, conclusion.claim
    if claim.lhs != now.lhs - _TARGETS or shaped(claim):
        return false("the left side is not the residual, or the shapes differ")
    verdict = matrices(sp.expand((claim.lhs - claim.rhs).xreplace({now.lhs: now.rhs})), "the outputs put in; the kernel may be singular")
    if verdict.status is Status.FALSE:
        return verdict
    (node,) = claim.rhs.atoms(Spectral)
    return verdict + _against_matrix_functions(node.function.expr)


def _against_matrix_functions(left: sp.Expr) -> Verdict:
    """h(A) r by eigenvectors against mpmath's matrix exponential or power, for a singular A."""
    with mpmath.workdps(40):
        root = mpmath.matrix([[1, 2], [0, 1], [3, 1]])
        matrix, rate, digits = root * root.T / 10, mpmath.mpf(1) / 7, 30
        values, vectors = mpmath.eigsy(matrix)
        for time in (2, 5):
            weights = [mpmath.mpmathify(sp.N(left.xreplace({eta: sp.Rational(1, 7), t: sp.Integer(time), lam: sp.Float(value, 45)}), 45)) for value in values]
            mine = vectors * mpmath.diag(weights) * vectors.T
            theirs = mpmath.expm(-rate * matrix * time) if left.has(sp.exp) else (mpmath.eye(3) - rate * matrix) ** time
            error = mpmath.norm(mine - theirs, mpmath.inf)
            digits = min(digits, 30 if error == 0 else int(-mpmath.log10(error)))
    return tested(2, digits, "mpmath's exponential or power of a singular matrix") if digits >= 15 else false("mpmath's matrix function is another")


def decay_matrix(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Without a ridge it is the exponential of the kernel: its derivative at any time is -eta lambda times itself, and it starts as the identity."""
    claim, premise = conclusion.claim, premises[0].claim
    if claim.lhs != _DECAY or not isinstance(claim.rhs, Spectral) or claim.rhs.matrix != _KERNEL:
        return false("the left side is not the name, or the right no function of the kernel matrix")
    back = premise.rhs.xreplace({claim.rhs: _DECAY}).has(_DECAY)
    body = claim.rhs.function.expr.xreplace({claim.rhs.function.variables[0]: lam})
    if not back or not same(body.diff(t), -eta * lam * body) or not same(body.xreplace({t: sp.S.Zero}), sp.S.One):
        return false("it is not what multiplies the residual, or not the exponential")
    return proved("it stands in the premise, solves E' = -eta lambda E for every eigenvalue, and starts as the identity")


def weighted_outputs(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """With the name resolved and the targets subtracted it is the residual."""
    residual, name, claim = premises[0].claim, premises[1].claim, conclusion.claim
    if not claim.rhs.has(name.lhs) or claim.lhs - _TARGETS != residual.lhs or shaped(claim):
        return false("the name is not used, or the left side is not the outputs")
    difference = sp.expand(claim.rhs).xreplace({name.lhs: name.rhs}) - _TARGETS - sp.expand(residual.rhs)
    return matrices(sp.expand(difference), "with the name resolved and the targets subtracted it is the residual")


def on_eigenvector(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The premise times the eigenvector, by the algebra of matrices; and mpmath's eigenvectors of one matrix."""
    premise, (eigen, claim) = premises[0].claim, tuple(conclusion.claim.args)
    if eigen.lhs != _KERNEL * _VECTOR or eigen.rhs != lam * _VECTOR or shaped(conclusion.claim):
        return false("v is to be an eigenvector of the kernel matrix for lambda")
    row = Transposed(_VECTOR)
    if claim.rhs.has(Spectral):
        return false("a function of the matrix is left")
    left = matrices(sp.expand(claim.lhs) - sp.expand(row * premise.lhs), "the left side times the eigenvector")
    right = matrices(sp.expand(claim.rhs) - sp.expand(row * premise.rhs), "the premise times the eigenvector")
    return left if left.status is Status.FALSE else right


def time_scale(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The time read off the left side; there the mode's exponential is 1/e, and the mode is otherwise as it was."""
    mode, claim = premises[0].claim.args[1], conclusion.claim
    if not _only(conclusion, "all-modes-converge"):
        return false("a mode that does not move has no time scale")
    times = {array.time[0] for array in claim.lhs.atoms(Array) if array.time} - {sp.oo}
    if len(times) != 1:
        return false("the left side stands at no single time")
    (time,) = times
    if claim.lhs != mode.lhs.xreplace({t: time}) or time.has(t):
        return false("the left side is not the mode at that time")
    if not same(sp.diff(1 / time, lam), eta) or not same((1 / time).xreplace({lam: -ridge}), sp.S.Zero):
        return false(f"1/time is not eta (lambda + r): {time}")
    verdict = matrices(sp.expand(sp.E * claim.rhs) - sp.expand(sp.Mul(*mode.rhs.args_cnc()[1])), "e times the mode at that time is the mode at the start")
    if verdict.status is Status.FALSE:
        return verdict
    (wave,) = mode.rhs.atoms(sp.exp)
    return verdict if same(wave.args[0].xreplace({t: time}), sp.Integer(-1)) else false("the exponent there is not -1")


_X = sp.Symbol("x", nonnegative=True)


def _between_zero_and(claim: sp.Tuple, gap: sp.Expr, bound: sp.Expr) -> bool:
    """Whether the claim is 0 <= gap <= bound, both functions of x = eta (lambda + r)."""
    if len(claim) != 2 or not isinstance(claim[0], sp.Ge) or not isinstance(claim[1], sp.Le) or claim[0].rhs != 0:
        return False
    sides = ((claim[0].lhs, gap), (claim[1].lhs, gap), (claim[1].rhs, bound))
    return all(same(side.xreplace({lam: _X / eta - ridge}), meant) for side, meant in sides)


def _is_gap_of(premises: tuple[Statement, ...]) -> bool:
    """Whether the two solutions are those of gradient flow and gradient descent: their residuals solve the two laws of a mode."""
    flow, descent = (1 - (lam + ridge) * premise.claim.filter for premise in premises[:2])
    pull = eta * (lam + ridge)
    started = all(same(left.xreplace({t: sp.S.Zero}), sp.S.One) for left in (flow, descent))
    return started and same(flow.diff(t), -pull * flow) and same(descent.xreplace({t: t + 1}), (1 - pull) * descent)


def one_step_gap(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """d(x) = e^-x - 1 + x and x^2/2 - d(x) vanish at 0 with their slopes, and their second derivatives e^-x and 1 - e^-x are not negative."""
    if not _only(conclusion, "small-steps") or not _is_gap_of(premises):
        return false("small steps are not assumed, or the solutions are not those of flow and descent")
    one = sp.exp(-_X) - 1 + _X
    if not _between_zero_and(conclusion.claim, one, _X**2 / 2):
        return false("in x = eta (lambda + r) it is not 0 <= e^-x - (1 - x) <= x^2/2")
    rest = _X**2 / 2 - one
    starts = all(part.diff(_X, k).xreplace({_X: sp.S.Zero}) == 0 for part in (one, rest) for k in (0, 1))
    if not starts or not same(one.diff(_X, 2), sp.exp(-_X)) or not same(rest.diff(_X, 2), 1 - sp.exp(-_X)):
        return false("the second derivatives do not decide")
    return proved("both differences vanish at x = 0 with their slopes, and have second derivatives that are not negative for x >= 0")


def gap_of_modes(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """From 0 <= a - b <= x^2/2 and 0 <= b <= a to t steps, by the induction step of a telescoping sum; and a grid of numbers."""
    if not _is_gap_of(premises) or not _between_zero_and(premises[2].claim, sp.exp(-_X) - 1 + _X, _X**2 / 2):
        return false("the premises are not flow, descent, and one step of both")
    if not _between_zero_and(conclusion.claim, sp.exp(-_X * t) - (1 - _X) ** t, _X**2 * t / 2 * sp.exp(-_X * (t - 1))):
        return false("in x = eta (lambda + r) the bound is another")
    # a^n - b^n = (a - b) S_n with S_{n+1} = a S_n + b^n; 0 <= b <= a gives 0 <= S_n <= n a^(n-1).
    a, b, total, n = *sp.symbols("a b S", positive=True), sp.Symbol("n", integer=True, positive=True)
    induction = sp.expand(a * ((a - b) * total) + (a - b) * b**n - (a - b) * (a * total + b**n)) == 0
    bounded = sp.expand(a * (n * a ** (n - 1)) + a**n - (n + 1) * a**n) == 0
    if not (induction and bounded):
        return false("the argument does not close")
    points = 0
    for numerator in range(0, 21):
        for steps in (1, 2, 3, 7, 40):
            s = mpmath.mpf(numerator) / 20
            value = mpmath.exp(-s * steps) - (1 - s) ** steps
            if not -(mpmath.mpf(10) ** -14) <= value <= s**2 * steps / 2 * mpmath.exp(-s * (steps - 1)) * (1 + mpmath.mpf(10) ** -14):
                return false(f"violated at x = {s}, t = {steps}")
            points += 1
    return proved("by induction on t: a^t - b^t = (a - b) S_t with S_t <= t a^(t-1)") + tested(points, 14, "both sides on a grid of x in [0, 1] and whole t")


def phi_function(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The integrand's antiderivative by differentiation; the quotient's limit at zero; mpmath's quadrature."""
    if len(conclusion.claim) != 2:
        return false("the integral and the quotient are meant")
    first, second = conclusion.claim
    letter = first.lhs
    if not isinstance(letter, AppliedUndef) or second.lhs != letter or len(letter.args) != 1 or not isinstance(first.rhs, sp.Integral):
        return false("not one letter's integral and quotient")
    z = letter.args[0]
    variable, low, high = first.rhs.limits[0].args
    primitive = sp.exp(z * variable) / z
    if not same(primitive.diff(variable), first.rhs.function) or (low, high) != (0, 1) or not z.is_Symbol:
        return false("the integrand is not e^(zeta tau) on [0, 1]")
    value = primitive.xreplace({variable: high}) - primitive.xreplace({variable: low})
    if not same(value, second.rhs) or sp.limit(second.rhs, z, 0) != 1:
        return false("the quotient is not the integral")
    digits = 30
    with mpmath.workdps(30):
        for text in ("-3.5", "-0.01", "0.7", "4"):
            point = mpmath.mpf(text)
            other = mpmath.quad(lambda s, point=point: mpmath.exp(point * s), [0, 1])
            error = abs(other / mpmath.mpmathify(sp.N(second.rhs.xreplace({z: sp.Float(text, 35)}), 30)) - 1)
            digits = min(digits, 25 if error == 0 else int(-mpmath.log10(error)))
    scope = "an antiderivative, differentiated; at zero the quotient's limit is 1, the integral of 1"
    return proved(scope) + tested(4, digits, "mpmath's quadrature of the integral")


def without_inverse(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """With the quotient for phi_1 it is the premise, for every eigenvalue; at lambda + r = 0 both tend to the same; and an integral over the flow's past."""
    equation, definition, claim = premises[0].claim, premises[1].claim.args[1], conclusion.claim
    if claim.lhs != equation.lhs or shaped(claim):
        return false("the left side changed, or the shapes differ")
    letter, z = definition.lhs.func, definition.lhs.args[0]
    resolved = claim.rhs.replace(lambda e: isinstance(e, AppliedUndef) and e.func == letter, lambda e: definition.rhs.xreplace({z: e.args[0]}))
    verdict = matrices(sp.expand(resolved) - sp.expand(equation.rhs), "with the quotient in the place of the letter")
    if verdict.status is Status.FALSE:
        return verdict
    (node,) = claim.rhs.atoms(Spectral)
    inside = node.function.expr
    if not isinstance(inside, AppliedUndef) or inside.func != letter:
        return false("the filter is not the function itself")
    (old,) = equation.rhs.atoms(Spectral)
    quotient = old.function.expr.xreplace({lam: _PULL - ridge})
    if not same(sp.limit(quotient, _PULL, 0), eta * t):
        return false("at zero the filter is another")
    return verdict + _past(inside)


@functools.lru_cache(maxsize=32)
def _past(inside: sp.Expr) -> Verdict:
    """Eta t phi_1(...) of a singular matrix against eta times the integral of the matrix exponential, by Gauss and Legendre."""
    with mpmath.workdps(30):
        root = mpmath.matrix([[1, 2], [0, 1], [3, 1]])
        matrix, rate = root * root.T / 10, mpmath.mpf(1) / 7
        values, vectors = mpmath.eigsy(matrix)
        places, digits = _gauss_legendre(16), 25
        for time in (1, 3):
            numbers = {eta: sp.Rational(1, 7), t: sp.Integer(time), ridge: sp.S.Zero}
            arguments = [mpmath.mpmathify(sp.N(inside.args[0].xreplace({**numbers, lam: sp.Float(value, 35)}), 35)) for value in values]
            weights = [rate * time * (1 if abs(z) < mpmath.mpf(10) ** -20 else mpmath.expm1(z) / z) for z in arguments]
            past = mpmath.zeros(3)
            for point, weight in places:
                past += rate * time * weight * mpmath.expm(-rate * matrix * time * point)
            error = mpmath.norm(vectors * mpmath.diag(weights) * vectors.T - past, mpmath.inf)
            digits = min(digits, 25 if error == 0 else int(-mpmath.log10(error)))
    return (
        tested(2, digits, "eta times the integral of the matrix exponential over the past, for a singular kernel")
        if digits >= 15
        else false("another integral")
    )


def _gauss_legendre(order: int) -> list[tuple[Any, Any]]:
    """(point, weight) on [0, 1]."""
    found = []
    for root in mpmath.polyroots(mpmath.taylor(lambda x: mpmath.legendre(order, x), 0, order)[::-1], maxsteps=200, extraprec=200):
        slope = mpmath.diff(lambda x: mpmath.legendre(order, x), root)
        found.append(((1 + mpmath.re(root)) / 2, 1 / ((1 - root**2) * slope**2)))
    return found
