"""Two quadratures in mpmath for E[f(u) g(v)], (u, v) centred Gaussian with covariance ((q11, q12), (q12, q22)):

* ``polar``: polar coordinates of the standardised plane.  A kink at 0 of f or g is a ray, so the plane falls into four sectors on
  which the integrand is smooth; Gauss-Legendre in angle and radius on each.
* ``lattice``: the trapezoidal rule, which converges faster than geometrically for entire functions under a Gaussian.  The lattice
  of the plane is chosen so that v falls on equally spaced points of the line: g is evaluated a few hundred times, not n^2 times.

Each takes ``nodes=0`` or ``nodes=1``: two different node sets whose agreement says how many digits hold (measured in test_oracles.py).
"""

from __future__ import annotations

import operator
from collections.abc import Callable

from mpmath import mp, mpf

from .fields import legendre

Function = Callable[[mpf], mpf]
GUARD = 14


# -- one and two dimensions ---------------------------------------------------------------------------------------------


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
