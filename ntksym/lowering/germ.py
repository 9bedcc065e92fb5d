"""Small variances: when a closed form loses its digits there, and the one-sided Taylor coefficients at 0 that replace it.

V of exp(x) - 1 on the negative half-line is a sum of terms near 1 that adds up to something of the size of the variance.  There phi may be replaced by
its Taylor polynomials on either side of 0: the dual of those is a polynomial in moments of the positive quadrant, all of the right size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import sympy as sp

from ntksym.forms import DualForm
from ntksym.gaussian.numeric import quadrant
from ntksym.lowering.program import Germ
from ntksym.nodes import HalfLineProbability, Indicator, QuadrantProbability
from ntksym.notation import q, q11, q12, q22

TOP = 14  # joint degree of the monomials kept
_NEAR = sp.Rational(1, 10**9)


def germ(form: DualForm) -> Germ | None:
    """The germ of phi, or None where it jumps at 0, vanishes there, is no power series, or has breaks at places unknown."""
    (variable,) = form.phi.variables
    sides: list[tuple[sp.Expr, ...]] = []
    for sign in (1, -1):
        piece = _piece(form.phi.expr, variable, sign)
        if piece is None:
            return None
        coefficients = []
        for k in range(TOP + 3):
            value = piece.subs(variable, 0)
            if not value.is_finite:
                return None
            coefficients.append(sp.nsimplify(value / sp.factorial(k)) if value.is_Rational else value / sp.factorial(k))
            piece = sp.expand(piece.diff(variable))
        sides.append(tuple(coefficients))
    right, left = sides
    if right[0] != left[0] or not any(right) and not any(left):
        return None
    squares = [mean**2 / 80 for node in form.value.atoms(HalfLineProbability, QuadrantProbability) for mean in node.args[: len(node.args) // 2] if mean != 0]
    constant = [square for square in squares if not square.has(q11, q12, q22)]
    if any(not square.is_number for square in constant):
        return None
    return Germ(right, left, min((float(square) for square in constant), default=1e3))


def _piece(expression: sp.Expr, variable: sp.Symbol, sign: int) -> sp.Expr | None:
    """The smooth expression that phi is between 0 and the next break on the side of ``sign``."""
    at = {variable: sign * _NEAR}
    kinked = (sp.Max, sp.Min, sp.Abs, sp.sign, sp.Heaviside, Indicator, sp.Piecewise)
    while expression.has(*kinked):
        node = min(expression.atoms(*kinked), key=lambda node: (sp.count_ops(node), sp.default_sort_key(node)))  # innermost first
        chosen = _chosen(node, at)
        if chosen is None:
            return None
        expression = expression.xreplace({node: chosen})
    return expression


def _chosen(node: Any, at: dict[sp.Symbol, sp.Expr]) -> sp.Expr | None:
    """What a node with kinks is where ``at`` says; None where that depends on parameters."""
    if isinstance(node, sp.Piecewise):
        for value, condition in node.args:  # pyright: ignore[reportGeneralTypeIssues]
            decided = condition.subs(at)
            if decided not in (sp.true, sp.false):
                return None
            if decided == sp.true:
                return value
        return None
    if isinstance(node, sp.Max | sp.Min):
        ordered = sorted(node.args, key=sp.default_sort_key)
        values = [argument.subs(at).evalf(30) for argument in ordered]
        if not all(value.is_Number for value in values):
            return None
        return ordered[values.index(max(values) if isinstance(node, sp.Max) else min(values))]
    (argument,) = node.args[:1]
    value = sp.sign(argument.subs(at))
    if not value.is_number:
        return None
    if isinstance(node, sp.Abs):
        return value * argument
    return value if isinstance(node, sp.sign) else (1 + value) / 2


def renamed(found: Germ, names: Mapping[sp.Symbol, sp.Symbol]) -> Germ:
    """The germ with other symbols for the parameters."""
    return Germ(tuple(entry.xreplace(names) for entry in found.right), tuple(entry.xreplace(names) for entry in found.left), found.reach)


def may_cancel(value: sp.Expr) -> bool:
    """Whether exponentials of the covariances themselves stand in a closed form: powers and angles alone lose nothing at small variances."""
    return value.has(sp.erfi, sp.sinh, sp.cosh) or any(factor.args[0].is_polynomial(q11, q12, q22) for factor in value.atoms(sp.exp))


def loses_digits(value: sp.Expr, diagonal: sp.Expr) -> bool:
    """Whether ``value``, a stable form in q11, q12, q22, loses more than 4 digits of sqrt(V11 V22) at variances near 1e-8; measured in 15 digits."""
    point = {q11: mpmath.mpf("1.1e-8"), q12: mpmath.mpf("0.7e-8"), q22: mpmath.mpf("2.3e-8")}
    free = sorted((value.free_symbols | diagonal.free_symbols) - {q11, q12, q22, q}, key=str)
    function = sp.lambdify((q11, q12, q22, *free), value, modules=[_HEADS, "mpmath"])
    square = sp.lambdify((q, *free), diagonal, modules=[_HEADS, "mpmath"])
    ones = [mpmath.mpf(1)] * len(free)
    try:
        with mpmath.workdps(28):
            exact = function(*point.values(), *ones)
            scale = mpmath.sqrt(abs(square(point[q11], *ones) * square(point[q22], *ones)))
        with mpmath.workdps(15):
            rounded = function(*point.values(), *ones)
    except (ZeroDivisionError, ValueError, TypeError, NameError):
        return False
    return bool(abs(rounded - exact) > 1e-11 * scale)


def _exactly(function: Callable[..., Any]) -> Callable[..., Any]:
    """A head whose own rounding is not counted."""

    def evaluated(*arguments: Any) -> Any:
        with mpmath.workdps(30):
            return function(*arguments)

    return lambda *arguments: +evaluated(*arguments)


_HEADS: dict[str, Callable[..., Any]] = {
    "Det": _exactly(lambda a, c, b: a * b - c * c),
    "RootDet": _exactly(lambda a, c, b: mpmath.sqrt(a * b - c * c)),
    "Gap": _exactly(lambda a, c, b: a - 2 * c + b),
    "Root": mpmath.sqrt,
    "Reciprocal": lambda x: 1 / x,
    "Quotient": lambda x, y: x / y,
    "Angle": mpmath.atan2,
    "Arctan2": mpmath.atan2,
    "Slope": mpmath.atan2,
    "ExpSinh": _exactly(lambda a, c, *_: mpmath.exp(a) * mpmath.sinh(c)),
    "Expm1": mpmath.expm1,
    "Erf": mpmath.erf,
    "Choose": lambda x, y, here, there: here if x >= y else there,
    "ScaledCDF": _exactly(lambda e, _, x: mpmath.exp(e) * mpmath.ncdf(x)),
    "ScaledErfi": _exactly(lambda e, x: mpmath.exp(e - x * x) * mpmath.erfi(x)),
    "ScaledQuadrant": _exactly(lambda e, _1, _2, _3, h, k, _4, _5, angle: mpmath.exp(e) * quadrant(h, k, mpmath.mpf(1), -mpmath.cos(angle), mpmath.mpf(1))),
    "Corner": _exactly(lambda h, k, y1, y2: _triangle(h, y1) + _triangle(k, y2)),
    "NormalCDF": mpmath.ncdf,
    "NormalPDF": mpmath.npdf,
}


def _triangle(h: Any, y: Any) -> Any:
    """Mass of a standard normal pair in the triangle 0, (h, 0), (h, y)."""
    return mpmath.quad(lambda t: -mpmath.expm1(-(h * h + t * t) / 2) * h / (h * h + t * t), [0, y]) / (2 * mpmath.pi) if h else mpmath.mpf(0)
