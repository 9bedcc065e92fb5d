"""The method behind a computed dual, in NumPy, for the rule's checker to judge; generated code holds the same method in jax."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from ntksym.forms import NumericDual
from ntksym.gaussian.evaluation import line_values
from ntksym.notation import x

_NODES = 32
_TERMS = 256


def scheme(form: NumericDual, order: int, variances: tuple[float, float, float], values: dict[sp.Symbol, float]) -> float:
    """E[phi^(order)(u) phi^(order)(v)], order 0 or 1, by the form's method at q11, q12, q22."""
    exprs = [sp.diff(piece, x, order) for piece in form.exprs]
    edges = [float(sp.N(t.xreplace({s: sp.Rational(v) for s, v in values.items()}), 30)) for t in form.thresholds]

    def function(points: Any) -> Any:
        out = line_values(exprs[-1], {**values, x: np.where(points > edges[-1], points, edges[-1] + 1) if edges else points}) * np.ones_like(points)
        for k in range(len(edges) - 1, -1, -1):
            low = edges[k - 1] if k else edges[k] - 2
            here = np.where(points < edges[k], np.maximum(points, low) if k else points, (low + edges[k]) / 2)
            out = np.where(points < edges[k], line_values(exprs[k], {**values, x: here}) * np.ones_like(points), out)
        return out

    if not form.thresholds:
        series = _mehler(function, variances)
        if series is not None:
            return series
        edges = [float(form.centre)]
    return _panels(function, edges, variances, float(form.growth), float(form.scale), 4 if form.rough else 1)


def _mehler(function: Any, variances: tuple[float, float, float]) -> float | None:
    """The series, or None where its terms do not hold all of E phi^2."""
    a, c, b = variances
    z = 0.06 * np.arange(-200, 201)
    before, now = np.zeros_like(z), np.exp(-(z**2) / 4)
    weights = 0.06 / np.sqrt(2 * np.pi) * np.exp(-(z**2) / 4)
    left, right = (function(np.sqrt(q) * z) * weights for q in (a, b))
    rows = []
    for n in range(_TERMS):
        rows.append(now)
        before, now = now, (z * now - np.sqrt(n) * before) / np.sqrt(n + 1)
    first, second = (np.array(rows) @ side for side in (left, right))
    for side, found in ((left, first), (right, second)):
        squares = float(np.sum(side**2 / weights * np.exp(-(z**2) / 4)))
        if abs(squares - float(found @ found)) > 1e-13 * squares:
            return None
    return float(np.sum(first * second * (c / np.sqrt(a * b)) ** np.arange(_TERMS)))


def _half_panel(start: Any, end: Any, width: float, power: int) -> tuple[Any, Any]:
    """Gauss-Legendre points from start to end, dense near the start, and their weights; nodes on the last axis."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    y, w = (nodes + 1) / 2, weights / 2
    strength = np.arcsinh(np.abs(end - start) / width) + 1e-3
    scale = (end - start) / np.sinh(strength)
    return start + scale * np.sinh(strength * y**power), w * np.abs(scale) * np.cosh(strength * y**power) * strength * power * y ** (power - 1)


def _panels(function: Any, edges: list[float], variances: tuple[float, float, float], growth: float, scale: float, power: int) -> float:
    a, c, b = variances
    sign, rho = (1.0 if c >= 0 else -1.0), abs(c) / np.sqrt(a * b)
    half = np.arctan2(np.sqrt(1 - rho * rho), rho) / 2
    cosine, sine = np.cos(half), np.sin(half)
    reach = 9 + 2 * growth * np.sqrt(max(a, b))
    width = scale / np.sqrt(scale * scale + max(a, b))
    first, second = np.array(edges) / np.sqrt(a), sign * np.array(edges) / np.sqrt(b)
    crossings = np.sort((first[:, None] - second[None, :]).ravel() / (2 * sine))
    d, of_d = (part.ravel() for part in _between(crossings, reach, min(width * cosine / sine, 1.0), power))
    breaks = np.concatenate([(first[:, None] - sine * d) / cosine, (second[:, None] + sine * d) / cosine])
    p, of_p = _between(np.sort(breaks, axis=0), reach, width / cosine, power)
    along, across = cosine * p, (sine * d)[:, None, None]
    values = function(np.sqrt(a) * (along + across)) * function(sign * np.sqrt(b) * (along - across))
    return float(np.sum(of_d[:, None, None] * of_p * values))


def _between(breaks: Any, reach: float, width: float, power: int) -> tuple[Any, Any]:
    """Points and Gaussian weights of the half panels beside all breaks (axis 0), panels and nodes on the last two axes."""
    breaks = np.clip(breaks, -reach, reach)
    middles = (breaks[1:] + breaks[:-1]) / 2
    ends = np.full_like(breaks[:1], reach)
    start, end = np.concatenate([breaks, breaks]), np.concatenate([-ends, middles, middles, ends])
    points, weights = _half_panel(start[..., None], end[..., None], width, power)
    weights = weights * np.exp(-(points**2) / 2) / np.sqrt(2 * np.pi)
    return np.moveaxis(points, 0, -1), np.moveaxis(weights, 0, -1)
