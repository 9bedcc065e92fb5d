r"""What is trained: $\mathcal L(f(X; \theta), Y) + \frac r2 \|\theta - \theta_0\|^2$ of a function, or of its linearization at theta_0."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ntksym.evaluate.finite import linearize
from ntksym.evaluate.training.losses import Loss

Array = Any
Tree = Any


class Data(NamedTuple):
    """The arrays of a problem: parameters at the start, training inputs and targets, and three scalars."""

    origin: Tree
    x: Array
    y: Array
    rate: Array
    momentum: Array
    ridge: Array


@dataclass(frozen=True)
class Problem:
    """The part of a problem that is code: equal problems share what is compiled."""

    apply: Callable[[Tree, Array], Array]
    loss: Loss
    linear: bool

    def function(self, origin: Tree) -> Callable[[Tree, Array], Array]:
        """The function of (params, x) that is trained."""
        return linearize(self.apply, origin) if self.linear else self.apply

    def gradient(self, data: Data, params: Tree) -> Tree:
        r"""$J^\top \nabla_f \mathcal L + r\,(\theta - \theta_0)$."""
        function = self.function(data.origin)
        gradient = jax.grad(lambda p: self.loss(function(p, data.x), data.y))(params)
        return jax.tree.map(lambda g, p, o: g + data.ridge.astype(p.dtype) * (p - o), gradient, params, data.origin)


class Sight(NamedTuple):
    """What is seen at some parameters: loss, outputs, and the norms of what every leaf has moved by, (leaves,)."""

    loss: Array
    f_train: Array
    f_test: Array | None
    norms: Array


@functools.partial(jax.jit, static_argnames="problem")
def observe(problem: Problem, data: Data, params: Tree, x_test: Array | None) -> Sight:
    """Look at the function at these parameters."""
    function = problem.function(data.origin)
    f = function(params, data.x)
    moved = jax.tree.map(lambda p, o: jnp.linalg.norm((p - o).ravel()).astype(f.dtype), params, data.origin)
    return Sight(problem.loss(f, data.y), f, None if x_test is None else function(params, x_test), jnp.stack(jax.tree.leaves(moved)))
