"""The one door through which an activation comes in: catalogue name, SymPy expression or text."""

from __future__ import annotations

import difflib
import functools
import math
import numbers
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sympy as sp
from sympy.core.function import FunctionClass, UndefinedFunction

from ntksym.admission import require_admissible
from ntksym.catalogue import LEFT_OUT, SEQUENCE_MOST, SEQUENCES, Activation, catalogue, real_symbol, sequence_names
from ntksym.errors import ActivationError, NtksymError, ParseError
from ntksym.notation import MEANINGS, x
from ntksym.parse import parse_expression, parse_number

# What PyTorch, JAX and Keras call the parameters of the rows.
PARAMETER_SPELLINGS = {"negative_slope": "alpha", "lambd": "t", "threshold": "t", "theta": "t", "value": "c", "default_value": "c", "max_value": "c"}

__all__ = ["Activation", "activation", "catalogue", "sequence_names"]


def activation(spec: Any, *, variable: str | sp.Symbol | None = None, **params: Any) -> Activation:
    """The activation that ``spec`` names: catalogue name, SymPy expression in one free symbol, text, or an Activation.

    ``params`` are default numbers of parameters (exact: 0.1 is 1/10), or n for a family.  ``variable`` says which symbol of an
    expression is the variable; without it that is the only symbol, or the one called x.  ParseError for text outside the grammar;
    ActivationError for an unknown name, an unknown parameter, or a phi that is no function of the real line into the reals, square-integrable
    under a Gaussian (only what is plain to see is decided here).
    """
    if isinstance(spec, Activation):
        return _with(spec, params)
    if isinstance(spec, str):
        key = _key(spec)
        if key in _sequences():
            return _member(_sequences()[key], params)
        row = _by_key().get(key)
        if row is not None:
            return _with(row, params)
        if re.fullmatch(r"\s*[A-Za-z][A-Za-z_0-9-]*\s*", spec):
            raise _unknown(spec.strip())
        return _custom(parse_expression(spec), variable, params, ParseError)
    if isinstance(spec, sp.Lambda):
        if len(spec.variables) != 1:
            raise ActivationError(f"{spec} takes {len(spec.variables)} arguments", where="activation", why="an activation acts on one number")
        return _custom(spec.expr, spec.variables[0], params, ActivationError)
    if isinstance(spec, FunctionClass) and not isinstance(spec, UndefinedFunction):
        return _custom(spec(x), x, params, ActivationError)
    if isinstance(spec, sp.Expr):
        return _custom(spec, variable, params, ActivationError)
    raise ActivationError(
        f"{spec!r} of type {type(spec).__name__}",
        where="activation",
        why="a derivation needs phi as a formula, which a Python function does not give",
        fix='give a catalogue name, a SymPy expression in one symbol, or text such as "max(0, x)"',
    )


def _key(name: str) -> str:
    """A name as it is looked up: ``LeakyReLU``, ``leaky-relu`` and ``leaky_relu`` are one."""
    return re.sub(r"[\s_-]", "", name.lower()).replace("**", "^")


@functools.cache
def _by_key() -> dict[str, Activation]:
    return {_key(name): row for row in catalogue() for name in (row.name, *row.aliases)}


@functools.cache
def _sequences() -> dict[str, str]:
    return {_key(name): name for name in SEQUENCES}


@functools.cache
def _by_phi() -> dict[sp.Expr, Activation]:
    """Rows without parameters by phi multiplied out, so that a formula typed in is recognised."""
    return {sp.expand(row.expr): row for row in catalogue() if not row.defaults}


def _unknown(name: str) -> ActivationError:
    left_out = {_key(entry): said for entry, said in LEFT_OUT.items()}.get(_key(name))
    if left_out is not None:
        return ActivationError(f"{name!r} is no activation", where="catalogue", why=left_out[0], fix=left_out[1])
    spelled = {_key(entry): entry for row in catalogue() for entry in (*row.aliases, row.name)} | _sequences()
    near = [spelled[key] for key in difflib.get_close_matches(_key(name), sorted(spelled), n=4, cutoff=0.55)]
    hint = f"did you mean {', '.join(near)}?" if near else 'see "ntksym list", or give a formula in x such as "max(0, x)"'
    return ActivationError(f"no activation named {name!r}", where="catalogue", fix=hint)


def _member(family: str, params: dict[str, Any]) -> Activation:
    build, least, summary = SEQUENCES[family]
    n = params.get("n")
    if set(params) != {"n"} or isinstance(n, bool) or not isinstance(n, (int, sp.Integer)) or not least <= n <= SEQUENCE_MOST:
        raise ActivationError(
            f"{family} with {params or 'no n'}",
            where="catalogue",
            why=f"the family needs an integer n from {least} to {SEQUENCE_MOST}",
            fix=f'activation("{family}", n=3)',
        )
    phi = sp.Lambda(x, build(int(n)))
    return _by_phi().get(sp.expand(phi(x))) or Activation(f"{family}_{int(n)}", phi, summary=summary.replace("n", str(int(n)), 1))


