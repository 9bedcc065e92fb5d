"""Activations as jax functions of every order of differentiation: phi by its expression, its derivatives by the pieces between its kinks.

Autodiff never looks inside: the rule of phi is phi', that of phi' is phi'', each an expression of its own.  So nothing is NaN where the mathematics is finite,
and at a kink or jump the derivative is the one from the right: relu'(0) = 1, the selection of the notes.  (jax.nn.relu takes 0 there.)
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import sympy as sp

from ntksym.evaluate.finite.expressions import expression_values
from ntksym.gaussian.evaluation import NoNumbersError
from ntksym.gaussian.smooth_pieces import smooth_pieces
from ntksym.lowering.numeric import HeldExp, stable_on_line
from ntksym.notation import x

Array = Any


@functools.lru_cache(maxsize=256)
def scalar_function(phi: sp.Expr, where: str) -> Callable[[Array], Array]:
    """The jax function of ``phi``, an expression in :data:`ntksym.notation.x` with numbers for its parameters; any shape, float32 or float64."""
    return _differentiable(phi, 0, where)


@functools.lru_cache(maxsize=1024)
def _differentiable(phi: sp.Expr, order: int, where: str) -> Callable[[Array], Array]:
    """The derivative of this order, with the next one as its rule."""

    @jax.custom_jvp
    def function(point: Array) -> Array:
        if order == 0:
            return _values(stable_on_line(phi), point, where)
        thresholds, pieces = _derivative(phi, order)
        out = _values(_almost_everywhere(pieces[0]), point, where)
        for threshold, piece in zip(thresholds, pieces[1:], strict=True):
            out = jnp.where(point >= threshold, _values(_almost_everywhere(piece), point, where), out)
        return out

    @function.defjvp
    def rule(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
        return function(*primals), _differentiable(phi, order + 1, where)(*primals) * tangents[0]

    return function


@functools.lru_cache(maxsize=1024)
def _derivative(phi: sp.Expr, order: int) -> tuple[tuple[float, ...], tuple[sp.Expr, ...]]:
    """Where the derivative of this order changes its formula, and its formulas."""
    if order > 0:
        thresholds, pieces = _derivative(phi, order - 1)
        return thresholds, tuple(sp.diff(piece, x) for piece in pieces)
    try:
        found = smooth_pieces(phi)
    except NoNumbersError:  # kinks that are not found on the line: then by the nodes of the expression
        return (), (stable_on_line(phi),)
    return tuple(float(sp.N(t, 20)) for t in found.thresholds), tuple(stable_on_line(piece) for piece in found.exprs)


def _almost_everywhere(expr: sp.Expr) -> sp.Expr:
    """Without what sits at single points, and with exponentials that stay finite."""
    return expr.replace(sp.DiracDelta, lambda *_: sp.S.Zero).replace(sp.exp, HeldExp)


def _values(expr: sp.Expr, point: Array, where: str) -> Array:
    found = expression_values(expr, {sp.Symbol: lambda node, _: point}, where)
    return found if isinstance(found, jax.Array) else jnp.full_like(point, found)
