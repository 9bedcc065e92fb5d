"""Checks of the flows chapter: put the solution into its law; and let an integrator that knows no solution run."""

from __future__ import annotations

from typing import Any

import mpmath
import sympy as sp

from ntksym.forms import Flow
from ntksym.nodes import Array, Spectral, Transposed
from ntksym.notation import X, eta, lam, mu, ridge, t
from ntksym.proof import Statement, Status, Verdict, false, proved, tested
from ntksym.rules.checks import operators
from ntksym.rules.checks.dynamics import as_matrix, matrices, shaped

_MOVE, _COEFFICIENTS = Array("weightmove", (), (t,)), Array("dualcoef", (X,), (t,))
_DIGITS = 15
_RHO = sp.Symbol("rho")
# A symmetric 3 x 3 matrix of rank 2, and what it is applied to: the checks run where the kernel is singular too.
_ROOT = ((1, 2), (0, 1), (3, 1))
_SOURCE = (1, -2, 3)
_NUMBERS = {eta: sp.Rational(1, 30), mu: sp.Rational(3, 5), ridge: sp.Rational(1, 7)}


def linearized_dynamics(premises: tuple[Statement, ...], conclusion: Statement, *, dynamics: str, with_ridge: bool = True) -> Verdict:
    """The law of theta with theta_0 + w for theta, and for its gradient that of a general loss of a linear network, by SymPy."""
    training, claim = premises[0].claim, conclusion.claim
    problem = shaped(claim)
    if problem:
        return problem
    theta, gradient = Array("theta", (), (t,)), Array("thetagrad", (), (t,))
    force, jacobian = Array("lossgradlin", (X,), (t,)), Array("J", (X,), (sp.S.Zero,))
    own = Transposed(jacobian) * force + (ridge * _MOVE if with_ridge else 0)
    moved = {theta.xreplace({t: t + k}): _MOVE.xreplace({t: t + k}) for k in (-1, 0, 1)}
    moved |= {sp.Derivative(theta, (t, n)): sp.Derivative(_MOVE, (t, n)) for n in (1, 2)} | {gradient: own}
    difference = (training.lhs - training.rhs).xreplace(moved) - (claim.lhs - claim.rhs)
    verdict = matrices(difference, "the law of the parameters, moved to where they started")
    return verdict if verdict.status is Status.FALSE else verdict + _gradient_of_linear(own, jacobian, force)


def _gradient_of_linear(own: sp.Expr, jacobian: Array, force: Array) -> Verdict:
    rows, w = sp.Matrix(2, 3, lambda i, p: sp.Symbol(f"j{i}{p}")), sp.Matrix(sp.symbols("w1:4"))
    start, seen = sp.Matrix(sp.symbols("s1:3")), sp.symbols("f1 f2")
    loss = sp.Add(*(sp.Symbol(f"l{a}{b}") * seen[0] ** a * seen[1] ** b for a in range(4) for b in range(4 - a)))
    here = dict(zip(seen, start + rows * w, strict=True))
    penalized = loss.xreplace(here) + (ridge / 2 * w.dot(w) if own.has(ridge) else 0)
    direct = sp.Matrix([penalized.diff(p) for p in w])
    meaning = {jacobian: rows, force: sp.Matrix([loss.diff(s) for s in seen]).xreplace(here), _MOVE: w}
    if (direct - as_matrix(own, meaning)).applyfunc(sp.expand).is_zero_matrix:
        return proved("its gradient, for every loss of degree 3 of 2 linear outputs of 3 parameters, written out")
    return false("it is not the gradient of the loss of the linearized network")


