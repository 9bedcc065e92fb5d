"""A function of parameters and its Taylor polynomials around given parameters."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ntksym.errors import NetworkError, ShapeError
from ntksym.evaluate.finite.network_functions import apply_fn as apply_of
from ntksym.network import Network

Tree = Any
Function = Callable[..., Any]


def linearize(apply_fn: Function | Network, params: Tree) -> Function:
    r"""$f^{\mathrm{lin}}(x; \theta) = f(x; \theta_0) + \nabla_\theta f(x; \theta_0) \cdot (\theta - \theta_0)$ as a function of (params, x, ...).

    ``apply_fn``: a function of (params, x, ...) with any pytree of floats as params, or a Network; ``params`` is theta_0.  The tangent kernel of f^lin is that
    of f at theta_0, and does not move in training (Lee et al. 2019).  ShapeError where params of another structure are given.

        f_lin = ntksym.linearize(ntksym.apply_fn(network), params)
    """
    return taylor_expand(apply_fn, params, 1)


def taylor_expand(apply_fn: Function | Network, params: Tree, order: int) -> Function:
    r"""The Taylor polynomial of ``apply_fn`` of this order in the parameters around ``params``.

    $\sum_{m\le M} \frac1{m!} \partial_t^m f(x; \theta_0 + t(\theta - \theta_0))|_{t=0}$, by nested forward mode; arguments as in :func:`linearize`.
    At a kink of an activation the derivatives are those from the right.

        f_quadratic = ntksym.taylor_expand(ntksym.apply_fn(network), params, 2)
    """
    where = "taylor_expand"
    if isinstance(order, bool) or not hasattr(order, "__index__") or int(order) < 0:
        raise NetworkError(f"order={order!r}", where=where, why="it counts derivatives", fix="give an integer from 0 on")
    function = apply_of(apply_fn) if isinstance(apply_fn, Network) else apply_fn
    if not callable(function):
        raise NetworkError(
            f"{apply_fn!r} is neither a network nor a function", where=where, fix="give ntksym.apply_fn(network), or a function apply_fn(params, x)"
        )
    shapes = jax.tree.map(jnp.shape, params)
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if not jnp.issubdtype(jnp.result_type(leaf), jnp.floating):
            raise ShapeError(
                f"params{jax.tree_util.keystr(path)} has dtype {jnp.result_type(leaf)}",
                where=where,
                why="a Taylor polynomial is one in real numbers",
                fix="bind arrays that are not trained inside apply_fn",
            )

    def polynomial(moved: Tree, *args: Any, **keywords: Any) -> Any:
        if jax.tree.structure(moved) != jax.tree.structure(params) or jax.tree.map(jnp.shape, moved) != shapes:
            raise ShapeError(
                "params of another structure", where=where, why="they are moved from those it was expanded around", fix="give the same pytree of arrays"
            )
        step = jax.tree.map(jnp.subtract, moved, params)

        def along(t: Any) -> Any:
            return function(jax.tree.map(lambda p, d: p + t.astype(p.dtype) * d, params, step), *args, **keywords)

        zero = jnp.zeros((), jnp.result_type(*jax.tree.leaves(params)))
        total, derivative = None, along
        for m in range(int(order) + 1):
            term = jax.tree.map(lambda value, m=m: value / math.factorial(m), derivative(zero))
            total = term if total is None else jax.tree.map(jnp.add, total, term)
            derivative = _derivative(derivative)
        return total

    return polynomial


def _derivative(function: Function) -> Function:
    return lambda t: jax.jvp(function, (t,), (jnp.ones_like(t),))[1]
