"""Checks of the chapter on damping: put into the law and the start, set beside the solution by its roots, and steps or a matrix exponential of numbers."""

from __future__ import annotations

import mpmath
import sympy as sp

from ntksym.forms import Flow
from ntksym.notation import Omega, eta, lam, mu, ridge, t
from ntksym.proof import Statement, Verdict, false, proved, tested
from ntksym.rules.checks import operators

_MODE, _LEE, _TIME = sp.Function("modres"), sp.Function("modreslee"), sp.Symbol("timelee", nonnegative=True)
_M = sp.Symbol("_m", positive=True)  # the root of the momentum
_SLOPE, _CURVE = sp.Derivative(_MODE(t), t), sp.Derivative(_MODE(t), (t, 2))
_RHOS = sp.symbols("rho_1 rho_2")


def same(first: sp.Expr, second: sp.Expr) -> bool:
    """Whether two functions of numbers are one."""
    return operators.vanishes(first - second)


def _remains(law: sp.Tuple, value: sp.Expr) -> list[sp.Expr]:
    """What is left of the law, and of both initial values, with ``value`` put in."""
    motion, started, at_rest = law
    places = {_MODE(t + k): value.xreplace({t: t + k}) for k in (-1, 0, 1)} | {_SLOPE: value.diff(t), _CURVE: value.diff(t, 2)}
    second = value.diff(t).xreplace({t: sp.S.Zero}) if at_rest.lhs.has(sp.Derivative) else value.xreplace({t: sp.S.NegativeOne})
    return [(motion.lhs - motion.rhs).xreplace(places), value.xreplace({t: sp.S.Zero}) - started.rhs, second - at_rest.rhs]