def velocity_of_linearization(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Only w moves: its velocity in the place of w."""
    definition, claim = premises[0].claim, conclusion.claim
    still = definition.rhs.xreplace({_MOVE: sp.S.Zero})
    expected = (definition.rhs - still).xreplace({_MOVE: sp.Derivative(_MOVE, t)})
    if claim.lhs != sp.Derivative(definition.lhs, t):
        return false("the left side is not the velocity")
    return shaped(claim) or matrices(claim.rhs - sp.expand(expected), "the part that moves, at the velocity of w")


def dual_coefficients(premises: tuple[Statement, ...], conclusion: Statement, *, dynamics: str) -> Verdict:
    """Put into the law of w, J^T times the law of a remains; both start from zero."""
    law, parts = premises[0].claim, conclusion.claim.args
    if len(parts) != 3 or shaped(conclusion.claim):
        return false("the parts are: w by a, the law of a, where it starts; and their shapes fit")
    representation, own, start = parts
    second_order = dynamics.startswith("momentum")
    if second_order is not any(a.key == "starts-at-rest" for a in conclusion.assumptions):
        return false("a law of second order needs a second initial value, one of first order none")
    if start.lhs != _COEFFICIENTS.xreplace({t: sp.S.Zero}) or start.rhs != 0 or representation.lhs != _MOVE:
        return false("w_0 = 0 needs a_0 = 0")
    moved = {_MOVE.xreplace({t: t + k}): representation.rhs.xreplace({t: t + k}) for k in (-1, 0, 1)}
    moved |= {sp.Derivative(_MOVE, t): representation.rhs.diff(t), sp.Derivative(_MOVE, (t, 2)): representation.rhs.diff(t, 2)}
    through = Transposed(Array("J", (X,), (sp.S.Zero,))) * (own.lhs - own.rhs)
    difference = (law.lhs - law.rhs).xreplace(moved) - through
    return matrices(sp.expand(difference), "put into the law of w; its solution from w_0 is unique, the right side being locally Lipschitz")


def part_of(premises: tuple[Statement, ...], conclusion: Statement, *, number: int) -> Verdict:
    """It is one of the parts."""
    parts = list(premises[0].claim.args)
    return proved("it stands among the statements") if parts[number] == conclusion.claim else false("it does not stand among the statements")


def solve_by_modes(premises: tuple[Statement, ...], conclusion: Statement, *, dynamics: str) -> Verdict:
    """Put into the law and the initial values; and against an integrator, or the recurrence run step by step, on a singular kernel."""
    law, claim = premises[0].claim, conclusion.claim
    if claim.lhs != _COEFFICIENTS or shaped(claim):
        return false("the left side is not the dual coefficients, or the shapes differ")
    solution = claim.rhs
    moved = {_COEFFICIENTS.xreplace({t: t + k}): solution.xreplace({t: t + k}) for k in (-1, 0, 1)}
    moved |= {sp.Derivative(_COEFFICIENTS, t): solution.diff(t), sp.Derivative(_COEFFICIENTS, (t, 2)): solution.diff(t, 2)}
    if not operators.is_zero(sp.expand((law.lhs - law.rhs).xreplace(moved))):
        return false("put into the law, something remains")
    rest = [solution] if not dynamics.startswith("momentum") else [solution, solution.diff(t) if law.has(sp.Derivative) else solution.xreplace({t: t - 1})]
    if not all(operators.is_zero(sp.expand(value.xreplace({t: sp.S.Zero}))) for value in rest):
        return false("it does not start from zero, at rest")
    verdict = proved(f"{operators.SCOPE}: put into the law, nothing remains, and it starts from zero")
    return verdict + (_against_integrator(law, solution) if law.has(sp.Derivative) else _against_steps(law, solution))


def _example(law: sp.Eq) -> tuple[Any, Any, dict[sp.Basic, sp.Expr]]:
    root = mpmath.matrix([list(row) for row in _ROOT])
    return root * root.T, mpmath.matrix(list(_SOURCE)), _NUMBERS


def _coefficients(law: sp.Eq) -> dict[sp.Basic, tuple[sp.Expr, sp.Expr]]:
    """Moving vector -> (multiple of the identity, multiple of the kernel) in lhs - rhs; key 1: of Y - f_0."""
    found: dict[sp.Basic, list[sp.Expr]] = {}
    for word, value in operators.normal_form(sp.expand(law.lhs - law.rhs)).items():
        moving = word[-1]
        key = sp.S.One if isinstance(moving, Array) and moving.name == "targets" else moving
        if isinstance(moving, Array) and moving.name == "f":
            continue
        gap = next(iter(value.free_symbols - {eta, mu, ridge, t}), sp.Symbol("lam_0", nonnegative=True))
        found[key] = [sp.expand(value).coeff(gap, 0), sp.expand(value).coeff(gap, 1)]
    return {key: (pair[0], pair[1]) for key, pair in found.items()}


def _values(solution: sp.Expr, matrix: Any, source: Any, time: sp.Expr) -> Any:
    """The solution by mpmath's eigenvectors."""
    (spectral,) = solution.atoms(Spectral)
    (variable,) = spectral.function.variables
    values, vectors = mpmath.eigsy(matrix)
    body = spectral.function.expr.xreplace({variable: lam, **_NUMBERS, t: time})
    singular = sp.limit(body, lam, 0) if not body.xreplace({lam: sp.S.Zero}).is_finite else body.xreplace({lam: sp.S.Zero})
    weights = [
        mpmath.mpmathify(sp.N(singular, 40))
        if abs(value) < mpmath.mpf(10) ** -25
        else mpmath.re(mpmath.mpmathify(sp.N(body.xreplace({lam: _exact(value)}), 40)))
        for value in values
    ]
    return vectors * mpmath.diag(weights) * vectors.T * source


def _exact(value: Any) -> sp.Expr:
    return sp.Float(mpmath.nstr(value, 40), 40)


def _against_integrator(law: sp.Eq, solution: sp.Expr) -> Verdict:
    with mpmath.workdps(35):
        matrix, source, numbers = _example(law)
        parts = {key: tuple(mpmath.mpmathify(sp.N(c.xreplace(numbers), 40)) for c in pair) for key, pair in _coefficients(law).items()}
        order = max(key.derivative_count for key in parts if isinstance(key, sp.Derivative))
        keys = [_COEFFICIENTS, sp.Derivative(_COEFFICIENTS, t), sp.Derivative(_COEFFICIENTS, (t, 2))]

        def velocity(_: Any, state: list[Any]) -> list[Any]:
            pieces = [mpmath.matrix(state[3 * k : 3 * k + 3]) for k in range(order)]
            rate = -parts[sp.S.One][0] * source
            for k in range(order):
                identity, multiple = parts.get(keys[k], (0, 0))
                rate -= identity * pieces[k] + multiple * (matrix * pieces[k])
            return [*state[3:], *rate] if order == 2 else list(rate)

        run = mpmath.odefun(velocity, 0, [mpmath.mpf(0)] * (3 * order), tol=mpmath.mpf(10) ** -25)
        times = (sp.Rational(1, 2), sp.Integer(3))
        digits = min(_agreement(run(mpmath.mpf(time.p) / time.q)[:3], _values(solution, matrix, source, time)) for time in times)
    if digits < _DIGITS:
        return false(f"an integrator finds other numbers (agreement {digits} digits)")
    return tested(2, digits, "Taylor-series integration (mpmath) of the law for a singular kernel of 3 entries")


def _agreement(found: list[Any], claimed: Any) -> int:
    error = max(abs(a - b) for a, b in zip(found, claimed, strict=True)) / max(abs(b) for b in claimed)
    return 25 if error == 0 else min(int(-mpmath.log10(error)), 25)


def _against_steps(law: sp.Eq, solution: sp.Expr) -> Verdict:
    with mpmath.workdps(40):
        matrix, source, numbers = _example(law)
        parts = {key: tuple(mpmath.mpmathify(sp.N(c.xreplace(numbers), 45)) for c in pair) for key, pair in _coefficients(law).items()}
        before = now = mpmath.matrix([0, 0, 0])
        digits = 25
        for step in range(1, 8):
            total = -parts[sp.S.One][0] * source
            for shift, vector in ((0, now), (-1, before)):
                identity, multiple = parts.get(_COEFFICIENTS.xreplace({t: t + shift}), (0, 0))
                total -= identity * vector + multiple * (matrix * vector)
            before, now = now, total / parts[_COEFFICIENTS.xreplace({t: t + 1})][0]
            digits = min(digits, _agreement(list(now), _values(solution, matrix, source, sp.Integer(step))))
    if digits < _DIGITS:
        return false(f"the recurrence, run step by step, finds other numbers (agreement {digits} digits)")
    return tested(7, digits, "the recurrence run step by step for a singular kernel of 3 entries")


def stability(premises: tuple[Statement, ...], conclusion: Statement, *, dynamics: str) -> Verdict:
    """Routh and Hurwitz on the law's own polynomial (the unit disc mapped to the half-plane first); and its roots in rational points."""
    law, claim = premises[0].claim, conclusion.claim
    continuous = law.has(sp.Derivative)
    polynomial = _mode_polynomial(law, continuous)
    needed = _hurwitz(polynomial if continuous else _to_half_plane(polynomial))
    claimed = {sp.expand(part.gts - part.lts) for part in (claim.args if isinstance(claim, sp.And) else (claim,))}
    if claimed != needed:
        return false(f"the roots are stable where {sorted(map(str, needed))} are positive")
    verdict = proved("all coefficients positive, which for degree 1 and 2 is necessary and sufficient; the unit disc mapped to the half-plane for steps")
    count = 0
    for factor in (sp.Rational(1, 1000), sp.Rational(1, 3), 1 - sp.Rational(1, 10**6), 1 + sp.Rational(1, 10**6), sp.Integer(5), -sp.Rational(1, 3)):
        for inertia in (sp.S.Zero, sp.Rational(1, 4), sp.Rational(9, 10), sp.Rational(11, 10)):
            # eta (lam + r) = factor * 2 (1 + mu): the edge of the heavy ball, and for mu = 0 of gradient descent, is at factor 1
            edge = 2 * (1 + (inertia if dynamics == "momentum" else 0))
            point = {mu: inertia, eta: sp.Rational(1, 2), ridge: sp.Rational(3, 7), lam: factor * edge * 2 - sp.Rational(3, 7)}
            coefficients = [complex(c) for c in sp.Poly(polynomial.xreplace(point), _RHO).all_coeffs()]
            roots = [mpmath.mpc(root) for root in mpmath.polyroots(coefficients, maxsteps=200, extraprec=200)]
            if all(root.real < 0 if continuous else abs(root) < 1 for root in roots) is not all(part.xreplace(point) > 0 for part in needed):
                return false(f"the roots at {point} say otherwise")
            count += 1
    return verdict + tested(count, 6, "roots of the polynomial, inside and outside, a millionth from the edge")


def _mode_polynomial(law: sp.Eq, continuous: bool) -> sp.Expr:
    total = sp.S.Zero
    for key, (identity, multiple) in _coefficients(law).items():
        if key == 1:
            continue
        power = (key.derivative_count if isinstance(key, sp.Derivative) else 0) if continuous else key.time[0] - t + 1
        total += (identity + multiple * lam) * _RHO**power
    return sp.cancel(total / _RHO) if total.xreplace({_RHO: sp.S.Zero}) == 0 else total


def _to_half_plane(polynomial: sp.Expr) -> sp.Expr:
    degree = sp.degree(polynomial, _RHO)
    w = sp.Symbol("_w")
    return sp.expand(sp.cancel(polynomial.xreplace({_RHO: (1 + w) / (1 - w)}) * (1 - w) ** degree)).xreplace({w: _RHO})


def _hurwitz(polynomial: sp.Expr) -> set[sp.Expr]:
    """What must be positive (given that the leading coefficient, or its sign with the others, is)."""
    return {_canonical(c) for c in sp.Poly(polynomial, _RHO).all_coeffs() if not c.is_positive}


def _canonical(expression: sp.Expr) -> sp.Expr:
    """Up to a positive number."""
    content, rest = sp.expand(expression).primitive()
    return rest if content > 0 else -rest


def flow(premises: tuple[Statement, ...], conclusion: Statement, *, dynamics: str) -> Verdict:
    """Every field against what it stands for: the filter is the solution's, its residual solves the characteristic equation, its limit is ``final``."""
    law, solution, stable, *equations = (premise.claim for premise in premises)
    claim = conclusion.claim
    if not isinstance(claim, Flow) or claim.dynamics != dynamics or claim.stable != stable or list(claim.equations) != list(equations):
        return false("the parts are not those of the premises")
    if claim.continuous is not law.has(sp.Derivative) or claim.kernel != "Thetahat" or claim.gain != eta:
        return false("the kind of the law, its kernel or its gain is another")
    if claim.recursion is not None:
        return false("a recursion nobody derived")
    built = Spectral(sp.Lambda(lam, claim.filter), Array("Thetahat", (X, X), (sp.S.Zero,)))
    source = Array("targets", (X,)) - Array("f", (X,), (sp.S.Zero,))
    if not operators.is_zero(sp.expand(solution.rhs - built * source)):
        return false("the filter is not that of the solution")
    strength = lam + ridge if law.has(ridge) else lam
    if not operators.vanishes(claim.final * strength - 1):
        return false("the final filter does not undo the kernel and its ridge")
    named = claim.by_roots.xreplace(dict(zip(sp.symbols("rho_1 rho_2"), claim.roots, strict=False)))
    if not operators.vanishes(named - claim.filter) or not all(operators.vanishes(claim.characteristic.xreplace({_RHO: root})) for root in claim.roots):
        return false("the roots are not those of the characteristic polynomial, or the filter written with them is another")
    residual = 1 - strength * claim.filter
    powers = sp.Poly(claim.characteristic, _RHO)
    total = sp.S.Zero
    for (power,), coefficient in powers.terms():
        total += coefficient * (residual.diff(t, power) if claim.continuous else residual.xreplace({t: t + power}))
    if not operators.vanishes(total) or powers.LC() != 1:
        return false("the residual does not solve the characteristic equation")
    return proved("the filter is the solution's, for every eigenvalue; its residual solves the characteristic equation")
