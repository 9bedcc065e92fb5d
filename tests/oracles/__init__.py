"""Numbers by another road: Gaussian expectations by quadrature in high precision.  Nothing of the package under test is imported here.

``value``, ``derivative``, ``square``, ``slope_square`` judge one number; ``quantities`` gives V with all three partial derivatives.
"""

from __future__ import annotations

from typing import Any

from mpmath import mp, mpf

from .definitions import Known as Known
from .definitions import known as known
from .definitions import names as names
from .fields import Mpmath, field
from .fields import exact as exact
from .fields import legendre as legendre
from .functions import jet as jet
from .panels import Engine as Engine
from .panels import Quantities as Quantities
from .planes import GUARD, lattice, mean, polar


def quantities(phi: Known, q11: Any, q12: Any, q22: Any, *, digits: int = 30, nodes: int = 0) -> Quantities:
    """V, dV/dq12, dV/dq11, dV/dq22 by panels, in the fastest numbers installed."""
    return Engine(field(digits + GUARD), digits, nodes).quantities(phi, q11, q12, q22)


def value(phi: Known, q11: mpf, q12: mpf, q22: mpf, *, digits: int = 30, nodes: int = 0) -> mpf:
    """V = E[phi(u) phi(v)]."""
    return _pair(phi, 0, q11, q12, q22, digits, nodes)


def derivative(phi: Known, q11: mpf, q12: mpf, q22: mpf, *, digits: int = 30, nodes: int = 0) -> mpf:
    """V' = dV/dq12 = E[phi'(u) phi'(v)], phi' with its deltas."""
    return _pair(phi, 1, q11, q12, q22, digits, nodes)


def square(phi: Known, q: mpf, *, digits: int = 30, nodes: int = 0) -> mpf:
    """E[phi(u)^2]."""
    return Engine(Mpmath(digits + GUARD), digits, nodes).square(phi, q)


def slope_square(phi: Known, q: mpf, *, digits: int = 30, nodes: int = 0) -> mpf:
    """E[phi'(u)^2] of the derivative away from the breaks."""
    return Engine(Mpmath(digits + GUARD), digits, nodes).square(phi, q, 1)


def _pair(phi: Known, order: int, q11: mpf, q12: mpf, q22: mpf, digits: int, nodes: int) -> mpf:
    """The cheapest of three quadratures: the lattice for entire phi, polar coordinates for a break at 0 alone, panels for all others."""
    f = (phi.phi, phi.slope)[order]
    simple = q12 * q12 < q11 * q22
    if simple and phi.entire:
        return lattice(f, f, q11, q12, q22, digits=digits, growth=phi.growth, band=phi.band, nodes=nodes)
    if simple and phi.breaks == (0,) and not phi.soft:
        total = polar(f, f, q11, q12, q22, digits=digits, nodes=nodes)
        with mp.workdps(digits + GUARD):
            return total + (_delta_at_0(phi, q11, q12, q22, digits, nodes) if order and phi.jumps else 0)
    found = quantities(phi, q11, q12, q22, digits=digits, nodes=nodes)
    return found.derivative if order else found.value


def _delta_at_0(phi: Known, a: mpf, c: mpf, b: mpf, digits: int, nodes: int) -> mpf:
    """What a jump at 0 adds to V'."""
    with mp.workdps(digits + GUARD):
        ((_, jump, _),) = phi.steps(lambda t: mpf(t.numerator) / t.denominator)
        left = a * b - c * c
        total = jump**2 / (2 * mp.pi * mp.sqrt(left))
        for variance, conditional in ((a, left / a), (b, left / b)):
            total += jump / mp.sqrt(2 * mp.pi * variance) * mean(phi.slope, conditional, digits=digits, nodes=nodes)
        return total
