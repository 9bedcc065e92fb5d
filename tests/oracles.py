"""Numbers by another road: Gaussian expectations by quadrature in mpmath.  Nothing of the package is imported here.

Two quadratures for E[f(u) g(v)], (u, v) centred Gaussian with covariance ((q11, q12), (q12, q22)):

* ``polar``: polar coordinates of the standardised plane.  A kink at 0 of f or g is a ray, so the plane falls into four sectors on
  which the integrand is smooth; Gauss-Legendre in angle and radius on each.
* ``lattice``: the trapezoidal rule, which converges faster than geometrically for entire functions under a Gaussian.  The lattice
  of the plane is chosen so that v falls on equally spaced points of the line: g is evaluated a few hundred times, not n^2 times.

Each takes ``nodes=0`` or ``nodes=1``: two different node sets whose agreement says how many digits hold (measured in test_oracles.py).
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from dataclasses import dataclass

from mpmath import mp, mpf

Function = Callable[[mpf], mpf]
GUARD = 14


# -- one and two dimensions ---------------------------------------------------------------------------------------------


@functools.cache
def legendre(n: int, dps: int) -> tuple[tuple[mpf, mpf], ...]:
    """Nodes and weights of Gauss-Legendre on [0, 1], by Newton's method on the three-term recurrence."""
    with mp.workdps(dps + 5):
        found = []
        for k in range(n):
            t = mp.cos(mp.pi * (k + mpf(3) / 4) / (n + mpf(1) / 2))
            for _ in range(100):
                before, now = mpf(1), t
                for degree in range(2, n + 1):
                    before, now = now, ((2 * degree - 1) * t * now - (degree - 1) * before) / degree
                slope = n * (t * now - before) / (t * t - 1)
                step = now / slope
                t -= step
                if abs(step) < mpf(10) ** (-(dps + 2)):
                    break
            found.append(((1 - t) / 2, 1 / ((1 - t * t) * slope * slope)))
        return tuple(found)


def _radius(digits: int, growth: mpf, scale: mpf) -> mpf:
    """Beyond this radius exp(-r^2/2) exp(growth scale r) and a polynomial are below the digits asked for."""
    return mp.sqrt(2 * mp.log(10) * (digits + 6)) + 2 * growth * scale + 1


def mean(f: Function, q: mpf, *, digits: int = 30, growth: float = 0, nodes: int = 0) -> mpf:
    """E[f(u)], u ~ N(0, q), f smooth on each side of 0: Gauss-Legendre on the two half lines."""
    with mp.workdps(digits + GUARD):
        sd = mp.sqrt(mpf(q))
        top = _radius(digits, mpf(growth), sd)
        total = mpf(0)
        for t, weight in legendre((110, 124)[nodes], digits + GUARD):
            z = top * t
            total += weight * mp.exp(-z * z / 2) * (f(sd * z) + f(-sd * z))
        return total * top / mp.sqrt(2 * mp.pi)


def polar(f: Function, g: Function, q11: mpf, q12: mpf, q22: mpf, *, digits: int = 30, growth: float = 0, nodes: int = 0) -> mpf:
    """E[f(u) g(v)] where f and g are smooth on each side of 0."""
    with mp.workdps(digits + GUARD):
        a, c, b = mpf(q11), mpf(q12), mpf(q22)
        sd_u, sd_v, apart = mp.sqrt(a), mp.sqrt(b), mp.acos(c / mp.sqrt(a * b))
        top = _radius(digits, mpf(growth), sd_u + sd_v)
        radial = [(top * t, top * weight * top * t * mp.exp(-((top * t) ** 2) / 2)) for t, weight in legendre((84, 96)[nodes], digits + GUARD)]
        half = mp.pi / 2
        edges = (-half, apart - half, half, apart + half, 3 * half)
        total = mpf(0)
        for start, end in zip(edges, edges[1:], strict=False):
            width = end - start
            for t, weight in legendre((44, 52)[nodes], digits + GUARD):
                angle = start + width * t
                toward_u, toward_v = sd_u * mp.cos(angle), sd_v * mp.cos(angle - apart)
                total += weight * width * mp.fsum(w * f(r * toward_u) * g(r * toward_v) for r, w in radial)
        return total / (2 * mp.pi)


