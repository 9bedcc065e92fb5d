"""Polynomials with rational coefficients in many variables, most of them absent from any one term: a mapping from sorted tuples of symbols to coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from ntksym.errors import CheckError

Terms = dict[tuple[str, ...], Fraction]


@dataclass(frozen=True)
class Sparse:
    """Sum of coefficient * product of the symbols named (a power is a repetition); no zero coefficients."""

    terms: Terms

    def __add__(self, other: Sparse) -> Sparse:
        return total([self, other])

    def __sub__(self, other: Sparse) -> Sparse:
        return total([self, Sparse({key: -value for key, value in other.terms.items()})])

    def __mul__(self, other: Sparse) -> Sparse:
        found: Terms = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                key = tuple(sorted(left + right))
                found[key] = found.get(key, Fraction(0)) + a * b
        return _clean(found)

    def power(self, exponent: int) -> Sparse:
        result = ONE
        for _ in range(exponent):
            result = result * self
        return result

    @property
    def is_zero(self) -> bool:
        return not self.terms


def _clean(terms: Terms) -> Sparse:
    return Sparse({key: value for key, value in terms.items() if value})


ZERO, ONE = Sparse({}), Sparse({(): Fraction(1)})


def total(parts: list[Sparse]) -> Sparse:
    """The sum."""
    found: Terms = {}
    for part in parts:
        for key, value in part.terms.items():
            found[key] = found.get(key, Fraction(0)) + value
    return _clean(found)


def variable(symbol: sp.Symbol | str, power: int = 1) -> Sparse:
    """A symbol, by its name, to a power."""
    return Sparse({(str(symbol),) * power: Fraction(1)})


def number(value: sp.Rational | int) -> Sparse:
    """A rational constant."""
    return _clean({(): Fraction(int(value.p), int(value.q)) if isinstance(value, sp.Rational) else Fraction(value)})


def from_expression(expression: sp.Expr) -> Sparse:
    """A SymPy polynomial multiplied out; CheckError for anything else."""
    if isinstance(expression, sp.Rational):
        return number(expression)
    if isinstance(expression, sp.Symbol):
        return variable(expression)
    if isinstance(expression, sp.Add):
        return total([from_expression(part) for part in expression.args])
    if isinstance(expression, sp.Mul):
        result = ONE
        for part in expression.args:
            result = result * from_expression(part)
        return result
    if isinstance(expression, sp.Pow) and expression.exp.is_Integer and expression.exp >= 0:
        return from_expression(expression.base).power(int(expression.exp))
    raise CheckError(f"{expression} is no polynomial", where="expansion")
