"""High-precision values of closed forms at random points, for the checkers.  Not a user's evaluator: that is generated code."""

from __future__ import annotations

import random
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