def lattice(f: Function, g: Function, q11: mpf, q12: mpf, q22: mpf, *, digits: int = 30, growth: float = 0, band: float = 1, nodes: int = 0) -> mpf:
    """E[f(u) g(v)] for entire f and g; ``band`` is beta^2 where f is about as steep as erf(beta x) or exp(-beta^2 x^2)."""
    with mp.workdps(digits + GUARD):
        a, c, b = mpf(q11), mpf(q12), mpf(q22)
        rho = c / mp.sqrt(a * b)
        across = mp.sqrt(1 - rho**2)
        energy = 2 * mp.log(10) * (digits + 4)
        narrow = (mpf("0.8"), mpf("0.71"))[nodes]
        coarse1 = narrow * 2 * mp.pi / mp.sqrt(energy * (1 + 2 * band * (a + b * rho**2)))
        coarse2 = narrow * 2 * mp.pi / mp.sqrt(energy * (1 + 2 * band * b * across**2))
        top = _radius(digits, mpf(growth), mp.sqrt(a) + mp.sqrt(b))
        shift = (mpf(0), mpf(1) / 3)[nodes]
        if rho == 0:
            return _line(f, mp.sqrt(a), coarse1, top, shift) * _line(g, mp.sqrt(b), coarse2, top, shift)
        # v = sqrt(b) (rho z1 + across z2) with z1 = i h1, z2 = j h2 lies on step * (m i + j) as soon as rho h1 = m across h2.
        ratio = abs(rho) / across
        m = max(1, int(coarse1 * ratio / coarse2))
        h2 = min(coarse2, coarse1 * ratio / m)
        h1, step = m * h2 / ratio, mp.sqrt(b) * across * h2
        n1, n2 = int(top / h1) + 1, int(top / h2) + 1
        sign = 1 if rho > 0 else -1
        bits = int(mp.prec) + 40
        origin = mp.sqrt(b) * (rho * shift * h1 + across * shift * h2)
        reach = m * n1 + n2
        values = [int(mp.floor(mp.ldexp(g(origin + step * k), bits))) for k in range(-reach, reach + 1)]
        inner = [int(mp.floor(mp.ldexp(mp.exp(-(((j + shift) * h2) ** 2) / 2), bits))) for j in range(-n2, n2 + 1)]
        total = mpf(0)
        for i in range(-n1, n1 + 1):
            z = (i + shift) * h1
            begin = reach + sign * m * i - n2
            line = sum(map(operator.mul, inner, values[begin : begin + 2 * n2 + 1]))
            total += mp.exp(-z * z / 2) * f(mp.sqrt(a) * z) * mp.ldexp(mpf(line), -2 * bits)
        return total * h1 * h2 / (2 * mp.pi)


def _line(f: Function, sd: mpf, coarse: mpf, top: mpf, shift: mpf) -> mpf:
    n = int(top / coarse) + 1
    points = ((i + shift) * coarse for i in range(-n, n + 1))
    return mp.fsum(mp.exp(-z * z / 2) * f(sd * z) for z in points) * coarse / mp.sqrt(2 * mp.pi)


# -- activations, typed in from their definitions -----------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """An activation: phi, its derivative away from 0, the height of its jump at 0, and what the quadrature must know."""

    phi: Function
    slope: Function
    kink: bool = False
    jump: float = 0
    growth: float = 0
    band: float = 1


def value(known: Known, q11: mpf, q12: mpf, q22: mpf, *, digits: int = 30, nodes: int = 0) -> mpf:
    """V = E[phi(u) phi(v)]."""
    return _pair(known, known.phi, known.phi, q11, q12, q22, digits, nodes)


