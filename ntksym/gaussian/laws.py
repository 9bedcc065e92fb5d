"""The Gaussian laws the engine meets: a pair (u, v), perhaps one of the two fixed, and independent auxiliary normals.

A half-space variable is L = mu u + w1 + r (first slot) or L = mu v + w2 + r (second slot); kappa = Var w is 0 where L is linear in u or v alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from sympy.polys.fields import FracField

from ntksym.nodes import Delta, Expect, Gaussian, Indicator
from ntksym.notation import q11, q12, q22, u, v, w1, w2
from ntksym.serialize import register


def tidy(expr: sp.Expr) -> sp.Expr:
    """A rational function as numerator over denominator, in lowest terms."""
    if expr.is_Atom:
        return expr
    try:
        return FracField(sorted(expr.free_symbols, key=str), sp.ZZ).from_expr(expr).as_expr()
    except ValueError:  # a coefficient outside Q, say sqrt(2)
        return sp.cancel(expr)


NOTHING, HALF, POINT = "1", "1{L>=0}", "delta(L)"


@register
@dataclass(frozen=True)
class Slot:
    """What stands beside the polynomial in one variable: nothing, 1{L >= 0} or delta(L), with L = mu x + w + shift and Var w = kappa."""

    kind: str = NOTHING
    mu: sp.Expr = sp.S.One
    kappa: sp.Expr = sp.S.Zero
    shift: sp.Expr = sp.S.Zero

    def of_kind(self, kind: str) -> Slot:
        return Slot(kind, self.mu, self.kappa, self.shift)

    @property
    def root(self) -> sp.Expr:
        """Where L vanishes, for a slot without an auxiliary variable."""
        return -self.shift / self.mu


EMPTY = Slot()


@register
@dataclass(frozen=True)
class Law:
    """Mean and covariance of (u, v); a variance that is 0 means the variable is fixed at its mean."""

    a: sp.Expr = q11
    c: sp.Expr = q12
    b: sp.Expr = q22
    m1: sp.Expr = sp.S.Zero
    m2: sp.Expr = sp.S.Zero

    def variance(self, slot: Slot, first: bool) -> sp.Expr:
        """Var L of a slot."""
        return tidy(slot.mu**2 * (self.a if first else self.b) + slot.kappa)

    def mean(self, slot: Slot, first: bool) -> sp.Expr:
        """E L of a slot."""
        return tidy(slot.mu * (self.m1 if first else self.m2) + slot.shift)

    def covariance(self, one: Slot, two: Slot) -> sp.Expr:
        """Cov(L1, L2)."""
        return tidy(one.mu * two.mu * self.c)

    def given_zero(self, slot: Slot, first: bool) -> Law:
        """The law of (u, v) given L = 0, by the conditioning formula for Gaussian vectors."""
        variance, mean = self.variance(slot, first), self.mean(slot, first)
        cov_u = slot.mu * (self.a if first else self.c)
        cov_v = slot.mu * (self.c if first else self.b)
        return Law(
            tidy(self.a - cov_u**2 / variance),
            tidy(self.c - cov_u * cov_v / variance),
            tidy(self.b - cov_v**2 / variance),
            tidy(self.m1 - cov_u * mean / variance),
            tidy(self.m2 - cov_v * mean / variance),
        )


def expectation(polynomial: sp.Expr, law: Law, one: Slot, two: Slot) -> sp.Expr:
    """The Expect node of ``polynomial(u, v)`` times what the slots hold; variables that are fixed leave the law."""
    names, means, entries = [], [], {}
    fixed: dict[sp.Basic, sp.Basic] = {}
    for variable, variance, mean in ((u, law.a, law.m1), (v, law.b, law.m2)):
        if variance == 0:
            fixed[variable] = mean
        else:
            entries[(variable, variable)] = variance
            names.append(variable)
            means.append(mean)
    integrand = polynomial
    for variable, helper, slot in ((u, w1, one), (v, w2, two)):
        if slot.kind == NOTHING:
            continue
        argument = slot.mu * variable + slot.shift
        if slot.kappa != 0:
            argument += helper
            names.append(helper)
            means.append(sp.S.Zero)
            entries[(helper, helper)] = slot.kappa
        integrand *= Indicator(argument) if slot.kind == HALF else Delta(argument)
    integrand = integrand.xreplace(fixed)
    if not names or not integrand.has(*names):
        return integrand
    upper = []
    for i, first in enumerate(names):
        for second in names[i:]:
            upper.append(law.c if {first, second} == {u, v} else entries.get((first, second), sp.S.Zero))
    return average(integrand, Gaussian(sp.Tuple(*names), sp.Tuple(*means), sp.Tuple(*upper)))


def average(integrand: sp.Expr, law: Gaussian) -> sp.Expr:
    """The Expect node with constant factors in front of it; a constant is its own average."""
    constant, rest = integrand.as_independent(*law.variables, as_Add=False)
    return constant * Expect(rest, law) if rest != 1 else constant
