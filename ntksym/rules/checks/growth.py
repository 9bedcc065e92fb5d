"""How fast a function grows, read off its formula: an upper bound that decides which moments exist."""

from __future__ import annotations

from enum import IntEnum

import sympy as sp


class Growth(IntEnum):
    """|f(x)| is at most: a constant, a polynomial, exp(c|x|), or something not decided here."""

    BOUNDED = 0
    POLYNOMIAL = 1
    EXPONENTIAL = 2
    UNDECIDED = 3


_BOUNDED = (sp.sin, sp.cos, sp.tanh, sp.erf, sp.erfc, sp.atan, sp.sign, sp.Heaviside)


def growth(function: sp.Lambda) -> Growth:
    """The growth of a function of one real variable; UNDECIDED where no rule below applies."""
    return _growth(function.expr.doit(), function.variables[0])


def _growth(expression: sp.Expr, x: sp.Symbol) -> Growth:
    if x not in expression.free_symbols:
        return Growth.BOUNDED
    if expression == x:
        return Growth.POLYNOMIAL
    if isinstance(expression, sp.DiracDelta) or expression.has(sp.DiracDelta):
        return _growth(expression.replace(sp.DiracDelta, lambda *_: sp.S.Zero), x)
    if isinstance(expression, sp.Add | sp.Mul | sp.Max | sp.Min):
        return max(_growth(part, x) for part in expression.args)
    if isinstance(expression, sp.Abs):
        return _growth(expression.args[0], x)
    if isinstance(expression, sp.Piecewise):
        return max(_growth(piece.args[0], x) for piece in expression.args)
    if isinstance(expression, _BOUNDED):
        return Growth.BOUNDED
    if isinstance(expression, sp.exp):
        return _exponential(expression.args[0], x)
    if isinstance(expression, sp.cosh | sp.sinh):
        return max(_exponential(expression.args[0], x), _exponential(-expression.args[0], x))
    if isinstance(expression, sp.Pow):
        return _power(expression, x)
    if isinstance(expression, sp.log) and _away_from_zero(expression.args[0], x):
        return min(_growth(expression.args[0], x), Growth.POLYNOMIAL) if _growth(expression.args[0], x) is not Growth.UNDECIDED else Growth.UNDECIDED
    return Growth.UNDECIDED


def _exponential(argument: sp.Expr, x: sp.Symbol) -> Growth:
    if not argument.is_polynomial(x):
        return (
            Growth.EXPONENTIAL
            if isinstance(argument, sp.Abs) and argument.args[0].is_polynomial(x) and sp.degree(argument.args[0], x) <= 1
            else Growth.UNDECIDED
        )
    degree, leading = sp.degree(argument, x), sp.LC(argument, x)
    if degree <= 1:
        return Growth.EXPONENTIAL
    return Growth.BOUNDED if degree % 2 == 0 and leading.is_negative else Growth.UNDECIDED


def _power(expression: sp.Pow, x: sp.Symbol) -> Growth:
    base, exponent = expression.args
    if not exponent.is_number or not exponent.is_real:
        return _exponential(exponent, x) if base.is_positive and x not in base.free_symbols else Growth.UNDECIDED
    if exponent > 0:
        return _growth(base, x)
    return Growth.BOUNDED if _away_from_zero(base, x) else Growth.UNDECIDED


def _away_from_zero(base: sp.Expr, x: sp.Symbol) -> bool:
    """Whether base >= c > 0 for all real x: a positive constant plus what is not negative."""
    constant, rest = base.as_independent(x, as_Add=True)
    if not constant.is_positive:
        return isinstance(base, sp.cosh)
    return all(part.is_nonnegative for part in sp.Add.make_args(rest))
