"""Rational functions: sums over the least common denominator, and factors that are remembered.

SymPy multiplies denominators and cancels afterwards; with the high powers of one determinant that a tilted law brings, that is most of the work.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ntksym.gaussian.limits import check_patience


@lru_cache(maxsize=4096)
def _cofactors(one: Any, two: Any) -> tuple[Any, Any, Any]:
    """(gcd, one / gcd, two / gcd)."""
    return one.cofactors(two)


def plus(f: Any, g: Any) -> Any:
    """``f + g`` for two elements of one field of fractions, in lowest terms."""
    if not f:
        return g
    if not g:
        return f
    if f.denom == g.denom:
        return f.new(f.numer + g.numer, f.denom)
    check_patience()
    common, first, second = _cofactors(f.denom, g.denom)
    numerator = f.numer * second + g.numer * first
    if not numerator:
        return f.field.zero
    # Only a factor of the gcd can cancel: the rest of each denominator is prime to its own numerator and to the other's denominator.
    _, numerator, common = numerator.cofactors(common)
    return f.raw_new(*_signed(numerator, common * first * second))


def _signed(numerator: Any, denominator: Any) -> tuple[Any, Any]:
    """The denominator with a positive leading coefficient."""
    return (-numerator, -denominator) if denominator.LC < 0 else (numerator, denominator)


@lru_cache(maxsize=8192)
def factors(polynomial: Any) -> tuple[Any, tuple[tuple[Any, int], ...]]:
    """Content, and the irreducible factors with their multiplicities."""
    content, found = polynomial.factor_list()
    return content, tuple(found)
