"""Deciding that a closed form is identically zero, for the checkers.  Shares no code with the engine's own normal form.

The expression is multiplied out into monomials of square roots (of primes and of irreducible polynomials), exponentials and probabilities, over the
field of rational functions in the symbols and pi; i^2 = -1 and r^2 = radicand are used at once.  A probability is named by the squares of its
standardised means and of its correlation and reflected until those are positive at an interior point, so equal ones meet under one name.  If every
coefficient cancels, the expression is zero; if one is left, nothing is decided.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.polys.fields import FracField

from ntksym.gaussian.fractions import factors, plus
from ntksym.gaussian.limits import check_patience
from ntksym.nodes import CorrelationAngle, CorrelationArcsine, HalfLineProbability, QuadrantProbability

_PI = sp.Symbol("pi_", positive=True)


@dataclass(frozen=True)
class _Monomial:
    """i^turns times roots times exp(exponent) times named functions with powers."""

    turns: int = 0
    roots: frozenset[Any] = frozenset()
    exponent: frozenset[Any] = frozenset()  # the items of a polynomial in monomials, itself
    functions: tuple[tuple[Hashable, int], ...] = ()


_UNIT = _Monomial()
_Form = dict[_Monomial, Any]


class _Field:
    """The coefficients for one expression, and an interior point of the domain that decides signs."""

    def __init__(self, expr: sp.Expr) -> None:
        symbols = sorted(expr.free_symbols, key=str)
        self.rationals = FracField([*symbols, _PI], sp.ZZ)
        self.symbols = dict(zip([*symbols, _PI], self.rationals.gens, strict=True))
        self.pi = self.symbols[_PI]
        self.inside: dict[sp.Basic, sp.Basic] = {s: _inside(s, i) for i, s in enumerate(symbols)}
        self.known: dict[sp.Expr, _Form] = {}

    # -- arithmetic of forms

    def number(self, value: Any) -> _Form:
        return {_UNIT: self.rationals(value)} if value != 0 else {}

    def add(self, one: _Form, two: _Form, weight: int = 1) -> _Form:
        total = dict(one)
        for monomial, coefficient in two.items():
            value = plus(total.get(monomial, self.rationals.zero), weight * coefficient)
            if value:
                total[monomial] = value
            else:
                total.pop(monomial, None)
        return total

    def times(self, one: _Form, two: _Form) -> _Form:
        total: _Form = {}
        for m1, c1 in one.items():
            for m2, c2 in two.items():
                coefficient = c1 * c2
                if m1.turns and m2.turns:
                    coefficient = -coefficient
                for shared in m1.roots & m2.roots:
                    coefficient = coefficient * self.rationals(shared)
                exponent = m1.exponent or m2.exponent
                if m1.exponent and m2.exponent:
                    exponent = frozenset(self.add(dict(m1.exponent), dict(m2.exponent)).items())
                functions = m1.functions or m2.functions
                if m1.functions and m2.functions:
                    powers = dict(m1.functions)
                    for name, power in m2.functions:
                        powers[name] = powers.get(name, 0) + power
                    functions = tuple(sorted(powers.items(), key=lambda item: hash(item[0])))
                product = _Monomial(m1.turns ^ m2.turns, m1.roots ^ m2.roots, exponent, functions)
                value = plus(total.get(product, self.rationals.zero), coefficient)
                if value:
                    total[product] = value
                else:
                    total.pop(product, None)
        return total

    def inverse(self, form: _Form) -> _Form:
        if len(form) != 1:
            raise ValueError(f"the inverse of a sum of {len(form)} terms")
        ((monomial, coefficient),) = form.items()
        if monomial.functions:
            raise ValueError("the inverse of an angle or a probability")
        for root in monomial.roots:
            coefficient = coefficient * self.rationals(root)
        exponent = frozenset((m, -c) for m, c in monomial.exponent)
        return {_Monomial(monomial.turns, monomial.roots, exponent): -1 / coefficient if monomial.turns else 1 / coefficient}

    def power(self, form: _Form, exponent: int) -> _Form:
        result, base = self.number(1), form if exponent >= 0 else self.inverse(form)
        for _ in range(abs(exponent)):
            result = self.times(result, base)
        return result

    def rational(self, form: _Form) -> Any:
        if not form:
            return self.rationals.zero
        if set(form) != {_UNIT}:
            raise ValueError("no rational function")
        return form[_UNIT]

    def sign(self, value: sp.Expr) -> int:
        number = sp.N(value.xreplace(self.inside), 30)
        if not number.is_real or abs(number) < sp.Float("1e-20", 30):
            raise ValueError(f"the sign of {value} is not seen at the interior point")
        return 1 if number > 0 else -1

    # -- roots, exponentials, probabilities

    def root(self, radicand: Any) -> _Form:
        """Sqrt of a rational function: each irreducible factor taken positive at the interior point."""
        result = self.number(1)
        for part, direction in ((radicand.numer, 1), (radicand.denom, -1)):
            content, found = factors(part)
            for factor, multiplicity in found:
                if self.sign(factor.as_expr().xreplace({_PI: sp.pi})) < 0:
                    factor, content = -factor, content * (-1) ** multiplicity
                result = self.times(result, self.power(self._root_of(factor), direction * multiplicity))
            content = sp.Rational(int(content.numerator), int(content.denominator))
            if content < 0:
                result = self.times(result, {_Monomial(1): self.rationals(direction)})
            for whole, power in ((abs(content.p), direction), (content.q, -direction)):
                for prime, multiplicity in sp.factorint(whole).items():
                    result = self.times(result, self.power(self._root_of(self.rationals.ring(int(prime))), power * multiplicity))
        return result

    def _root_of(self, squarefree: Any) -> _Form:
        return {_Monomial(0, frozenset([squarefree])): self.rationals.one}

    def wave(self, exponent: _Form) -> _Form:
        """Exp of a polynomial in roots; a constant multiple of i pi becomes a number."""
        rest = dict(exponent)
        phase = self.number(1)
        turn = rest.get(_Monomial(1))
        if turn is not None and turn.denom.is_ground:
            angle = turn.numer.coeff(self.rationals.ring.gens[-1])
            if angle:
                value = sp.Rational(int(angle.numerator), int(angle.denominator)) / sp.Rational(str(turn.denom.LC))
                phase = self.form(sp.cos(sp.pi * value) + sp.I * sp.sin(sp.pi * value))
                rest = self.add(rest, {_Monomial(1): self.pi * self.rationals(sp.QQ(value.p, value.q))}, -1)
        if any(m.exponent or m.functions for m in rest):
            raise ValueError("an exponential of an exponential")
        return self.times(phase, {_Monomial(0, frozenset(), frozenset(rest.items())): self.rationals.one}) if rest else phase

    def named(self, name: Hashable) -> _Form:
        return {_Monomial(functions=((name, 1),)): self.rationals.one}

    def squared(self, form: _Form) -> Any:
        return self.rational(self.times(form, form))

    def angle(self, node: sp.Expr) -> _Form:
        """arcsin(c / sqrt(ab)), named by its squared sine."""
        a, c, b = (self.rational(self.form(arg)) for arg in node.args)
        sine_squared = c**2 / (a * b)
        if not sine_squared:
            return {}
        sign = self.sign(node.args[1])
        if sine_squared == 1:
            return {_UNIT: sign * self.pi / 2}
        return self.times(self.number(sign), self.named(("arcsin", sine_squared)))

    def half_line(self, mean: sp.Expr, variance: sp.Expr) -> _Form:
        """Phi(m / sqrt a), reflected to a positive mean; through erfi where the mean is imaginary."""
        m, a = self.form(mean), self.rational(self.form(variance))
        half = self.number(sp.QQ(1, 2))
        if not m:
            return half
        squared = self.squared(m) / a
        if all(monomial.turns for monomial in m):
            return self.add(half, self.times({_Monomial(1): self.rationals(sp.QQ(1, 2))}, self.erfi_named(-squared / 2, self.sign(mean / sp.I))))
        if self.sign(mean) > 0:
            return self.named(("Phi", squared))
        return self.add(self.number(1), self.named(("Phi", squared)), -1)

    def erfi_named(self, squared: Any, sign: int) -> _Form:
        return self.times(self.number(sign), self.named(("erfi", squared)))

    def quadrant(self, m1: sp.Expr, m2: sp.Expr, a: sp.Expr, c: sp.Expr, b: sp.Expr) -> _Form:
        """Phi_2, reflected to positive means (and a positive covariance where a mean is 0)."""
        first, second, between = self.form(m1), self.form(m2), self.form(c)
        if not between:
            return self.times(self.half_line(m1, a), self.half_line(m2, b))
        if not first and not second:
            arcsine = self.angle(CorrelationArcsine(a, c, b))
            return self.add(self.number(sp.QQ(1, 4)), self.times({_UNIT: 1 / (2 * self.pi)}, arcsine))
        if not first or first and self.sign(m1) > 0 and not second:
            if self.sign(c) < 0:  # reflect the centred one
                if not first:
                    return self.add(self.half_line(m2, b), self.quadrant(m1, m2, a, -c, b), -1)
                return self.add(self.half_line(m1, a), self.quadrant(m1, m2, a, -c, b), -1)
        if first and self.sign(m1) < 0:
            return self.add(self.half_line(m2, b), self.quadrant(-m1, m2, a, -c, b), -1)
        if second and self.sign(m2) < 0:
            return self.add(self.half_line(m1, a), self.quadrant(m1, -m2, a, -c, b), -1)
        va, vb = self.rational(self.form(a)), self.rational(self.form(b))
        squares = [self.squared(first) / va, self.squared(second) / vb]
        means = (frozenset(squares), squares[0] == squares[1])
        return self.named(("Phi2", means, self.sign(c), self.squared(between) / (va * vb)))

    # -- the walk

    def form(self, expr: sp.Expr) -> _Form:
        check_patience()
        found = self.known.get(expr)
        if found is None:
            found = self.known[expr] = self._form(expr)
        return found

    def _form(self, expr: sp.Expr) -> _Form:
        if expr.is_Rational:
            return self.number(sp.QQ(int(expr.p), int(expr.q)))
        if expr == sp.pi:
            return {_UNIT: self.pi}
        if expr == sp.I:
            return {_Monomial(1): self.rationals.one}
        if isinstance(expr, sp.Symbol):
            return {_UNIT: self.symbols[expr]}
        if isinstance(expr, sp.Add):
            total: _Form = {}
            for arg in expr.args:
                total = self.add(total, self.form(arg))
            return total
        if isinstance(expr, sp.Mul):
            total = self.number(1)
            for arg in expr.args:
                total = self.times(total, self.form(arg))
            return total
        if isinstance(expr, sp.exp) or expr == sp.E:
            return self.wave(self.form(expr.args[0] if expr.args else sp.S.One))
        if isinstance(expr, sp.Pow):
            if expr.exp.is_Integer:
                return self.power(self.form(expr.base), int(expr.exp))
            if expr.exp.is_Rational and expr.exp.q == 2:
                return self.power(self.root(self.rational(self.form(expr.base))), int(expr.exp.p))
            raise ValueError(f"the power {expr}")
        if isinstance(expr, (sp.cosh, sp.sinh, sp.cos, sp.sin)):
            circular = isinstance(expr, (sp.cos, sp.sin))
            argument = self.times(self.form(sp.I if circular else sp.S.One), self.form(expr.args[0]))
            up, down = self.wave(argument), self.wave({m: -c for m, c in argument.items()})
            if isinstance(expr, (sp.cosh, sp.cos)):
                return self.times(self.number(sp.QQ(1, 2)), self.add(up, down))
            scale = {_Monomial(1): self.rationals(sp.QQ(-1, 2))} if circular else self.number(sp.QQ(1, 2))
            return self.times(scale, self.add(up, down, -1))
        if isinstance(expr, CorrelationArcsine):
            return self.angle(expr)
        if isinstance(expr, CorrelationAngle):
            return self.add({_UNIT: self.pi / 2}, self.angle(expr), -1)
        if isinstance(expr, HalfLineProbability):
            return self.half_line(*expr.args)
        if isinstance(expr, QuadrantProbability):
            return self.quadrant(*expr.args)
        if isinstance(expr, sp.erfi):
            return self.erfi_named(self.squared(self.form(expr.args[0])), self.sign(expr.args[0]))
        if isinstance(expr, sp.erf):  # of a variable: named by its argument, odd in it
            argument = self.form(expr.args[0])
            sign = self.sign(expr.args[0])
            return self.times(self.number(sign), self.named(("erf", frozenset((m, sign * c) for m, c in argument.items()))))
        if isinstance(expr, sp.erfc):
            return self.add(self.number(1), self.form(sp.erf(expr.args[0])), -1)
        raise ValueError(f"no rule for {expr.func.__name__}")


def _inside(symbol: sp.Basic, index: int) -> sp.Rational:
    """An interior point of the domain: tiny variances, a far smaller covariance."""
    name = str(symbol)
    if name in {"q11", "q22", "q"}:
        return sp.Rational(1, 131 + 10 * index)
    if name == "q12":
        return sp.Rational(1, 2003 + index)
    return sp.Rational(5 + index, 9 + index)


def is_identically_zero(expr: sp.Expr) -> bool:
    """True only where the expression is decided to vanish identically; False decides nothing.  ValueError where it has a part without a rule."""
    return expr == 0 or not _Field(expr).form(expr)
