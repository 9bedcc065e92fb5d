"""What a row of the catalogue is, and how its files write one."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from ntksym.notation import x
from ntksym.serialize import register
from ntksym.sources import Citation


@register
@dataclass(frozen=True)
class Activation:
    """``phi`` is a Lambda in :data:`ntksym.notation.x`; its other symbols are parameters, ``defaults`` their default numbers.

    A parameter of the user's without an entry in ``defaults`` has no default: generated code then requires the keyword.
    """

    name: str
    phi: sp.Lambda
    defaults: tuple[tuple[sp.Symbol, sp.Expr], ...] = ()
    aliases: tuple[str, ...] = ()
    source: Citation | None = None
    summary: str = ""

    @property
    def expr(self) -> sp.Expr:
        """The expression phi(x).  (Not ``phi.expr``: SymPy gives the identity a variable of its own.)"""
        return self.phi(x)

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """The parameters of phi, by name."""
        return tuple(sorted((s for s in self.phi.free_symbols if isinstance(s, sp.Symbol)), key=lambda s: s.name))

    @property
    def at_defaults(self) -> sp.Lambda:
        """The activation with every default put in."""
        return sp.Lambda(x, self.expr.xreplace(dict(self.defaults)))


def default_texts(row: Activation) -> tuple[str, ...]:
    """The defaults as NAME=VALUE; numbers that end as decimals are written so where the fraction is longer to read."""
    return tuple(f"{symbol.name}={_number_text(value)}" for symbol, value in row.defaults)


def _number_text(value: sp.Expr) -> str:
    if isinstance(value, sp.Rational) and value.q > 8 and set(sp.factorint(value.q)) <= {2, 5}:
        digits = max(sp.multiplicity(prime, value.q) for prime in (2, 5))
        whole = str(abs(value.p) * 10**digits // value.q).rjust(digits + 1, "0")
        return f"{'-' * bool(value < 0)}{whole[:-digits]}.{whole[-digits:]}"
    return str(value)


@dataclass(frozen=True)
class Family:
    """Rows of one kind: ``key`` for commands and file names, ``title`` and ``summary`` for readers."""

    key: str
    title: str
    summary: str
    rows: tuple[Activation, ...]


def real(name: str) -> sp.Symbol:
    """A parameter that may be any real number."""
    return sp.Symbol(name, real=True)


def positive(name: str) -> sp.Symbol:
    """A parameter that is a positive number."""
    return sp.Symbol(name, positive=True)


def row(name: str, expr: sp.Expr, summary: str, *aliases: str, source: tuple[str, str] | None = None, **defaults: sp.Expr | int) -> Activation:
    """A row; ``defaults`` are by the names of the parameters, ``source`` is (key of a publication, place in it)."""
    found = {s.name: s for s in expr.free_symbols - {x} if isinstance(s, sp.Symbol)}
    pairs = tuple((found[key], sp.sympify(defaults[key], strict=True)) for key in sorted(defaults))
    return Activation(name, sp.Lambda(x, expr), pairs, aliases, Citation(*source) if source else None, summary)


up, down = sp.Max(0, x), sp.Min(0, x)
half = sp.Rational(1, 2)
# The layers of neural-tangents, cited where a row follows one of them.
STAX = ("novak2020", "stax elementwise layers")
