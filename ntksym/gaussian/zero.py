"""Deciding that a closed form is identically zero, for the checkers.  Shares no code with the engine's own normal form.

Every square root of a prime or of an irreducible polynomial, every independent exponential and every correlation arcsine becomes a fresh symbol,
so do pi and i.  What is left is a rational function; its numerator is reduced modulo r^2 = radicand and i^2 = -1.  An empty remainder proves
that the expression is zero; a remainder proves nothing.
"""

from __future__ import annotations

import sympy as sp
from sympy.polys.fields import FracField

from ntksym.nodes import CorrelationAngle, CorrelationArcsine

_I = sp.Symbol("i_")
_PI = sp.Symbol("pi_", positive=True)
# Exponents are read in units of 1/_GRAIN, so that exp(x/2) and exp(x/8) are powers of one symbol.
_GRAIN = 480


class _Symbols:
    """Fresh symbols for the transcendental parts of one expression, and the relations between them."""

    def __init__(self, expr: sp.Expr) -> None:
        self.roots: dict[sp.Expr, sp.Symbol] = {}
        self.waves: dict[sp.Expr, sp.Symbol] = {}
        self.angles: dict[sp.Expr, sp.Symbol] = {}
        self.names = sp.numbered_symbols("k_", positive=True)
        # One denominator for all exponents, so that equal monomials of equal exponents meet in one symbol.
        denominators = [_fraction(argument)[1].as_content_primitive()[1] for argument in _exponents(expr)]
        self.denominator = sp.lcm_list(denominators) if denominators else sp.S.One
        self.inside = {s: _inside(s, i) for i, s in enumerate(sorted(expr.free_symbols, key=str))}

    def root(self, radicand: sp.Expr) -> sp.Expr:
        """Sqrt of a rational function as a product of fresh roots of its irreducible factors, each positive at an interior point."""
        numerator, denominator = _fraction(radicand)
        result: sp.Expr = sp.S.One
        for part, power in ((numerator, 1), (denominator, -1)):
            content, factors = sp.factor_list(part)
            for factor, multiplicity in factors:
                if factor.xreplace(self.inside).is_negative:
                    factor, content = -factor, content * (-1) ** multiplicity
                result *= self._root_of(sp.expand(factor)) ** (power * multiplicity)
            result *= self._number(sp.Rational(content)) ** power
        return result

    def _root_of(self, radicand: sp.Expr) -> sp.Symbol:
        return self.roots.setdefault(radicand.xreplace({sp.pi: _PI}), next(self.names))

    def _number(self, value: sp.Rational) -> sp.Expr:
        result: sp.Expr = _I if value < 0 else sp.S.One
        for part, power in ((abs(value.p), 1), (value.q, -1)):
            for prime, multiplicity in sp.factorint(part).items():
                result *= sp.Integer(prime) ** (power * (multiplicity // 2))
                if multiplicity % 2:
                    result *= self._root_of(sp.Integer(prime)) ** power
        return result

    def wave(self, exponent: sp.Expr) -> sp.Expr:
        """Exp as a product of fresh symbols, one per monomial of the exponent over its common denominator."""
        numerator, content = _fraction(exponent * self.denominator)
        denominator = self.denominator
        result: sp.Expr = sp.S.One
        for term in sp.Add.make_args(sp.expand(numerator)):
            coefficient, unit = term.as_coeff_Mul()
            if unit == sp.I * sp.pi and denominator == 1:
                # A root of unity: SymPy's own value of it.
                result *= _replace(sp.expand_complex(sp.exp(term / content)), self)
                continue
            power = coefficient * _GRAIN / content
            if not power.is_Integer:
                raise ValueError(f"the exponent {exponent} is finer than 1/{_GRAIN}")
            result *= self.waves.setdefault(unit / denominator, next(self.names)) ** power
        return result

    def error_function(self, argument: sp.Expr) -> sp.Expr:
        """Erf of an expanded argument, odd in it."""
        if argument.could_extract_minus_sign():
            return -self.angles.setdefault(sp.erf(-argument), next(self.names))
        return self.angles.setdefault(sp.erf(argument), next(self.names))

    def angle(self, node: sp.Expr) -> sp.Expr:
        """arcsin(c / sqrt(ab)): keyed by its sign and its squared sine, so that scale does not matter."""
        a, c, b = node.args
        numerator, denominator = _fraction(c**2 / (a * b))
        sine_squared = numerator / denominator
        if sine_squared == 0:
            return sp.S.Zero
        sign = 1 if sp.together(c).xreplace(self.inside) > 0 else -1
        if sine_squared == 1:
            return sign * _PI / 2
        return sign * self.angles.setdefault(sine_squared, next(self.names))


def _fraction(expr: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Numerator and denominator of a rational function in lowest terms, both expanded; pi and i count as symbols."""
    plain = expr.xreplace({sp.pi: _PI, sp.I: _I})
    try:
        element = FracField(sorted(plain.free_symbols, key=str), sp.ZZ).from_expr(plain)
    except ValueError:  # a coefficient outside Q, say sqrt(2)
        return sp.fraction(sp.cancel(sp.together(expr)))
    back = {_PI: sp.pi, _I: sp.I}
    return element.numer.as_expr().xreplace(back), element.denom.as_expr().xreplace(back)


def _exponents(expr: sp.Expr) -> list[sp.Expr]:
    """The arguments of all exponential and circular functions, in a fixed order."""
    return [node.args[0] for node in sorted(expr.atoms(sp.exp, sp.cosh, sp.sinh, sp.cos, sp.sin), key=sp.default_sort_key)]


def _inside(symbol: sp.Basic, index: int) -> sp.Rational:
    """An interior point of the domain: tiny variances, a far smaller covariance."""
    name = str(symbol)
    if name in {"q11", "q22", "q"}:
        return sp.Rational(1, 131 + 10 * index)
    if name == "q12":
        return sp.Rational(1, 2003 + index)
    return sp.Rational(5 + index, 9 + index)


def _replace(expr: sp.Expr, table: _Symbols) -> sp.Expr:
    if expr == sp.I:
        return _I
    if expr == sp.pi:
        return _PI
    if isinstance(expr, sp.exp):
        return table.wave(expr.args[0])
    if isinstance(expr, (sp.cosh, sp.sinh, sp.cos, sp.sin)):
        circular = isinstance(expr, (sp.cos, sp.sin))
        up, down = (table.wave(sign * (sp.I if circular else 1) * expr.args[0]) for sign in (1, -1))
        if isinstance(expr, (sp.cosh, sp.cos)):
            return (up + down) / 2
        return (up - down) / (2 * (_I if circular else 1))
    if isinstance(expr, CorrelationArcsine):
        return table.angle(expr)
    if isinstance(expr, sp.erf):
        return table.error_function(sp.expand(expr.args[0]))
    if isinstance(expr, CorrelationAngle):
        return _PI / 2 - table.angle(expr)
    if isinstance(expr, sp.Pow) and expr.exp.is_Rational and expr.exp.q == 2:
        return table.root(expr.base) ** expr.exp.p
    if not expr.args:
        return expr
    if isinstance(expr, (sp.Add, sp.Mul)) or (isinstance(expr, sp.Pow) and expr.exp.is_Integer):
        return expr.func(*(_replace(arg, table) for arg in expr.args))
    raise ValueError(f"no rule for {expr.func.__name__}")


def is_identically_zero(expr: sp.Expr) -> bool:
    """True only where the expression is decided to vanish identically; False decides nothing.  ValueError where it has a part without a rule."""
    if expr == 0:
        return True
    table = _Symbols(expr)
    replaced = _replace(expr, table)
    if replaced == 0:
        return True
    relations = [(symbol, radicand) for radicand, symbol in table.roots.items()] + [(_I, sp.S.NegativeOne)]
    # Roots come first in the lexicographic order, so that r^2 leads its relation and is what gets replaced.
    leading = [symbol for symbol, _ in relations]
    others = (replaced.free_symbols | {s for _, r in relations for s in r.free_symbols}) - set(leading)
    rationals = FracField([*leading, *sorted(others, key=str)], sp.QQ)
    numerator = rationals.from_expr(replaced).numer
    return numerator.rem([rationals.ring.from_expr(symbol**2 - radicand) for symbol, radicand in relations]) == 0
