"""Numbers of a SymPy expression: its nodes as jax operations, by walking it."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special
import sympy as sp

from ntksym.errors import LoweringError
from ntksym.lowering.numeric import HeldExp, Log1p, LogCosh, Sech, Sigmoid, Softplus, Tanh
from ntksym.nodes import Indicator, NormalCDF, NormalPDF

Array = Any
Leaf = Callable[[Any, Callable[[sp.Basic], Array]], Array]


def _held_exp(y: Array) -> Array:
    """exp(y), finite where it would overflow: it then saturates something, and inf times 0 would be NaN."""
    return jnp.exp(jnp.minimum(y, math.log(float(jnp.finfo(y.dtype).max)) - 5))


def _sech(y: Array) -> Array:
    decay = jnp.exp(-jnp.abs(y))
    return 2 * decay / (1 + decay * decay)


def _step(y: Array, *_: Array) -> Array:
    """1{y >= 0}."""
    return jnp.where(y >= 0, jnp.ones_like(y), jnp.zeros_like(y))


_HEADS: dict[type[sp.Basic], Callable[..., Array]] = {
    sp.exp: jnp.exp,
    sp.log: jnp.log,
    sp.sin: jnp.sin,
    sp.cos: jnp.cos,
    sp.tan: jnp.tan,
    sp.sinh: jnp.sinh,
    sp.cosh: jnp.cosh,
    sp.tanh: jnp.tanh,
    sp.asinh: jnp.arcsinh,
    sp.acosh: jnp.arccosh,
    sp.atanh: jnp.arctanh,
    sp.atan: jnp.arctan,
    sp.asin: jnp.arcsin,
    sp.acos: jnp.arccos,
    sp.erf: jax.scipy.special.erf,
    sp.erfc: jax.scipy.special.erfc,
    sp.Abs: jnp.abs,
    sp.sign: jnp.sign,
    sp.Heaviside: _step,
    Indicator: _step,
    NormalCDF: jax.scipy.special.ndtr,
    NormalPDF: lambda y: jnp.exp(-(y * y) / 2) * 0.3989422804014327,
    Sigmoid: jax.nn.sigmoid,
    Softplus: jax.nn.softplus,
    Tanh: jnp.tanh,
    Sech: _sech,
    LogCosh: lambda y: jnp.abs(y) + jnp.log1p(jnp.exp(-2 * jnp.abs(y))) - 0.6931471805599453,
    Log1p: jnp.log1p,
    HeldExp: _held_exp,
    sp.StrictLessThan: operator.lt,
    sp.LessThan: operator.le,
    sp.StrictGreaterThan: operator.gt,
    sp.GreaterThan: operator.ge,
    sp.Equality: operator.eq,
    sp.Unequality: operator.ne,
    sp.Not: jnp.logical_not,
}
_CHAINS: dict[type[sp.Basic], Callable[[Array, Array], Array]] = {
    sp.Add: operator.add,
    sp.Mul: operator.mul,
    sp.Max: jnp.maximum,
    sp.Min: jnp.minimum,
    sp.And: jnp.logical_and,
    sp.Or: jnp.logical_or,
}


def expression_values(expr: sp.Basic, leaves: Mapping[type[sp.Basic], Leaf], where: str) -> Array:
    """``expr`` as an array: nodes of a type in ``leaves`` are what that function says (it gets the node and the walk itself), the others jax operations.

    A part without leaves is a Python number, which takes the dtype of the arrays it meets.  LoweringError for a node without code.
    """
    kinds = tuple(leaves)
    known: dict[sp.Basic, Array] = {}

    def value(node: sp.Basic) -> Array:
        if node not in known:
            known[node] = computed(node)
        return known[node]

    def computed(node: sp.Basic) -> Array:
        for kind, leaf in leaves.items():
            if isinstance(node, kind):
                return leaf(node, value)
        if not node.has(*kinds):
            return _constant(node, where)
        if isinstance(node, sp.Pow):
            return _power(node, value, where)
        if isinstance(node, sp.Piecewise):
            return _piecewise(node, value)
        arguments = [value(argument) for argument in node.args]
        if type(node) in _CHAINS:
            return functools.reduce(_CHAINS[type(node)], arguments)
        if type(node) in _HEADS:
            return _HEADS[type(node)](*arguments)
        raise _no_code(type(node).__name__, where)

    return value(expr)


def _constant(node: sp.Basic, where: str) -> float | bool:
    if node in (sp.true, sp.false):
        return node == sp.true
    if node.free_symbols:
        names = ", ".join(sorted(str(symbol) for symbol in node.free_symbols))
        raise LoweringError(
            f"{names} has no number", where=where, why="a finite network computes with numbers", fix="give the number where the network is made"
        )
    number = sp.N(node, 20)
    if not number.is_real:
        raise _no_code(str(node), where)
    return float(number)


def _power(node: sp.Pow, value: Callable[[sp.Basic], Array], where: str) -> Array:
    exponent = node.exp
    if exponent.is_Rational and exponent < 0:
        return 1 / value(sp.Pow(node.base, -exponent))
    base = value(node.base)
    if exponent == sp.S.Half:
        return jnp.sqrt(base)
    if exponent.is_Integer:
        return base ** int(exponent)
    if not isinstance(base, jax.Array):
        return jnp.exp(value(exponent) * float(sp.log(node.base)))
    return base ** value(exponent)


def _piecewise(node: sp.Piecewise, value: Callable[[sp.Basic], Array]) -> Array:
    out: Array = jnp.nan
    for branch, condition in reversed([pair.args for pair in node.args]):
        out = value(branch) if condition == sp.true else jnp.where(value(condition), value(branch), out)
    return out


def _no_code(what: str, where: str) -> LoweringError:
    return LoweringError(
        f"there is no code for {what}",
        where=where,
        why="the formula holds a function that a finite network does not know",
        fix="write it with elementary functions",
    )