def mode_law(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The solution's filter put in: nothing remains of the law, and it starts at rest from one."""
    form, claim = premises[0].claim, conclusion.claim
    if not isinstance(form, Flow) or len(claim) != 3 or "momentum-positive" not in [a.key for a in conclusion.assumptions]:
        return false("the law and two initial values are meant, for a moving mode")
    motion, started, at_rest = claim
    rest = sp.Subs(_SLOPE, t, 0) if form.continuous else _MODE(sp.S.NegativeOne)
    if (motion.lhs, started.lhs, at_rest.lhs) != (_CURVE if form.continuous else _MODE(t + 1), _MODE(sp.S.Zero), rest):
        return false("not the law of a mode and its initial values")
    if any(not operators.vanishes(part) for part in _remains(claim, 1 - (lam + ridge) * form.filter)):
        return false("what is left of a mode of the solution does not obey it")
    return proved("the solution's filter put in, for every eigenvalue")


def _same_as_roots(form: Flow, value: sp.Expr, roots: tuple[sp.Expr, sp.Expr], powers: tuple[sp.Expr, sp.Expr], put: dict[sp.Basic, sp.Expr]) -> bool:
    """Whether ``value`` is the solution written by its roots, these being the roots and these their powers (or exponentials) at t."""
    law = form.characteristic.xreplace(put)
    if not all(operators.vanishes(law.xreplace({sp.Symbol("rho"): root})) for root in roots):
        return False
    waves = {(sp.exp(letter * t) if form.continuous else letter**t): power for letter, power in zip(_RHOS, powers, strict=True)}
    left = sp.cancel(1 - (lam + ridge) * form.by_roots).xreplace(waves).xreplace(dict(zip(_RHOS, roots, strict=True)))
    return same(left.xreplace(put), value)


def _piece(conclusion: Statement) -> tuple[sp.Expr, sp.Basic]:
    """(value, where) of the one piece of a claim about the mode."""
    claim = conclusion.claim
    ((value, where),) = claim.rhs.args
    if claim.lhs != _MODE(t):
        raise ValueError("the left side is not the mode")
    return value, where


def _judge_case(premises: tuple[Statement, ...], conclusion: Statement, even: sp.Basic, sign: int) -> Verdict:
    law, form = premises[0].claim, premises[1].claim
    value, where = _piece(conclusion)
    circular = even is sp.cos
    angle = sp.I * Omega if circular else Omega
    if form.continuous:
        if not isinstance(where, sp.Eq) or where.lhs != Omega**2:
            return false("where it holds is to be said by the square of Omega")
        pull = (1 - mu) ** 2 / 4 + (1 if circular else -1) * Omega**2
        put: dict[sp.Basic, sp.Expr] = {lam: pull / eta - ridge}
        roots = tuple(-(1 - mu) / 2 + s * angle for s in (1, -1))
        powers = tuple(sp.exp(root * t) for root in roots)
    else:
        parts = where.args if isinstance(where, sp.And) else (where,)
        bounds = [part for part in parts if not isinstance(part, sp.Eq)]
        if bounds != ([sp.Lt(Omega, sp.pi, evaluate=False)] if circular else []):
            return false("Omega is an angle below pi for complex roots, any positive number for real ones")
        (where,) = (part for part in parts if isinstance(part, sp.Eq))
        if where.lhs != even(Omega):
            return false("where it holds is to be said by the cosine of Omega")
        put = {lam: (1 + _M**2 - 2 * sign * _M * even(Omega)) / eta - ridge, mu: _M**2}
        roots = tuple(sign * _M * sp.exp(s * angle) for s in (1, -1))
        powers = tuple((sign * _M) ** t * sp.exp(s * angle * t) for s in (1, -1))
    if not same(where.rhs.xreplace(put), where.lhs):
        return false("it is said to hold elsewhere than where the roots are these")
    inside = value.xreplace(put)
    written = law.xreplace(put)
    if any(not operators.vanishes(part) for part in _remains(written, inside)):
        return false("put into the law, or the start, something remains")
    if not _same_as_roots(form, inside, roots, powers, put):
        return false("it is not the solution by its roots")
    verdict = proved(
        "put into the law and its start nothing remains; it is the solution by its roots, in polar form"
        if circular or not form.continuous
        else "put into the law and its start nothing remains; it is the solution by its roots"
    )
    return verdict + _numbers(form, value, put)


def oscillating(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Complex roots."""
    return _judge_case(premises, conclusion, sp.cos, 1)


def creeping(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Real roots; of one sign, the positive one for steps."""
    return _judge_case(premises, conclusion, sp.cosh, 1)


def alternating(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Two negative roots, for steps."""
    return false("no flow alternates") if premises[1].claim.continuous else _judge_case(premises, conclusion, sp.cosh, -1)


def meeting(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """A double root of the law's polynomial; put in, nothing remains; and the solution's limit where its roots meet."""
    law, form, claim = premises[0].claim, premises[1].claim, conclusion.claim
    pieces = [tuple(piece) for piece in claim.rhs.args]
    doubles = [-(1 - mu) / 2] if form.continuous else [_M, -_M]
    if claim.lhs != _MODE(t) or len(pieces) != len(doubles):
        return false("one piece is meant for every double root")
    verdict = proved("at a double root, put into the law and its start, nothing remains; it is the limit of the solution where its roots meet")
    for (value, where), double in zip(pieces, doubles, strict=True):
        pull = double**2 if form.continuous else (1 - double) ** 2
        put = {lam: pull / eta - ridge} | ({} if form.continuous else {mu: _M**2})
        polynomial = form.characteristic.xreplace(put)
        rho = sp.Symbol("rho")
        if not all(operators.vanishes(part.xreplace({rho: double})) for part in (polynomial, polynomial.diff(rho))):
            return false("the law has no double root there")
        if not isinstance(where, sp.Eq) or not same(where.lhs.xreplace(put), where.rhs.xreplace(put)) or same(where.lhs, where.rhs):
            return false("it is said to hold elsewhere")
        if not same(sp.diff(where.lhs - where.rhs, lam), eta):
            return false("where it holds is not said by eta (lambda + r)")
        inside = value.xreplace(put)
        if any(not operators.vanishes(part) for part in _remains(law.xreplace(put), inside)):
            return false("put into the law, or the start, something remains")
        # (A(rho_1, rho_2)) / (rho_1 - rho_2) with A = 0 where they meet: the limit is minus the slope of A in rho_2.
        first, second = _RHOS
        above = sp.expand(sp.cancel(1 - (lam + ridge) * form.by_roots) * (first - second))
        slope = -sp.cancel(above).diff(second).xreplace({second: first})
        if not operators.vanishes(sp.cancel(above).xreplace({second: first})) or not same(slope.xreplace({first: double}), inside):
            return false("the solution's limit where its roots meet is another")
        verdict = verdict + _numbers(form, value, put)
    return verdict


def _numbers(form: Flow, value: sp.Expr, put: dict[sp.Basic, sp.Expr]) -> Verdict:
    """The recurrence run step by step, or the matrix exponential of the equation, in numbers."""
    digits, points = 30, 0
    with mpmath.workdps(40):
        for inertia, angle in ((sp.Rational(81, 100), sp.Rational(1, 3)), (sp.Rational(1, 4), sp.Rational(1, 5))):
            numbers = {mu: inertia, Omega: angle, eta: sp.Rational(1, 3), ridge: sp.Rational(1, 7), _M: sp.sqrt(inertia)}
            pull = mpmath.mpmathify(sp.N((eta * (lam + ridge)).xreplace(put).xreplace(numbers), 45))
            momentum = mpmath.mpmathify(sp.N(inertia, 45))
            eigenvalue = {lam: put[lam].xreplace(numbers)}
            before = now = mpmath.mpf(1)
            for step in range(1, 9):
                if form.continuous:
                    now = (mpmath.expm(mpmath.matrix([[0, 1], [-pull, momentum - 1]]) * step))[0, 0]
                else:
                    before, now = now, (1 + momentum - pull) * now - momentum * before
                claimed = mpmath.re(mpmath.mpmathify(sp.N(value.xreplace(eigenvalue).xreplace(numbers).xreplace({t: sp.Integer(step)}), 45)))
                error = abs(claimed - now)
                digits = min(digits, 30 if error == 0 else int(-mpmath.log10(error)))
                points += 1
    how = "the matrix exponential of the equation" if form.continuous else "the recurrence run step by step"
    return tested(points, digits, how) if digits >= 20 else false(f"{how} finds other numbers")


def unit_of_lee(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Every exponential solution of the law, written in the new time, solves the new equation."""
    law, claim = premises[0].claim.args[0], conclusion.claim
    if len(claim) != 3:
        return false("the unit, the mode in it and its equation are meant")
    unit, name, motion = claim
    new = _LEE(_TIME)
    if (unit.lhs, name.lhs, motion.lhs) != (_TIME, new, sp.Derivative(new, (_TIME, 2))):
        return false("not the mode in the new time")
    back = name.rhs.args[0] if name.rhs.func == _MODE else sp.S.NaN
    if not same(back.xreplace({_TIME: unit.rhs}), t) or not same(unit.rhs / t, sp.sqrt(eta)):
        return false("the time in the new unit is another")
    rate = sp.Symbol("_rate")
    wave = sp.exp(rate * back)
    places = {sp.Derivative(new, (_TIME, 2)): wave.diff(_TIME, 2), sp.Derivative(new, _TIME): wave.diff(_TIME), new: wave}
    after = (motion.lhs - motion.rhs).xreplace(places) / wave
    old = sp.exp(rate * t)
    before = (law.lhs - law.rhs).xreplace({_CURVE: old.diff(t, 2), _SLOPE: old.diff(t), _MODE(t): old}) / old
    agree = same(sp.expand(sp.cancel(after) * eta), sp.expand(sp.cancel(before)))
    return proved("exponentials solve one exactly where they solve the other, and span the solutions") if agree else false("the equation is another")
