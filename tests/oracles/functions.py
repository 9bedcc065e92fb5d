"""Elementary functions of whatever number comes: mpmath, python-flint's balls, NumPy arrays, and jets (a value with two derivatives)."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from mpmath import mp, mpf

try:
    from scipy import special
except ImportError:  # slower without
    special = None

Number = Any


class Jet:
    """A function's value and first two derivatives at a point; arithmetic carries them along (Leibniz, Faa di Bruno)."""

    __slots__ = ("first", "second", "value")

    def __init__(self, value: Number, first: Number, second: Number) -> None:
        self.value, self.first, self.second = value, first, second

    def parts(self) -> tuple[Number, Number, Number]:
        return self.value, self.first, self.second

    def through(self, value: Number, slope: Number, bend: Number) -> Jet:
        """g of self, from g, g', g'' at self.value."""
        return Jet(value, slope * self.first, bend * self.first * self.first + slope * self.second)

    def __add__(self, other: Any) -> Jet:
        if isinstance(other, Jet):
            return Jet(self.value + other.value, self.first + other.first, self.second + other.second)
        return Jet(self.value + other, self.first, self.second)

    def __neg__(self) -> Jet:
        return Jet(-self.value, -self.first, -self.second)

    def __sub__(self, other: Any) -> Jet:
        return self + (-other)

    def __rsub__(self, other: Any) -> Jet:
        return -self + other

    def __mul__(self, other: Any) -> Jet:
        if isinstance(other, Jet):
            mixed = self.first * other.first
            return Jet(
                self.value * other.value, self.first * other.value + self.value * other.first, self.second * other.value + 2 * mixed + self.value * other.second
            )
        return Jet(self.value * other, self.first * other, self.second * other)

    def __truediv__(self, other: Any) -> Jet:
        if isinstance(other, Jet):
            return self * (1 / other)
        return Jet(self.value / other, self.first / other, self.second / other)

    def __rtruediv__(self, other: Any) -> Jet:
        inverse = 1 / self.value
        return self.through(inverse, -inverse * inverse, 2 * inverse * inverse * inverse) * other

    def __pow__(self, n: int) -> Jet:
        if n == 1:
            return self
        bend = n * (n - 1) * self.value ** (n - 2) if n > 2 else 2 + 0 * self.value
        return self.through(self.value**n, n * self.value ** (n - 1), bend)

    __radd__ = __add__
    __rmul__ = __mul__


def jet(t: Number) -> Jet:
    """The variable itself at t."""
    return Jet(t, 0 * t + 1, 0 * t)


def _dispatch(name: str, carry: Callable[[Any, Any], tuple[Any, Any, Any]]) -> Callable[[Any], Any]:
    def function(t: Any) -> Any:
        if isinstance(t, Jet):
            return t.through(*carry(t.value, function(t.value)))
        if isinstance(t, mpf):
            return getattr(mp, name)(t)
        if isinstance(t, (np.ndarray, float)):
            return _NUMPY[name](t)
        return getattr(t, name)()

    return function


_erf_of_arrays = np.vectorize(math.erf, otypes=[float]) if special is None else special.erf

_NUMPY: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "atan": np.arctan,
    "tanh": np.tanh,
    "erf": _erf_of_arrays,
}


def const(t: Number, value: Fraction | int) -> Number:
    """A constant of t's kind (a jet's derivatives are zero)."""
    value = Fraction(value)
    return 0 * t + value.numerator if value.denominator == 1 else (0 * t + value.numerator) / value.denominator


def times(value: Fraction | int, t: Number) -> Number:
    """``value`` t, exactly scaled."""
    value = Fraction(value)
    scaled = t if value.numerator == 1 else t * value.numerator
    return scaled if value.denominator == 1 else scaled / value.denominator


def _erf(t: Number, y: Number) -> tuple[Number, Number, Number]:
    slope = 2 * exp(-t * t) / sqrt(4 * atan(0 * t + 1))  # 2 exp(-t^2) / sqrt(pi)
    return y, slope, -2 * t * slope


exp = _dispatch("exp", lambda t, y: (y, y, y))
log = _dispatch("log", lambda t, y: (y, 1 / t, -1 / (t * t)))
sqrt = _dispatch("sqrt", lambda t, y: (y, 1 / (2 * y), -1 / (4 * y * t)))
sin = _dispatch("sin", lambda t, y: (y, cos(t), -y))
cos = _dispatch("cos", lambda t, y: (y, -sin(t), -y))
atan = _dispatch("atan", lambda t, y: (y, 1 / (1 + t * t), -2 * t / ((1 + t * t) * (1 + t * t))))
tanh = _dispatch("tanh", lambda t, y: (y, 1 - y * y, -2 * y * (1 - y * y)))
erf = _dispatch("erf", _erf)
