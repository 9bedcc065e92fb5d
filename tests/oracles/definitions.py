"""Activations typed in from their definitions (the documentation of PyTorch, JAX and Keras, and cited papers), in no package's language.

A piece is a function of anything :mod:`oracles.functions` can compute with; derivatives come from jets, never typed in.
"""

from __future__ import annotations

import bisect
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mpmath import mpf

from .fields import exact
from .functions import Number, atan, const, cos, erf, exp, jet, log, sin, sqrt, tanh, times

Function = Callable[[Number], Number]
HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Known:
    """An activation, and what a quadrature must know of it.

    ``pieces``: one smooth function per interval that ``breaks`` cut.  ``soft``: centres of what is steep without being a break, each with the distance
    of the nearest singularity in the complex plane (or the width of the feature).  ``strip``: no panel longer than this (singularities that accompany
    the whole line).  ``growth``: |phi(x)| is at most about exp(growth |x|).  ``wave``: the highest frequency of sines.  ``entire``: and ``band`` is beta^2
    where phi is about as steep as erf(beta x).
    """

    pieces: tuple[Function, ...]
    breaks: tuple[Fraction, ...] = ()
    soft: tuple[tuple[float, float], ...] = ()
    strip: float = math.inf
    growth: float = 0
    wave: float = 0
    entire: bool = False
    band: float = 1

    @functools.cached_property
    def cuts(self) -> tuple[float, ...]:
        """The breaks as floats; the usual ones are exact."""
        return tuple(float(t) for t in self.breaks)

    def piece(self, t: Any) -> Function:
        return self.pieces[bisect.bisect_right(self.cuts, t)]

    def phi(self, t: mpf) -> mpf:
        return self.piece(t)(t)

    def slope(self, t: mpf) -> mpf:
        """phi' away from the breaks."""
        return self.piece(t)(jet(t)).first

    @property
    def kink(self) -> bool:
        return bool(self.breaks)

    def steps(self, number: Callable[[Fraction], Number]) -> list[tuple[Number, Number, Number]]:
        """(t, phi(t+) - phi(t-), phi'(t+) - phi'(t-)) at each break."""
        found = []
        for i, t in enumerate(self.breaks):
            at = jet(number(t))
            below, above = self.pieces[i](at), self.pieces[i + 1](at)
            found.append((at.value, above.value - below.value, above.first - below.first))
        return found

    @property
    def jumps(self) -> bool:
        return any(abs(height) > mpf(10) ** -30 for _, height, _ in self.steps(lambda t: mpf(t.numerator) / t.denominator))


def smooth(f: Function, **traits: Any) -> Known:
    return Known((f,), **traits)


def entire(f: Function, width: float = 1, centre: float = 0, **traits: Any) -> Known:
    return Known((f,), soft=((centre, width),), entire=True, **traits)


def polynomial(f: Function) -> Known:
    return Known((f,), entire=True)


def zero(t: Number) -> Number:
    return 0 * t


def same(t: Number) -> Number:
    return t


def level(value: Fraction | int) -> Function:
    return lambda t: const(t, value)


def cut(*parts: Any, **traits: Any) -> Known:
    """piece, break, piece, break, ..., piece."""
    return Known(tuple(parts[::2]), tuple(map(Fraction, parts[1::2])), **traits)


def ncdf(t: Number) -> Number:
    return (1 + erf(t / root_two(t))) / 2


def root_two(t: Number) -> Number:
    return sqrt(const(t, 2))


def pi(t: Number) -> Number:
    return 4 * atan(const(t, 1))


def sigmoid(t: Number) -> Number:
    return 1 / (1 + exp(-t))


def softplus(t: Number) -> Number:
    return log(1 + exp(t))


def expm1(t: Number) -> Number:
    return exp(t) - 1


def _ramp(n: int) -> Known:
    return cut(zero, 0, lambda t: t**n if n else const(t, 1))


def _two_slopes(below: Fraction | int, above: Fraction | int) -> Known:
    return cut(lambda t: times(below, t), 0, lambda t: times(above, t))


def _wave(amplitude: Fraction, frequency: Fraction, phase: Fraction) -> Known:
    return entire(lambda t: times(amplitude, sin(times(frequency, t) + const(t, phase))), 1 / max(1e-3, abs(float(frequency))), wave=float(frequency))


def _elu(alpha: Fraction, scale: Fraction | int = 1, rate: Fraction | int = 1) -> Known:
    """scale max(0, x) + scale alpha (exp(rate x) - 1) for x < 0."""
    return cut(lambda t: times(scale * alpha, expm1(times(rate, t))), 0, lambda t: times(scale, t), soft=((0, 1),))


