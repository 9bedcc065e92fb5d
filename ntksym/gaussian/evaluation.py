"""phi(x) on an array of points, by walking its expression: how the numerical fallback looks at an activation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy as sp

from ntksym.nodes import Indicator, NormalCDF, NormalPDF

Array = Any


class NoNumbersError(Exception):
    """Internal: phi has no numbers here, because of the reason given."""


def _vectorized(function: Callable[[float], float]) -> Callable[[Array], Array]:
    table = np.frompyfunc(function, 1, 1)
    return lambda values: np.asarray(table(np.asarray(values, dtype=float)), dtype=float)


_erf, _erfc = _vectorized(math.erf), _vectorized(math.erfc)

_FUNCTIONS: dict[type[sp.Basic], Callable[..., Array]] = {
    sp.exp: np.exp,
    sp.log: np.log,
    sp.sin: np.sin,
    sp.cos: np.cos,
    sp.sinh: np.sinh,
    sp.cosh: np.cosh,
    sp.tanh: np.tanh,
    sp.asinh: np.arcsinh,
    sp.acosh: np.arccosh,
    sp.atanh: np.arctanh,
    sp.atan: np.arctan,
    sp.asin: np.arcsin,
    sp.acos: np.arccos,
    sp.erf: _erf,
    sp.erfc: _erfc,
    sp.Abs: np.abs,
    sp.sign: np.sign,
    sp.Heaviside: lambda x, *_: np.heaviside(x, 0.5),
    Indicator: lambda x: np.heaviside(x, 0.5),
    NormalCDF: lambda x: _erfc(-np.asarray(x, dtype=float) / math.sqrt(2)) / 2,
    NormalPDF: lambda x: np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi),
}
_RELATIONS: dict[type[sp.Basic], Callable[[Array, Array], Array]] = {
    sp.StrictLessThan: np.less,
    sp.LessThan: np.less_equal,
    sp.StrictGreaterThan: np.greater,
    sp.GreaterThan: np.greater_equal,
    sp.Equality: np.equal,
    sp.Unequality: np.not_equal,
}
_CONNECTIVES: dict[type[sp.Basic], Callable[..., Array]] = {sp.And: np.logical_and, sp.Or: np.logical_or}


def line_values(expr: sp.Basic, values: Mapping[sp.Symbol, Array]) -> Array:
    """``expr`` with arrays (or floats) for its symbols; nan and inf where it is undefined or too large.  NoNumbersError for a head without numbers."""
    known: dict[sp.Basic, Array] = dict(values)
    with np.errstate(all="ignore"):
        return _value(expr, known)


def _value(expr: sp.Basic, known: dict[sp.Basic, Array]) -> Array:
    found = known.get(expr)
    if found is None:
        found = known[expr] = _computed(expr, known)
    return found


def _computed(expr: sp.Basic, known: dict[sp.Basic, Array]) -> Array:
    if expr in (sp.true, sp.false):
        return np.bool_(expr == sp.true)
    if isinstance(expr, sp.Expr) and not expr.free_symbols:
        number = expr.evalf(25)
        if not number.is_Number or not number.is_real:
            raise NoNumbersError(f"{expr} is no real number")
        return np.float64(number)
    if isinstance(expr, sp.Symbol):
        raise NoNumbersError(f"the value of {expr} is not known")
    if isinstance(expr, sp.Piecewise):
        return _piecewise(expr, known)
    arguments = [_value(argument, known) for argument in expr.args]
    if isinstance(expr, sp.Add):
        return sum(arguments[1:], arguments[0])
    if isinstance(expr, sp.Mul):
        return math.prod(arguments[1:], start=arguments[0])
    if isinstance(expr, sp.Pow):
        exponent = int(expr.exp) if expr.exp.is_Integer and abs(int(expr.exp)) < 2**31 else arguments[1]
        return np.asarray(arguments[0], dtype=float) ** exponent
    if isinstance(expr, (sp.Max, sp.Min)):
        pick = np.maximum if isinstance(expr, sp.Max) else np.minimum
        out = arguments[0]
        for argument in arguments[1:]:
            out = pick(out, argument)
        return out
    if isinstance(expr, sp.Not):
        return np.logical_not(arguments[0])
    for table in (_FUNCTIONS, _RELATIONS):
        if type(expr) in table:
            return table[type(expr)](*arguments)
    if type(expr) in _CONNECTIVES:
        out = arguments[0]
        for argument in arguments[1:]:
            out = _CONNECTIVES[type(expr)](out, argument)
        return out
    raise NoNumbersError(f"{expr.func.__name__} has no numbers here")


def _piecewise(expr: sp.Piecewise, known: dict[sp.Basic, Array]) -> Array:
    out: Array = np.float64(np.nan)
    for pair in reversed(expr.args):
        branch, condition = pair.args
        out = np.where(_value(condition, known), _value(branch, known), out)
    return out
