"""The checker of computed duals: the method's values against a quadrature in other coordinates, of phi as it was given.

V' is not compared with an average of phi': by Price's theorem it is dV/dq12, an average of phi(u) phi(v) times the score of the density.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import sympy as sp

from ntksym.forms import NumericDual, OutsideClass
from ntksym.gaussian.evaluation import line_values
from ntksym.gaussian.scheme import scheme
from ntksym.notation import x
from ntksym.proof import Statement, Verdict, false, tested, unchecked

_POINTS = ((0.7, 0.3, 1.1), (1.3, -0.8, 0.9), (0.25, 0.05, 2.0))  # q11, q12, q22
_MOST_DIGITS = 12


def check_numbers(premises: tuple[Statement, ...], conclusion: Statement, *, phi: sp.Lambda) -> Verdict:
    """At three points: u, then v given u, with another rule on every interval; both averages."""
    form, outside = conclusion.claim, premises[0].claim
    if not isinstance(form, NumericDual) or not isinstance(outside, OutsideClass):
        return false("the conclusion is no computed dual")
    if (form.phi, form.term, form.reason) != (phi, outside.term, outside.reason):
        return false("the conclusion is about another activation or another reason")
    values = {s: float(sp.Rational(31 + 4 * k, 26)) * (-1 if s.is_negative else 1) for k, s in enumerate(form.parameters)}
    exact = {s: sp.Rational(v) for s, v in values.items()}
    kinks = sorted(float(sp.N(t.xreplace(exact), 30)) for t in form.thresholds or (form.centre,))
    if min(map(abs, kinks)) > 1:  # a cut where the Gaussian has its mass: the nodes are dense beside cuts
        kinks = sorted([*kinks, 0.0])
    digits = _MOST_DIGITS
    for point in _POINTS:
        fine, coarse = (_averages(phi, kinks, point, values, float(form.growth), per_panel) for per_panel in (96, 88))
        size = _averages(phi, kinks, (point[0], 0.0, point[0]), values, float(form.growth), 96)[2] + abs(fine[0]) + abs(fine[1])
        for order in (0,) if form.at_jumps else (0, 1):
            method = scheme(form, order, point, values)
            unsure = abs(fine[order] - coarse[order]) / size
            off = abs(method - fine[order]) / size
            if not (math.isfinite(off) and unsure <= 1e-6):
                return unchecked(f"the quadrature of the check does not settle at q = {point}: two node sets differ by {unsure:.1g}")
            if off > 1e-5:
                return false(f"the method gives {method:.10g}, the quadrature {fine[order]:.10g} for order {order} at q = {point}")
            digits = min(digits, int(-math.log10(max(off, unsure, 1e-16))))
    return tested(len(_POINTS), digits, "double-exponential quadrature of u, then of v given u; V' through the score of the density")


def _averages(
    phi: sp.Lambda, kinks: list[float], point: tuple[float, float, float], values: dict[sp.Symbol, float], growth: float, per_panel: int
) -> tuple[float, float, float]:
    """E[phi(u)phi(v)], dE/dq12, and E[phi(u)^2]."""
    a, c, b = point

    def function(points: Any) -> Any:
        found = line_values(phi(x), {**values, x: points}) * np.ones_like(points)
        if np.isfinite(found).all():
            return found
        beside = points + 1e-9 * (1 + np.abs(points))  # phi has no value at a removable singularity, where a node of no weight may lie
        return np.where(np.isfinite(found), found, line_values(phi(x), {**values, x: beside}))

    reach = 9.5 + 2 * growth * math.sqrt(max(a, b))
    z, of_z = _line(np.array(kinks) / math.sqrt(a), reach, per_panel)
    mean, deviation = c / math.sqrt(a), math.sqrt(b - c * c / a)
    at_u = function(math.sqrt(a) * z)
    cuts = np.array(kinks)[:, None]
    zeta, of_zeta = _line((cuts - mean * z) / deviation, reach, per_panel)
    terms = of_zeta * function(mean * z[:, None] + deviation * zeta)
    # dv/dq12 = z/sqrt(q11) - q12 zeta/(q11 deviation), integrated by parts over zeta: the score of v given u
    score = z[:, None] / math.sqrt(a) * zeta / deviation - c / a * (zeta * zeta - 1) / deviation**2
    outer = of_z * at_u
    return float(outer @ np.sum(terms, axis=1)), float(outer @ np.sum(terms * score, axis=1)), float(np.sum(of_z * at_u**2))


def _line(breaks: Any, reach: float, per_panel: int) -> tuple[Any, Any]:
    """Points and Gaussian weights on the line cut at ``breaks`` (axis 0); points on the last axis."""
    ends = np.full_like(breaks[:1], reach)
    cuts = np.concatenate([-ends, np.clip(np.sort(breaks, axis=0), -reach, reach), ends])[..., None]
    steps = np.linspace(-3.3, 3.3, per_panel)
    to_left = 1 / (1 + np.exp(-np.pi * np.sinh(steps)))
    to_right = 1 / (1 + np.exp(np.pi * np.sinh(steps)))
    rate = (steps[1] - steps[0]) * np.pi * np.cosh(steps) * to_left * to_right
    low, high = cuts[:-1], cuts[1:]
    z = np.where(steps < 0, low + (high - low) * to_left, high - (high - low) * to_right)
    weights = (high - low) * rate * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    if z.ndim == 2:
        return z.ravel(), weights.ravel()
    z, weights = np.moveaxis(z, 0, -1), np.moveaxis(weights, 0, -1)
    return z.reshape(len(z), -1), weights.reshape(len(z), -1)
