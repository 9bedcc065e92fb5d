"""Deciding that a closed form is identically zero, for the checkers.  Shares no code with the engine's own normal form.

Every square root of an irreducible polynomial, every exponential of an independent exponent and every correlation arcsine becomes a fresh
symbol; the numerator is then a polynomial, reduced modulo r^2 = polynomial.  An empty remainder proves that the expression is zero; a
remainder proves nothing.
"""

from __future__ import annotations

import sympy as sp

from ntksym.nodes import CorrelationAngle, CorrelationArcsine


class _Symbols:
    """Fresh symbols for the transcendental parts of one expression, and the relations between them."""

    def __init__(self, expr: sp.Expr) -> None:
        self.roots: dict[sp.Expr, sp.Symbol] = {}
        self.waves: dict[sp.Expr, sp.Symbol] = {}
        self.angles: dict[sp.Expr, sp.Symbol] = {}
        self.names = sp.numbered_symbols("k_", positive=True)
        symbols = sorted(expr.free_symbols, key=str)
        self.inside = {s: _inside(s, i) for i, s in enumerate(symbols)}

    def root(self, radicand: sp.Expr) -> sp.Expr:
        """sqrt of a rational function as a product of fresh roots of its irreducible factors, each positive at an interior point."""
        numerator, denominator = sp.fraction(sp.cancel(sp.together(radicand)))
        result: sp.Expr = sp.S.One
        for part, power in ((numerator, 1), (denominator, -1)):
            content, factors = sp.factor_list(part)
            sign = sp.S.One
            for factor, multiplicity in factors:
                value = factor.xreplace(self.inside)
                if value.is_negative:
                    factor, sign = -factor, sign * (-1) ** multiplicity
                result *= self._symbol(factor) ** (power * multiplicity)
            result *= sp.sqrt(content * sign) ** power
        return result

    def _symbol(self, factor: sp.Expr) -> sp.Expr:
        if factor.is_Rational:
            return sp.sqrt(factor)
        return self.roots.setdefault(sp.expand(factor), next(self.names))

    def wave(self, exponent: sp.Expr) -> sp.Expr:
        """exp as a product of fresh symbols, one per monomial of the exponent (a common denominator cleared first)."""
        numerator, denominator = sp.fraction(sp.cancel(sp.together(exponent)))
        result: sp.Expr = sp.S.One
        for term in sp.Add.make_args(sp.expand(numerator)):
            coefficient, rest = term.as_coeff_Mul()
            imaginary = rest.has(sp.I)
            rest = rest.subs(sp.I, 1) if imaginary else rest
            unit = sp.factor(rest / denominator)
            scale, unit = unit.as_coeff_Mul()
            coefficient *= scale
            if unit == 1:
                result *= sp.exp(coefficient * (sp.I if imaginary else 1))
                continue
            base = self.waves.setdefault(sp.I * unit if imaginary else unit, next(self.names))
            result *= base**coefficient
        return result

    def angle(self, node: sp.Expr) -> sp.Expr:
        """arcsin(c / sqrt(ab)): keyed by its sign and its squared sine, so that scale does not matter."""
        a, c, b = node.args
        sine_squared = sp.factor(sp.together(c**2 / (a * b)))
        if sine_squared == 0:
            return sp.S.Zero
        sign = 1 if sp.together(c).xreplace(self.inside) > 0 else -1
        if sine_squared == 1:
            return sign * sp.pi / 2
        return sign * self.angles.setdefault(sine_squared, next(self.names))


def _inside(symbol: sp.Basic, index: int) -> sp.Rational:
    name = str(symbol)
    if name in {"q11", "q22", "q"}:
        return sp.Rational(1, 131 + 10 * index)
    if name == "q12":
        return sp.Rational(1, 2003 + index)
    return sp.Rational(5 + index, 9 + index)


def _replace(expr: sp.Expr, table: _Symbols) -> sp.Expr:
    if isinstance(expr, sp.exp):
        return table.wave(expr.args[0])
    if isinstance(expr, (sp.cosh, sp.sinh, sp.cos, sp.sin)):
        unit = sp.S.One if isinstance(expr, (sp.cosh, sp.sinh)) else sp.I
        up, down = table.wave(unit * expr.args[0]), table.wave(-unit * expr.args[0])
        if isinstance(expr, (sp.cosh, sp.cos)):
            return (up + down) / 2
        return (up - down) / (2 * unit)
    if isinstance(expr, CorrelationArcsine):
        return table.angle(expr)
    if isinstance(expr, CorrelationAngle):
        return sp.pi / 2 - table.angle(expr)
    if isinstance(expr, sp.Pow) and expr.exp.is_Rational and expr.exp.q == 2 and not expr.base.is_Rational:
        return table.root(expr.base) ** expr.exp.p
    if not expr.args:
        return expr
    if isinstance(expr, (sp.Add, sp.Mul, sp.Pow)):
        return expr.func(*(_replace(arg, table) for arg in expr.args))
    raise ValueError(f"no rule for {expr.func.__name__}")


def is_identically_zero(expr: sp.Expr) -> bool:
    """True only where the expression is decided to vanish identically; False decides nothing."""
    if expr == 0:
        return True
    table = _Symbols(expr)
    replaced = _replace(expr, table)
    numerator, _ = sp.fraction(sp.together(replaced))
    numerator = sp.expand(numerator)
    for radicand, symbol in table.roots.items():
        while numerator.has(symbol) and sp.degree(numerator, symbol) >= 2:
            numerator = _reduce_root(numerator, symbol, radicand)
    return sp.expand(numerator) == 0


def _reduce_root(numerator: sp.Expr, symbol: sp.Symbol, radicand: sp.Expr) -> sp.Expr:
    """Replace symbol^(2k) by radicand^k and symbol^(2k+1) by radicand^k symbol."""
    result = []
    for (power,), coefficient in sp.Poly(numerator, symbol).terms():
        result.append(coefficient * radicand ** (power // 2) * symbol ** (power % 2))
    return sp.expand(sp.Add(*result))