def _with(row: Activation, params: dict[str, Any]) -> Activation:
    """``row`` with the default numbers in ``params``."""
    if not params:
        return row
    symbols = {s.name: s for s in row.parameters}
    values = dict(row.defaults)
    for given in sorted(params):
        name = given if given in symbols else PARAMETER_SPELLINGS.get(given, given)
        if name in params and name != given:
            raise ActivationError(f"{given!r} and {name!r} are one parameter", where=f"activation {row.name}", fix="give it once")
        if name not in symbols:
            has = f"its parameters are {', '.join(symbols)}" if symbols else "it has none"
            scaled = _by_key().get(_key(f"scaled_{row.name}"))
            hint = f" ({scaled.name} has some)" if scaled else ""
            raise ActivationError(f"no parameter {given!r}", where=f"activation {row.name}", why=has + hint, fix="correct the keyword")
        values[symbols[name]] = _value(name, symbols[name], params[given])
    made = replace(row, defaults=tuple(sorted(values.items(), key=lambda pair: pair[0].name)))
    require_admissible(made.at_defaults(x))
    return made


def _value(name: str, symbol: sp.Symbol, given: Any) -> sp.Expr:
    """The number ``given`` exactly: decimals as they are written."""
    where = f"parameter {name}"
    if isinstance(given, str):
        value = parse_number(given)
    elif isinstance(given, sp.Expr):
        value = _exact(given)
    elif isinstance(given, numbers.Integral) and not isinstance(given, bool):
        value = sp.Integer(int(given))
    elif isinstance(given, numbers.Real) and not isinstance(given, bool):
        if not math.isfinite(float(given)):
            raise ActivationError(f"{given!r}", where=where, why="a parameter is a finite number", fix="correct it")
        value = sp.Rational(given.numerator, given.denominator) if isinstance(given, numbers.Rational) else sp.Rational(str(given))
    else:
        hint = "traced values go to the generated function: k(x1, x2, alpha=...)"
        raise ActivationError(f"{type(given).__name__} {given!r}"[:120], where=where, why="a default is a plain number", fix=hint)
    if value.free_symbols or value.is_real is False or value.is_finite is False:
        raise ActivationError(f"{value}", where=where, why="a default is a finite real number", fix="correct it")
    for property_, said in _RANGES:
        if getattr(symbol, f"is_{property_}") and getattr(value, f"is_{property_}") is not True:
            raise ActivationError(f"{value}", where=where, why=f"this parameter is {said}: what is derived holds there only", fix=f"give a {said} number")
    return value


# Assumptions a parameter may carry, and how they are said.
_RANGES = (
    ("positive", "positive"),
    ("negative", "negative"),
    ("nonnegative", "nonnegative"),
    ("nonpositive", "nonpositive"),
    ("integer", "whole"),
    ("rational", "rational"),
    ("nonzero", "nonzero"),
)


def _exact(expr: sp.Expr) -> sp.Expr:
    """Floats become the rationals they are written as."""
    floats = sorted(expr.atoms(sp.Float), key=str)
    return expr.xreplace({f: sp.Rational(str(float(f))) for f in floats if f.is_finite})


def _custom(expr: sp.Expr, variable: str | sp.Symbol | None, params: dict[str, Any], error: type[NtksymError]) -> Activation:
    """An activation from an expression: the variable becomes x, plain symbols become real, and phi must be admissible."""
    expr = _exact(expr)
    symbols = sorted((s for s in expr.free_symbols if isinstance(s, sp.Symbol)), key=lambda s: s.name)
    chosen = _choose(expr, symbols, variable, error)
    if chosen.is_commutative is False or chosen.is_real is False:
        raise error(f"the variable {chosen.name!r} is no real number", where="activation", why="an activation acts on a real number", fix="use a real symbol")
    renamed: dict[sp.Basic, sp.Basic] = {chosen: x}
    for symbol in symbols:
        if symbol is chosen or symbol == chosen:
            continue
        _require_parameter_name(symbol, error)
        if symbol.is_real is None:
            renamed[symbol] = real_symbol(symbol.name)
    phi = sp.Lambda(x, expr.xreplace(renamed))
    require_admissible(phi(x))
    known = _by_phi().get(sp.expand(phi(x)))
    return known if known is not None and not params else _with(Activation("phi", phi, summary=str(phi(x))), params)


def _choose(expr: sp.Expr, symbols: Sequence[sp.Symbol], variable: str | sp.Symbol | None, error: type[NtksymError]) -> sp.Symbol:
    names = [s.name for s in symbols]
    shown = str(expr)[:80]
    if len(set(names)) != len(names):
        raise error(
            f"two different symbols of one name in {shown}", where="activation", why=f"their assumptions differ: {', '.join(names)}", fix="use one symbol"
        )
    if variable is not None:
        wanted = variable.name if isinstance(variable, sp.Symbol) else variable
        if wanted not in names:
            raise error(f"no symbol {wanted!r} in {shown}", where="activation", why=f"its symbols are {', '.join(names) or 'none'}", fix="name one of them")
        return symbols[names.index(wanted)]
    if len(symbols) == 1:
        return symbols[0]
    if "x" in names:
        return symbols[names.index("x")]
    if not symbols:
        raise error(f"{shown} has no variable", where="activation", why="a constant passes no information on", fix="write a formula in x")
    raise error(
        f"{shown} has the symbols {', '.join(names)}",
        where="activation",
        why="none of them is x, so the variable is not known",
        fix='say which: variable="..."',
    )


def _require_parameter_name(symbol: sp.Symbol, error: type[NtksymError]) -> None:
    if symbol.name in MEANINGS and MEANINGS[symbol.name].reserved:
        meaning = MEANINGS[symbol.name].stands_for
        raise error(
            f"a parameter named {symbol.name!r}",
            where="activation",
            why=f"that letter stands for the {meaning}",
            fix=f"rename it, for instance {symbol.name}_0",
        )
    if symbol.is_real is False or symbol.is_finite is False:
        raise error(f"the parameter {symbol.name!r} is not real", where="activation", why="phi maps reals to reals", fix="use a real symbol")