def _clip(low: Fraction | int, high: Fraction | int) -> Known:
    return cut(level(low), low, same, high, level(high))


def _scaled(beta: Fraction, f: Function) -> Function:
    return lambda t: f(times(beta, t))


_SIGMOID_SCALE = Fraction("2.4020563531719796")
_SELU_SCALE, _SELU_ALPHA = Fraction("1.0507009873554805"), Fraction("1.6732632423543772")  # as doubles print

TABLE: dict[str, Known | tuple[Callable[..., Known], dict[str, str]]] = {
    "identity": polynomial(same),
    "relu": _ramp(1),
    "leaky_relu": (lambda alpha: _two_slopes(alpha, 1), {"alpha": "1/100"}),
    "ab_relu": (lambda a, b: _two_slopes(a, b), {"a": "-1/2", "b": "1"}),
    "prelu": _two_slopes(Fraction(1, 4), 1),
    "star_relu": cut(lambda t: -1 / sqrt(const(t, 5)), 0, lambda t: (2 * t * t - 1) / sqrt(const(t, 5))),
    "abs": _two_slopes(-1, 1),
    "relu^2": _ramp(2),
    "relu^3": _ramp(3),
    "relu^4": _ramp(4),
    "relu^5": _ramp(5),
    "signed_square": cut(lambda t: -t * t, 0, lambda t: t * t),
    "sign": cut(level(-1), 0, level(1)),
    "step": _ramp(0),
    "quadratic": polynomial(lambda t: t * t),
    "cubic": polynomial(lambda t: t**3),
    "quintic": polynomial(lambda t: t**5),
    "polynomial2": (lambda a, b, c: polynomial(lambda t: const(t, a) + times(b, t) + times(c, t * t)), {"a": "0", "b": "1", "c": "1/2"}),
    "hermite2": polynomial(lambda t: (t * t - 1) / root_two(t)),
    "hermite3": polynomial(lambda t: (t**3 - 3 * t) / sqrt(const(t, 6))),
    "erf": entire(erf),
    "scaled_erf": (
        lambda a, b, c: entire(lambda t: times(a, erf(times(b, t))) + const(t, c), 1 / float(abs(b)), band=float(b * b)),
        {"a": "1", "b": "1", "c": "0"},
    ),
    "sigmoid_like": entire(lambda t: erf(times(1 / _SIGMOID_SCALE, t)) / 2 + const(t, HALF), 2.4),
    "normal_cdf": entire(ncdf, 1.4),
    "gelu": entire(lambda t: t * ncdf(t), 1.4),
    "sin": _wave(Fraction(1), Fraction(1), Fraction(0)),
    "cos": entire(cos, wave=1),
    "scaled_sin": (lambda a, b, c: _wave(a, b, c), {"a": "1", "b": "1", "c": "0"}),
    "rbf": (
        lambda gamma: entire(lambda t: root_two(t) * sin(sqrt(const(t, 2 * gamma)) * t + pi(t) / 4), 1 / math.sqrt(2 * gamma), wave=math.sqrt(2 * gamma)),
        {"gamma": "1"},
    ),
    "snake": (lambda a: entire(lambda t: t + times(1 / a, sin(times(a, t)) ** 2), 0.5 / float(a), wave=2 * float(a)), {"a": "1"}),
    "x_sin_x": entire(lambda t: t * sin(t), wave=1),
    "exp": entire(exp, growth=1),
    "scaled_exp": (lambda a, b: entire(lambda t: times(a, exp(times(b, t))), growth=abs(float(b))), {"a": "1", "b": "1/2"}),
    "cosh": entire(lambda t: (exp(t) + exp(-t)) / 2, growth=1),
    "sinh": entire(lambda t: (exp(t) - exp(-t)) / 2, growth=1),
    "gaussian": entire(lambda t: exp(-t * t)),
    "scaled_gaussian": (lambda beta: entire(lambda t: exp(times(-beta, t * t)), 1 / math.sqrt(beta), band=float(beta)), {"beta": "1/2"}),
    "gaussian_derivative": entire(lambda t: t * exp(-t * t / 2), 1.4),
    "mexican_hat": entire(lambda t: (1 - t * t) * exp(-t * t / 2), 1.4),
    "gabor": entire(lambda t: exp(-t * t) * sin(t)),
    "gabor_cos": entire(lambda t: exp(-t * t) * cos(t)),
    # exponential-linear
    "elu": (_elu, {"alpha": "1"}),
    "selu": _elu(_SELU_ALPHA, _SELU_SCALE),
    "celu": (lambda alpha: _elu(alpha, 1, 1 / alpha), {"alpha": "1"}),
    "xielu": cut(lambda t: (expm1(t) - t) * 4 / 5 + t / 2, 0, lambda t: t * t * 4 / 5 + t / 2, soft=((0, 1),)),
    "laplace": cut(exp, 0, lambda t: exp(-t), soft=((0, 1),)),
    # pieces of polynomials
    "hard_tanh": _clip(-1, 1),
    "hard_sigmoid": cut(zero, -3, lambda t: (t + 3) / 6, 3, level(1)),
    "hard_swish": cut(zero, -3, lambda t: t * (t + 3) / 6, 3, same),
    "relu6": _clip(0, 6),
    "clipped_relu": _clip(0, 20),
    "clip": _clip(-1, 1),
    "soft_shrink": cut(lambda t: t + const(t, HALF), -HALF, zero, HALF, lambda t: t - const(t, HALF)),
    "hard_shrink": cut(same, -HALF, zero, HALF, same),
    "threshold": cut(zero, 1, same),
    "shifted_relu": cut(zero, HALF, lambda t: t - const(t, HALF)),
    "triangle": cut(zero, -1, lambda t: 1 + t, 0, lambda t: 1 - t, 1, zero),
    "sparse_sigmoid": cut(zero, -1, lambda t: (t + 1) / 2, 1, level(1)),
    "smelu": cut(zero, -1, lambda t: (t + 1) ** 2 / 4, 1, same),
    # the logistic family: poles at odd multiples of i pi (over the slope)
    "tanh": smooth(tanh, soft=((0, 1.57),)),
    "sigmoid": smooth(sigmoid, soft=((0, 3.14),)),
    "softplus": smooth(softplus, soft=((0, 3.14),)),
    "silu": smooth(lambda t: t * sigmoid(t), soft=((0, 3.14),)),
    "log_sigmoid": smooth(lambda t: -softplus(-t), soft=((0, 3.14),)),
    "tanh_shrink": smooth(lambda t: t - tanh(t), soft=((0, 1.57),)),
    "mish": smooth(lambda t: t * tanh(softplus(t)), soft=((0.35, 2.3),)),
    "quick_gelu": smooth(lambda t: t * sigmoid(times(Fraction("1.702"), t)), soft=((0, 1.84),)),
    "gelu_tanh": smooth(lambda t: t / 2 * (1 + tanh(sqrt(2 / pi(t)) * (t + times(Fraction("0.044715"), t**3)))), soft=((0, 1.9),)),
    "scaled_tanh": smooth(lambda t: times(Fraction("1.7159"), tanh(t * 2 / 3)), soft=((0, 2.3),)),
    "scaled_softplus": smooth(softplus, soft=((0, 3.14),)),
    "swish_beta": smooth(lambda t: t * sigmoid(t), soft=((0, 3.14),)),
    "tanh_exp": smooth(lambda t: t * tanh(exp(t)), soft=((0.45, 1.57),), strip=2.5),
    # algebraic
    "softsign": cut(lambda t: t / (1 - t), 0, lambda t: t / (1 + t), soft=((0, 1),)),
    "arctan": smooth(atan, soft=((0, 1),)),
    "squareplus": smooth(lambda t: (t + sqrt(t * t + 4)) / 2, soft=((0, 2),)),
    "inverse_quadratic": smooth(lambda t: 1 / (1 + t * t), soft=((0, 1),)),
    "inverse_multiquadric": smooth(lambda t: 1 / sqrt(1 + t * t), soft=((0, 1),)),
    "symlog": cut(lambda t: -log(1 - t), 0, lambda t: log(1 + t), soft=((0, 1),)),
    "log1p_abs": cut(lambda t: log(1 - t), 0, lambda t: log(1 + t), soft=((0, 1),)),
    "arcsinh": cut(lambda t: -log(sqrt(t * t + 1) - t), 0, lambda t: log(t + sqrt(t * t + 1)), soft=((0, 1),)),
    "bent_identity": smooth(lambda t: (sqrt(t * t + 1) - 1) / 2 + t, soft=((0, 1),)),
    "isru": smooth(lambda t: t / sqrt(t * t + 1), soft=((0, 1),)),
    "isrlu": cut(lambda t: t / sqrt(t * t + 1), 0, same, soft=((0, 1),)),
}


def known(name: str, **given: Any) -> Known:
    """The activation of this name, its parameters as ``given`` or as usual; KeyError where there is none."""
    made = TABLE[name]
    if isinstance(made, Known):
        return made
    build, usual = made
    return build(**{key: exact(given.get(key, value)) for key, value in usual.items()})


def names() -> tuple[str, ...]:
    """Every activation that can be judged here."""
    return tuple(sorted(TABLE))
