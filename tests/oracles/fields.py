"""Two kinds of numbers the quadratures can run in: mpmath's floats, and python-flint's balls (an optional package, some twenty times faster).

A field knows how to make a number from an exact rational, the Gauss-Legendre rules, and how to leave: to mpmath.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

from mpmath import mp, mpf

try:
    import flint
except ImportError:  # the fields of mpmath serve then
    flint = None

Rule = tuple[tuple[Any, Any], ...]


def exact(value: Any) -> Fraction:
    """The rational a float, an mpf, an integer or a decimal text is."""
    if isinstance(value, mpf):
        sign, man, exp, _ = value._mpf_
        return (-1 if sign else 1) * Fraction(int(man)) * Fraction(2) ** int(exp)
    return Fraction(value)


class Mpmath:
    """Floats of mpmath."""

    def __init__(self, digits: int) -> None:
        self.digits = digits

    @contextmanager
    def precision(self) -> Iterator[None]:
        with mp.workdps(self.digits):
            yield

    def number(self, value: Fraction | int) -> Any:
        value = Fraction(value)
        return mpf(value.numerator) / value.denominator

    def pi(self) -> Any:
        return +mp.pi

    def legendre(self, n: int) -> Rule:
        return legendre(n, self.digits)

    def leave(self, value: Any) -> mpf:
        return value


class Flint:
    """Balls of python-flint."""

    def __init__(self, digits: int) -> None:
        self.digits = digits

    @contextmanager
    def precision(self) -> Iterator[None]:
        before = flint.ctx.prec
        flint.ctx.prec = int(self.digits * 3.33) + 10
        try:
            with mp.workdps(self.digits):
                yield
        finally:
            flint.ctx.prec = before

    def number(self, value: Fraction | int) -> Any:
        value = Fraction(value)
        return flint.arb(flint.fmpq(value.numerator, value.denominator))

    def pi(self) -> Any:
        return flint.arb.pi()

    def legendre(self, n: int) -> Rule:
        return _flint_rule(n, flint.ctx.prec)

    def leave(self, value: Any) -> mpf:
        man, exponent = value.mid().man_exp()
        return mp.ldexp(mpf(int(man)), int(exponent))


def field(digits: int) -> Mpmath | Flint:
    """The fastest field there is, with that many working digits."""
    return Mpmath(digits) if flint is None else Flint(digits)


@functools.cache
def legendre(n: int, digits: int) -> Rule:
    """Nodes and weights of Gauss-Legendre on [0, 1], by Newton's method on the three-term recurrence."""
    with mp.workdps(digits + 5):
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
                if abs(step) < mpf(10) ** (-(digits + 2)):
                    break
            found.append(((1 - t) / 2, 1 / ((1 - t * t) * slope * slope)))
        return tuple(found)


@functools.cache
def _flint_rule(n: int, prec: int) -> Rule:
    rule = []
    for k in range(n):
        node, weight = flint.arb.legendre_p_root(n, k, weight=True)
        rule.append(((1 - node) / 2, weight / 2))
    return tuple(rule)