def derivative(known: Known, q11: mpf, q12: mpf, q22: mpf, *, digits: int = 30, nodes: int = 0) -> mpf:
    """V' = dV/dq12 = E[phi'(u) phi'(v)], phi' with its delta of height ``jump`` at 0."""
    total = _pair(known, known.slope, known.slope, q11, q12, q22, digits, nodes)
    if known.jump:
        with mp.workdps(digits + GUARD):
            a, c, b, jump = mpf(q11), mpf(q12), mpf(q22), mpf(known.jump)
            left = a * b - c * c
            total += jump**2 / (2 * mp.pi * mp.sqrt(left))
            for variance, conditional in ((a, left / a), (b, left / b)):
                total += jump / mp.sqrt(2 * mp.pi * variance) * mean(known.slope, conditional, digits=digits, growth=known.growth, nodes=nodes)
    return total


def square(known: Known, q: mpf, *, digits: int = 30, nodes: int = 0) -> mpf:
    """E[phi(u)^2]."""
    return mean(lambda t: known.phi(t) ** 2, q, digits=digits, growth=2 * known.growth, nodes=nodes)


def slope_square(known: Known, q: mpf, *, digits: int = 30, nodes: int = 0) -> mpf:
    """E[phi'(u)^2] of the derivative away from 0."""
    return mean(lambda t: known.slope(t) ** 2, q, digits=digits, growth=2 * known.growth, nodes=nodes)


def _pair(known: Known, f: Function, g: Function, q11: mpf, q12: mpf, q22: mpf, digits: int, nodes: int) -> mpf:
    if known.kink:
        return polar(f, g, q11, q12, q22, digits=digits, growth=known.growth, nodes=nodes)
    return lattice(f, g, q11, q12, q22, digits=digits, growth=known.growth, band=known.band, nodes=nodes)


def _density(t: mpf) -> mpf:
    return mp.exp(-t * t / 2) / mp.sqrt(2 * mp.pi)


def _bell(t: mpf) -> mpf:
    return 2 / mp.sqrt(mp.pi) * mp.exp(-t * t)


def _power_of_ramp(n: int) -> Known:
    return Known(lambda t: t**n if t > 0 else mpf(0), lambda t: n * t ** (n - 1) if t > 0 else mpf(0), kink=True)


def _two_slopes(below: mpf, above: mpf) -> Known:
    return Known(lambda t: above * t if t > 0 else below * t, lambda t: above if t > 0 else below, kink=True)


def _wave(amplitude: mpf, frequency: mpf, phase: mpf) -> Known:
    return Known(lambda t: amplitude * mp.sin(frequency * t + phase), lambda t: amplitude * frequency * mp.cos(frequency * t + phase))


def known(name: str, **given: mpf) -> Known:
    """The activation of this name, its parameters as ``given`` or as usual; KeyError where there is none."""
    made = _TABLE[name]
    if isinstance(made, Known):
        return made
    build, usual = made
    with mp.workdps(80):
        return build(**{key: mpf(given.get(key, numerator)) / (1 if key in given else denominator) for key, (numerator, denominator) in usual.items()})


def names() -> tuple[str, ...]:
    """Every activation that can be judged here."""
    return tuple(sorted(_TABLE))


