"""High-precision values of closed forms at random points, for the checkers.  Not a user's evaluator: that is generated code."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

import mpmath
import sympy as sp

MODULES: list[Any] = [
    {
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


@lru_cache(maxsize=4)
def half_line_nodes(digits: int) -> tuple[tuple[Any, Any], ...]:
    """Nodes and weights for the integral of f(z) times the normal density over z > 0: double-exponential rule, f smooth there."""
    with mpmath.workdps(digits + 15):
        step = mpmath.mpf(1) / (digits - 4)
        nodes = []
        for k in range(-int(4.3 / step), int(3.2 / step) + 1):
            t = k * step
            z = mpmath.exp(t - mpmath.exp(-t))
            if z < 16:
                nodes.append((z, step * z * (1 + mpmath.exp(-t)) * mpmath.npdf(z)))
        return tuple(nodes)
