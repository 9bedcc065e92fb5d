"""Checks of the example against Gronwall's second form: exact calculus with the three functions put in."""

from __future__ import annotations

import sympy as sp

from ntksym.notation import t, tau
from ntksym.proof import Statement, Verdict, false, proved

_NAMES = ("ceiling", "growth", "grown")


def _functions(claim: sp.Basic) -> dict[str, sp.Expr] | None:
    """Name -> the function of t."""
    parts = claim.args
    if len(parts) != 3 or [str(part.lhs) for part in parts] != [f"{name}(t)" for name in _NAMES]:
        return None
    return {name: part.rhs for name, part in zip(_NAMES, parts, strict=True)}


def _room(found: dict[str, sp.Expr]) -> sp.Expr:
    """Alpha + int_0^t beta u - u, by a primitive that SymPy's derivative confirms."""
    product = sp.expand((found["growth"] * found["grown"]).rewrite(sp.exp))
    primitive = sp.integrate(product, t)
    if sp.expand(primitive.diff(t) - product) != 0:
        raise ValueError("the primitive is wrong")
    return sp.expand((found["ceiling"] + primitive - primitive.xreplace({t: sp.S.Zero}) - found["grown"]).rewrite(sp.exp))


def _is_obeyed(room: sp.Expr) -> bool:
    """A polynomial that is not negative from 0 to 1, by its zeros."""
    if room == 0:
        return True
    if not room.is_polynomial(t):
        return False
    inner = [root for root in sp.real_roots(sp.Poly(room, t)) if 0 < root < 1]
    return not inner and room.xreplace({t: sp.Rational(1, 2)}) > 0


def witness(premises: tuple[Statement, ...], conclusion: Statement, *, without: str) -> Verdict:
    """One condition fails and the other holds; the inequality is obeyed, with equality at 1, where the conclusion fails."""
    found = _functions(conclusion.claim)
    if found is None:
        return false("not the three functions")
    alpha, beta, u = (found[name] for name in _NAMES)
    falls, negative = bool(alpha.diff(t).is_negative), bool(beta.is_negative)
    if (falls, negative) != (without == "nondecreasing", without == "nonnegative") or abs(beta) != 1:
        return false("not that condition alone fails, or beta is not of size 1")
    room = _room(found)
    if not _is_obeyed(room) or room.xreplace({t: sp.S.One}) != 0:
        return false("the inequality is not obeyed, or not with equality at 1")
    excess = u.xreplace({t: sp.S.One}) - alpha.xreplace({t: sp.S.One}) * sp.exp(beta)
    if not sp.simplify(excess).is_positive and not sp.N(excess, 30) > sp.Rational(1, 10**6):
        return false("the conclusion of the lemma holds for them")
    return proved("one condition fails and the other holds, exactly; $\\beta$ is constant of size 1")


def witness_obeys(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The room, by a primitive that is differentiated back; not negative from 0 to 1."""
    found, claim = _functions(premises[0].claim), conclusion.claim
    alpha, beta, u = (sp.Function(name, real=True) for name in _NAMES)
    if not isinstance(claim, sp.Eq) or claim.lhs != alpha(t) + sp.Integral(beta(tau) * u(tau), (tau, 0, t)) - u(t) or found is None:
        return false("the left side is not the room in the inequality")
    room = _room(found)
    if sp.expand(claim.rhs.rewrite(sp.exp) - room) != 0 or not _is_obeyed(room):
        return false(f"the room is {room}")
    return proved("exact integration; zero, or a polynomial without zeros between 0 and 1")


def witness_breaks(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Both sides at 1 in numbers, exactly."""
    found = _functions(premises[0].claim)
    if found is None or len(conclusion.claim) != 3:
        return false("not two values and their order")
    one, (first, second, order) = sp.S.One, conclusion.claim
    alpha, beta, u = (sp.Function(name, real=True) for name in _NAMES)
    bound = alpha(one) * sp.exp(sp.Integral(beta(tau), (tau, 0, 1)))
    if (first.lhs, second.lhs) != (u(one), bound) or not isinstance(order, sp.Gt) or order.args != (u(one), bound):
        return false("the sides are not those of the lemma at time 1")
    values = {name: value.xreplace({t: one}) for name, value in found.items()}
    lemma = values["ceiling"] * sp.exp(values["growth"])  # beta is constant
    if found["growth"].has(t) or sp.simplify(first.rhs - values["grown"]) != 0 or sp.simplify(second.rhs - lemma) != 0:
        return false("a value at time 1 is another")
    gap = sp.simplify(values["grown"] - lemma)
    if not sp.N(gap, 40) > sp.Rational(1, 10**6):
        return false("the conclusion of the lemma holds")
    return proved("exact values at time 1; their difference is above $10^{-6}$ by 40 digits")
