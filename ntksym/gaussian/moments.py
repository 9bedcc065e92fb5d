"""E[P(u) Q(v) tau1(u) tau2(v)] for every covariance matrix: the lemma behind each pair of atoms, as a derivation of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from ntksym.gaussian import moves
from ntksym.gaussian.atoms import CDF, DELTA, ONE, STEP
from ntksym.gaussian.laws import EMPTY, HALF, NOTHING, POINT, Law, Slot, expectation
from ntksym.gaussian.limits import check_patience
from ntksym.nodes import Expect, NormalCDF
from ntksym.notation import u, v
from ntksym.proof import Derivation


@dataclass(frozen=True)
class Tau:
    """The step-like factor of one variable in a moment: kind as in :mod:`atoms`, of the argument ``slope x + shift``."""

    kind: str = ONE
    slope: sp.Expr = sp.S.One
    shift: sp.Expr = sp.S.Zero

    def slot(self) -> Slot:
        """As a half-space; a cdf of known positive slope is scaled so that no odd power of the slope appears."""
        if self.kind == STEP:
            return Slot(HALF, self.slope, sp.S.Zero, self.shift)
        if self.kind == DELTA:
            return Slot(POINT, self.slope, sp.S.Zero, self.shift)
        if self.kind == CDF:
            if self.slope.is_positive:
                return Slot(HALF, sp.S.One, 1 / sp.expand(self.slope**2), sp.expand(self.shift / self.slope))
            return Slot(HALF, self.slope, sp.S.One, self.shift)
        return EMPTY

    def at(self, variable: sp.Symbol) -> sp.Expr:
        """The cdf as a function of ``variable``."""
        return NormalCDF(self.slope * variable + self.shift)


@lru_cache(maxsize=4096)
def moment(polynomial: sp.Expr, tau1: Tau, tau2: Tau, law: Law) -> Derivation:
    """Derivation of E[polynomial(u, v) tau1(u) tau2(v)] under ``law``; ``polynomial`` has no constant factor."""
    one, two = tau1.slot(), tau2.slot()
    d = Derivation("Gaussian moment")
    cdfs = [t.at(variable) for t, variable in ((tau1, u), (tau2, v)) if t.kind == CDF]
    if cdfs:
        plain = [Slot(NOTHING) if t.kind == CDF else s for t, s in ((tau1, one), (tau2, two))]
        before = expectation(polynomial * sp.Mul(*cdfs), law, *plain)
        target = expectation(polynomial, law, one, two)
        body = before.integrand / sp.Mul(*cdfs)
        d = d.by(moves.write_cdf_as_step, polynomial=body, cdfs=sp.Tuple(*cdfs), law=sp.Tuple(*before.law.args), target=target)
    d, parts = _reduce(d, polynomial, law, one, two)
    if cdfs:
        # The first step reads lhs = target; every other part evaluates something inside target.
        return d.by(moves.put_together, 1, *parts)
    if not parts:
        return d
    return d if len(parts) == 1 and not d.steps[parts[0] - 1].conclusion.claim.rhs.has(Expect) else d.by(moves.put_together, *parts)


def _reduce(d: Derivation, polynomial: sp.Expr, law: Law, one: Slot, two: Slot) -> tuple[Derivation, list[int]]:
    """Append the steps that evaluate one expectation; returns the numbers of the steps to put together, outermost first."""
    check_patience()
    _, polynomial = polynomial.as_independent(u, v, as_Add=False)
    for first, slot in ((True, one), (False, two)):
        if slot.kind == POINT:
            d = d.by(moves.condition_on_zero, polynomial=polynomial, law=law, one=one, two=two, first=first)
            here = d.last
            gone = Slot(NOTHING)
            fixed = sp.expand(polynomial.subs(u if first else v, slot.root)) if slot.kappa == 0 else polynomial
            if fixed == 0:
                return d, [here]
            d, inner = _reduce(d, fixed, law.given_zero(slot, first), gone if first else one, two if first else gone)
            return d, [here, *inner]
    half = [s for s in (one, two) if s.kind == HALF]
    if polynomial.has(u, v):
        field, constant = vector_field(polynomial, law)
        d = d.by(moves.integrate_by_parts, polynomial=polynomial, law=law, one=one, two=two, field=field, constant=constant)
        parts = [d.last]
        for k, (slot, first) in enumerate(((one, True), (two, False))):
            if slot.kind != HALF:
                continue
            boundary = sp.expand(slot.mu * field[k])
            if slot.kappa == 0:
                boundary = sp.expand(boundary.subs(u if first else v, slot.root))
            if boundary != 0:
                point = slot.of_kind(POINT)
                d, inner = _reduce(d, boundary, law, *((point, two) if first else (one, point)))
                parts += inner
        if constant != 0 and half:
            d, inner = _reduce(d, sp.S.One, law, one, two)
            parts += inner
        return d, parts
    centred = all(law.mean(slot, first) == 0 for slot, first in ((one, True), (two, False)) if slot.kind == HALF)
    if len(half) == 2:
        d = d.by(moves.orthant_probability if centred else moves.quadrant_probability, law=law, one=one, two=two)
        return d, [d.last]
    if len(half) == 1:
        d = d.by(moves.half_space if centred else moves.half_line, law=law, one=one, two=two)
        return d, [d.last]
    return d, []


def vector_field(polynomial: sp.Expr, law: Law) -> tuple[sp.Tuple, sp.Expr]:
    """G and the constant of P = constant + Sigma^-1 (x - m) . G - div G, found by lowering the top degree again and again."""
    field_u = field_v = sp.S.Zero
    rest = sp.Poly(polynomial, u, v)
    while (degree := rest.total_degree()) > 0:
        below, lowered = [], []
        for (i, j), coefficient in rest.terms():
            if i + j < degree:
                below.append(coefficient * u**i * v**j)
                continue
            g = coefficient * (u ** (i - 1) * v**j if i else v ** (j - 1))
            cov_u, cov_v, mean = (law.a, law.c, law.m1) if i else (law.c, law.b, law.m2)
            field_u += cov_u * g
            field_v += cov_v * g
            lowered.append(mean * g + cov_u * sp.diff(g, u) + cov_v * sp.diff(g, v))
        rest = sp.Poly(sp.Add(*below, *lowered), u, v)
    return sp.Tuple(_collected(field_u), _collected(field_v)), sp.cancel(sp.together(rest.as_expr()))


def _collected(component: sp.Expr) -> sp.Expr:
    """Powers of u and v collected, each coefficient factored."""
    if component == 0:
        return sp.S.Zero
    return sp.Add(*(sp.factor(coefficient) * u**i * v**j for (i, j), coefficient in sp.Poly(component, u, v).terms()))