_SIGMOID_SCALE = "2.4020563531719796"
# With parameters: the builder, and numerator and denominator of their usual numbers.
_TABLE: dict[str, Known | tuple[Callable[..., Known], dict[str, tuple[int, int]]]] = {
    "identity": Known(lambda t: t, lambda t: mpf(1)),
    "relu": _power_of_ramp(1),
    "leaky_relu": (lambda alpha: _two_slopes(alpha, mpf(1)), {"alpha": (1, 100)}),
    "ab_relu": (lambda a, b: _two_slopes(a, b), {"a": (-1, 2), "b": (1, 1)}),
    "abs": _two_slopes(mpf(-1), mpf(1)),
    "relu^2": _power_of_ramp(2),
    "relu^3": _power_of_ramp(3),
    "relu^4": _power_of_ramp(4),
    "relu^5": _power_of_ramp(5),
    "signed_square": Known(lambda t: t * abs(t), lambda t: 2 * abs(t), kink=True),
    "sign": Known(lambda t: mpf(1) if t > 0 else mpf(-1), lambda t: mpf(0), kink=True, jump=2),
    "step": Known(lambda t: mpf(1) if t > 0 else mpf(0), lambda t: mpf(0), kink=True, jump=1),
    "quadratic": Known(lambda t: t * t, lambda t: 2 * t),
    "cubic": Known(lambda t: t**3, lambda t: 3 * t * t),
    "quintic": Known(lambda t: t**5, lambda t: 5 * t**4),
    "polynomial2": (lambda a, b, c: Known(lambda t: a + b * t + c * t * t, lambda t: b + 2 * c * t), {"a": (0, 1), "b": (1, 1), "c": (1, 2)}),
    "hermite2": Known(lambda t: (t * t - 1) / mp.sqrt(2), lambda t: mp.sqrt(2) * t),
    "hermite3": Known(lambda t: (t**3 - 3 * t) / mp.sqrt(6), lambda t: 3 * (t * t - 1) / mp.sqrt(6)),
    "erf": Known(mp.erf, _bell),
    "scaled_erf": (
        lambda a, b, c: Known(lambda t: a * mp.erf(b * t) + c, lambda t: a * b * _bell(b * t), band=b * b),
        {"a": (1, 1), "b": (1, 1), "c": (0, 1)},
    ),
    "sigmoid_like": Known(lambda t: mp.erf(t / mpf(_SIGMOID_SCALE)) / 2 + mpf(1) / 2, lambda t: _bell(t / mpf(_SIGMOID_SCALE)) / (2 * mpf(_SIGMOID_SCALE))),
    "normal_cdf": Known(mp.ncdf, _density),
    "gelu": Known(lambda t: t * mp.ncdf(t), lambda t: mp.ncdf(t) + t * _density(t)),
    "sin": _wave(mpf(1), mpf(1), mpf(0)),
    "cos": Known(mp.cos, lambda t: -mp.sin(t)),
    "scaled_sin": (lambda a, b, c: _wave(a, b, c), {"a": (1, 1), "b": (1, 1), "c": (0, 1)}),
    "rbf": (
        lambda gamma: Known(
            lambda t: mp.sqrt(2) * mp.sin(mp.sqrt(2 * gamma) * t + mp.pi / 4), lambda t: 2 * mp.sqrt(gamma) * mp.cos(mp.sqrt(2 * gamma) * t + mp.pi / 4)
        ),
        {"gamma": (1, 1)},
    ),
    "snake": (lambda a: Known(lambda t: t + mp.sin(a * t) ** 2 / a, lambda t: 1 + mp.sin(2 * a * t)), {"a": (1, 1)}),
    "x_sin_x": Known(lambda t: t * mp.sin(t), lambda t: mp.sin(t) + t * mp.cos(t)),
    "exp": Known(mp.exp, mp.exp, growth=1),
    "scaled_exp": (lambda a, b: Known(lambda t: a * mp.exp(b * t), lambda t: a * b * mp.exp(b * t), growth=abs(b)), {"a": (1, 1), "b": (1, 2)}),
    "cosh": Known(mp.cosh, mp.sinh, growth=1),
    "sinh": Known(mp.sinh, mp.cosh, growth=1),
    "gaussian": Known(lambda t: mp.exp(-t * t), lambda t: -2 * t * mp.exp(-t * t)),
    "scaled_gaussian": (
        lambda beta: Known(lambda t: mp.exp(-beta * t * t), lambda t: -2 * beta * t * mp.exp(-beta * t * t), band=beta),
        {"beta": (1, 2)},
    ),
    "gaussian_derivative": Known(lambda t: t * mp.exp(-t * t / 2), lambda t: (1 - t * t) * mp.exp(-t * t / 2)),
    "mexican_hat": Known(lambda t: (1 - t * t) * mp.exp(-t * t / 2), lambda t: (t**3 - 3 * t) * mp.exp(-t * t / 2)),
    "gabor": Known(lambda t: mp.exp(-t * t) * mp.sin(t), lambda t: mp.exp(-t * t) * (mp.cos(t) - 2 * t * mp.sin(t))),
    "gabor_cos": Known(lambda t: mp.exp(-t * t) * mp.cos(t), lambda t: -mp.exp(-t * t) * (mp.sin(t) + 2 * t * mp.cos(t))),
}
