r"""A normal form for closed forms: sums of  rational * sqrt(squarefree) * exp(rational) * angles and normal probabilities.

A term is  c * i^k * sqrt(f1 f2 ...) * exp(re + i im) * node^m ... with c a rational function over Q in the symbols and pi, the f's distinct
irreducible polynomials that are positive on the domain (a sign at an interior sample point decides; they come from variances and determinants).
The engine builds its answers with this; the checkers do not (they have :mod:`zero`).  Expressions are read in :mod:`reading` and written in :mod:`writing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.polys.fields import field

from ntksym.gaussian.fractions import factors, plus

PI = sp.Symbol("pi_", positive=True)

# i-power mod 2, radical factors, exponent (real, imaginary), nodes with powers
Key = tuple[int, frozenset[Any], Any, Any, tuple[tuple[sp.Expr, int], ...]]


class NormalFormError(Exception):
    """The expression has no normal form here (a sum in a denominator with roots, a root of a sum of roots, ...)."""


@dataclass
class Domain:
    """The field Q(symbols, pi) for one expression, with a sample point inside the domain for signs."""

    symbols: tuple[sp.Symbol, ...]

    def __post_init__(self) -> None:
        names = [s.name for s in self.symbols]
        if len(set(names)) != len(names):
            raise NormalFormError(f"two symbols of one name among {names}")
        self.field, *generators = field([*self.symbols, PI], sp.ZZ)
        self.one, self.zero = self.field.one, self.field.zero
        self.generator = dict(zip([*self.symbols, PI], generators, strict=True))

    def sign(self, polynomial: Any) -> int:
        """Sign of a polynomial at the sample point: small variances, well inside every existence condition."""
        value = sp.S(polynomial.as_expr()).subs(PI, sp.pi).subs({s: sample_value(s, i) for i, s in enumerate(self.symbols)})
        return 1 if value > 0 else -1 if value < 0 else 0


def sample_value(symbol: sp.Symbol, index: int) -> sp.Rational:
    """A rational point inside the domain: tiny variances, smaller covariances, moderate parameters."""
    name = symbol.name
    if name.endswith(("11", "22")) or name in {"q", "A", "B"}:
        return sp.Rational(1, 97 + 14 * index)
    if name.endswith("12") or name == "C":
        return sp.Rational(1, 1009 + 12 * index)
    return sp.Rational(7 + 2 * index, 11 + 2 * index)


class Sum:
    """A finite sum of terms in normal form; immutable by convention."""

    def __init__(self, domain: Domain, terms: dict[Key, Any]) -> None:
        self.domain = domain
        self.terms = {key: c for key, c in terms.items() if c != 0}

    def __add__(self, other: Sum) -> Sum:
        terms = dict(self.terms)
        for key, c in other.terms.items():
            terms[key] = plus(terms.get(key, self.domain.zero), c)
        return Sum(self.domain, terms)

    def __mul__(self, other: Sum) -> Sum:
        terms: dict[Key, Any] = {}
        for k1, c1 in self.terms.items():
            for k2, c2 in other.terms.items():
                key, c = self._times(k1, c1, k2, c2)
                terms[key] = plus(terms.get(key, self.domain.zero), c)
        return Sum(self.domain, terms)

    def _times(self, k1: Key, c1: Any, k2: Key, c2: Any) -> tuple[Key, Any]:
        i1, r1, re1, im1, n1 = k1
        i2, r2, re2, im2, n2 = k2
        c = c1 * c2
        if i1 and i2:
            c = -c
        for shared in r1 & r2:
            c = c * self._lift(shared)
        nodes = dict(n1)
        for node, power in n2:
            nodes[node] = nodes.get(node, 0) + power
        return (
            i1 ^ i2,
            r1 ^ r2,
            plus(re1, re2),
            plus(im1, im2),
            tuple(sorted(((n, p) for n, p in nodes.items() if p), key=lambda t: (sp.default_sort_key(t[0]), t[1]))),
        ), c

    def _lift(self, factor: Any) -> Any:
        return self.domain.field(factor) if isinstance(factor, int) else self.domain.field.new(factor)

    def power(self, exponent: int) -> Sum:
        if exponent < 0:
            return self.inverse().power(-exponent)
        result = constant(self.domain, self.domain.one)
        for _ in range(exponent):
            result = result * self
        return result

    def inverse(self) -> Sum:
        if len(self.terms) != 1:
            raise NormalFormError(f"the inverse of a sum of {len(self.terms)} terms")
        ((i, radicals, re, im, nodes), c) = next(iter(self.terms.items()))
        if nodes:
            raise NormalFormError("the inverse of an angle")
        inverse = 1 / c
        for factor in radicals:
            inverse = inverse / self._lift(factor)
        return Sum(self.domain, {(i, radicals, -re, -im, ()): -inverse if i else inverse})

    def rational(self) -> Any:
        """The field element this is, if it is one."""
        if not self.terms:
            return self.domain.zero
        if set(self.terms) == {plain_key(self.domain)}:
            return self.terms[plain_key(self.domain)]
        raise NormalFormError("square roots of different numbers where one may stand")


def plain_key(domain: Domain) -> Key:
    """The key of a rational function."""
    return (0, frozenset(), domain.zero, domain.zero, ())


def constant(domain: Domain, element: Any) -> Sum:
    """A rational function as a sum of one term."""
    return Sum(domain, {plain_key(domain): element})


def square_root(domain: Domain, element: Any) -> Sum:
    """Sqrt of a rational function that is positive on the domain."""
    if element == 0:
        return Sum(domain, {})
    coefficient, radicals = domain.one, set()
    product = element.numer * element.denom
    coefficient = coefficient / domain.field.new(element.denom)
    if domain.sign(element.denom) < 0:
        coefficient = -coefficient
    content, found = factors(product)
    sign = 1 if content > 0 else -1
    for factor, multiplicity in found:
        direction = domain.sign(factor)
        if direction == 0:
            raise NormalFormError(f"the sign of {factor} at the sample point is 0")
        positive = factor if direction > 0 else -factor
        if direction < 0 and multiplicity % 2:
            sign = -sign
        if multiplicity // 2:
            coefficient = coefficient * domain.field.new(positive) ** (multiplicity // 2)
        if multiplicity % 2:
            radicals.add(positive)
    content = abs(rational_number(content))
    whole = sp.Integer(content.p * content.q)
    coefficient = coefficient / int(content.q)
    for prime, multiplicity in sp.factorint(whole).items():
        coefficient = coefficient * int(prime) ** (multiplicity // 2)
        if multiplicity % 2:
            radicals.add(int(prime))
    return Sum(domain, {(0 if sign > 0 else 1, frozenset(radicals), domain.zero, domain.zero, ()): coefficient})


def named_node(domain: Domain, node: sp.Expr) -> Sum:
    """An angle or a probability as a sum of one term."""
    return Sum(domain, {(0, frozenset(), domain.zero, domain.zero, ((node, 1),)): domain.one})


def element_expr(element: Any) -> sp.Expr:
    """A field element with numerator and denominator factored."""
    return _factored(element.numer) / _factored(element.denom)


def _factored(polynomial: Any) -> sp.Expr:
    content, found = factors(polynomial)
    return sp.Mul(rational_number(content), *(factor.as_expr().subs(PI, sp.pi) ** power for factor, power in found))


def plain_expr(element: Any) -> sp.Expr:
    """A field element as SymPy writes it."""
    return element.as_expr().subs(PI, sp.pi)


def rational_number(number: Any) -> sp.Rational:
    """A number of the ground domain."""
    return sp.Rational(int(number.numerator), int(number.denominator))
