"""Nodes that exist on the page only: letters for functions, a kernel at a layer, a function applied without being evaluated."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.symbol import Str


class Glyph(sp.Expr):
    """A letter: ``Glyph(latex, text)``, both written by ntksym, never by a user."""

    is_commutative = True

    def __new__(cls, latex: str | Str, text: str | Str) -> Glyph:
        return sp.Expr.__new__(cls, Str(str(latex)), Str(str(text)))

    @property
    def latex(self) -> str:
        return str(self.args[0])

    @property
    def text(self) -> str:
        return str(self.args[1])


class Call(sp.Expr):
    """``letter(arguments)``, inert."""

    is_commutative = True

    def __new__(cls, letter: Glyph, *arguments: Any) -> Call:
        return sp.Expr.__new__(cls, letter, *arguments)

    @property
    def letter(self) -> Glyph:
        return self.args[0]

    @property
    def arguments(self) -> tuple[sp.Basic, ...]:
        return self.args[1:]


class AtLayer(sp.Expr):
    """A kernel symbol at a layer: ``AtLayer(K12, l + 1)`` is K^{l+1}(x, x')."""

    is_commutative = True

    def __new__(cls, symbol: sp.Symbol, level: Any) -> AtLayer:
        return sp.Expr.__new__(cls, symbol, level if isinstance(level, Glyph) else sp.Integer(level) if isinstance(level, int) else level)

    @property
    def symbol(self) -> sp.Symbol:
        return self.args[0]

    @property
    def level(self) -> sp.Basic:
        return self.args[1]


class Moment(sp.Expr):
    """``E[integrand]``: under the law the document states once, or under the one that ``mark`` names."""

    is_commutative = True

    @property
    def integrand(self) -> sp.Expr:
        return self.args[0]

    @property
    def mark(self) -> sp.Basic | None:
        return self.args[1] if len(self.args) > 1 else None


class BivariateCDF(sp.Expr):
    r"""$\Phi_2(h, k; \rho) = \mathbb P(X \le h,\,Y \le k)$ for standard normal X, Y with correlation rho: ``BivariateCDF(h, k, rho)``."""

    is_commutative = True
    is_real = True


class Order(sp.Expr):
    """O(argument)."""

    is_commutative = True


class Together(sp.Basic):
    """Several expressions side by side, separated by commas."""
