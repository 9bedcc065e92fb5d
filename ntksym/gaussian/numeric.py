"""High-precision values of closed forms at random points, for the checkers.  Not a user's evaluator: that is generated code."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

import mpmath
import sympy as sp
from mpmath.calculus.quadrature import GaussLegendre


def half_line(mean: Any, variance: Any) -> Any:
    """P(L >= 0) for L ~ N(mean, variance), with full relative accuracy in the tails."""
    return mpmath.erfc(-mean / mpmath.sqrt(2 * variance)) / 2 if variance else mpmath.mpf(1 if mean >= 0 else 0)


def _beyond(distance: Any, start: Any) -> Any:
    """Mass that a standard normal pair puts behind a half-line, as seen from 0: the line at ``distance`` > 0, the half-line from ``start`` on.

    (1/2 pi) times the integral of exp(-distance^2 / (2 sin^2 p)) over the angles 0 < p < arccot(start / distance) (Owen 1956, in polar coordinates).
    """
    if start < 0:
        return mpmath.erfc(distance / mpmath.sqrt(2)) / 2 - _beyond(distance, -start)
    half_square, radius = distance**2 / 2, (distance**2 + start**2) / 2
    if radius < 1 / 2:  # no layer at small angles: integrate from the foot of the line, up to 45 degrees
        if start > distance:
            return mpmath.erfc(distance / mpmath.sqrt(2)) * mpmath.erfc(start / mpmath.sqrt(2)) / 4 - _beyond(start, distance)
        near = mpmath.quad(lambda p: mpmath.exp(-half_square / mpmath.cos(p) ** 2), [0, mpmath.atan2(start, distance)], method="gauss-legendre")
        return mpmath.erfc(distance / mpmath.sqrt(2)) / 4 - near / (2 * mpmath.pi)
    angle = mpmath.atan2(distance, start)

    def height(p: Any) -> Any:
        return mpmath.exp(radius - half_square / mpmath.sin(p) ** 2) if p else mpmath.mpf(0)

    return mpmath.exp(-radius) * mpmath.quad(height, [0, angle]) / (2 * mpmath.pi)


def quadrant(m1: Any, m2: Any, a: Any, c: Any, b: Any) -> Any:
    """P(L >= 0, M >= 0) for the Gaussian pair (L, M) with means m1, m2, variances a, b, covariance c; correlation +-1 and zero variances included.

    The boundary of the quadrant, whitened, seen from the mean: each of its two half-lines hides a mass (``_beyond``).
    """
    if a == 0 or b == 0:
        return half_line(m1, a) * half_line(m2, b)
    det = a * b - c**2
    if abs(det) <= a * b * mpmath.eps * 64:
        first, second = half_line(m1, a), half_line(m2, b)
        return min(first, second) if c > 0 else max(first + second - 1, mpmath.mpf(0))
    if m1 == 0 and m2 == 0:
        return mpmath.mpf(1) / 4 + mpmath.atan2(c, mpmath.sqrt(det)) / (2 * mpmath.pi)
    total = mpmath.mpf(1 if m1 > 0 and m2 > 0 else 0)
    for mean, other, variance in ((m1, m2, a), (m2, m1, b)):
        start = (c * mean - variance * other) / mpmath.sqrt(variance * det)
        if mean == 0:
            total += mpmath.mpf(1 if start < 0 else 0) / 2
        else:
            hidden = _beyond(abs(mean) / mpmath.sqrt(variance), start)
            total += -hidden if mean > 0 else hidden
    return total


MODULES: list[Any] = [
    {
        "HalfLineProbability": half_line,
        "QuadrantProbability": quadrant,
        "erfi": mpmath.erfi,
        "CorrelationAngle": lambda a, c, b: mpmath.acos(c / mpmath.sqrt(a * b)),
        "CorrelationArcsine": lambda a, c, b: mpmath.asin(c / mpmath.sqrt(a * b)),
        "NormalCDF": mpmath.ncdf,
        "NormalPDF": mpmath.npdf,
    },
    "mpmath",
]


def random_point(symbols: list[Any], rng: random.Random) -> dict[sp.Symbol, sp.Rational]:
    """A rational point inside every domain: variances in (0, 1/8), covariance well below them, parameters of order one."""
    point: dict[sp.Symbol, sp.Rational] = {}
    for symbol in symbols:
        name = symbol.name
        if name in {"q11", "q22", "q"}:
            point[symbol] = sp.Rational(rng.randint(40, 60), 500)
        elif name == "q12":
            point[symbol] = sp.Rational(rng.choice((-1, 1)) * rng.randint(5, 30), 500)
        else:
            point[symbol] = sp.Rational(rng.randint(3, 30), 23)
    return point


def evaluate_at(expr: sp.Expr, point: dict[sp.Symbol, sp.Rational], digits: int) -> Any:
    """``expr`` at ``point`` with ``digits`` working digits, as an mpmath number."""
    symbols = sorted(point, key=str)
    function = sp.lambdify(symbols, expr, modules=MODULES, cse=True)
    with mpmath.workdps(digits):
        return mpmath.mpmathify(function(*(mpmath.mpf(int(point[s].p)) / int(point[s].q) for s in symbols)))


REACH = 20  # standard deviations; beyond them the density is below 1e-87, and 1e-40 times a polynomial of degree 36


@lru_cache(maxsize=64)
def panel_nodes(left: Any, right: Any, digits: int) -> tuple[tuple[Any, Any], ...]:
    """Nodes and weights for the integral of f(z) times the normal density over left < z < right, f smooth there: Gauss-Legendre on panels."""
    left, right = max(left, mpmath.mpf(-REACH)), min(right, mpmath.mpf(REACH))
    if left >= right:
        return ()
    count = int(mpmath.ceil((right - left) / 4))
    width = (right - left) / count
    nodes = []
    for k in range(count):
        centre = left + (k + mpmath.mpf(1) / 2) * width
        for t, weight in _legendre(digits):
            z = centre + t * width / 2
            nodes.append((z, weight * width / 2 * mpmath.npdf(z)))
    return tuple(nodes)


@lru_cache(maxsize=4)
def _legendre(digits: int) -> tuple[tuple[Any, Any], ...]:
    """48 nodes on [-1, 1]."""
    with mpmath.workdps(digits + 15):
        return tuple(GaussLegendre(mpmath.mp).calc_nodes(5, mpmath.mp.prec))
