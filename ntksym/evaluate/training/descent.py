r"""Full-batch gradient descent, heavy ball, and the rules of optax: one compiled loop of any number of steps.

$\theta_{t+1} = \theta_t + \beta(\theta_t - \theta_{t-1}) - \eta\nabla\mathcal L(\theta_t)$ with $\theta_{-1} = \theta_0$; descent is $\beta = 0$.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from ntksym.evaluate.training.problem import Data, Problem

Tree = Any


@functools.partial(jax.jit, static_argnames=("problem", "optimizer"))
def _advance(state: Tree, steps: Any, data: Data, *, problem: Problem, optimizer: Any) -> Tree:
    def heavy_ball(_: Any, now: tuple[Tree, Tree]) -> tuple[Tree, Tree]:
        params, velocity = now
        gradient = problem.gradient(data, params)
        velocity = jax.tree.map(lambda v, g: data.momentum.astype(g.dtype) * v - data.rate.astype(g.dtype) * g, velocity, gradient)
        return jax.tree.map(jnp.add, params, velocity), velocity

    def by_optimizer(_: Any, now: tuple[Tree, Tree]) -> tuple[Tree, Tree]:
        params, memory = now
        updates, memory = optimizer.update(problem.gradient(data, params), memory, params)
        return jax.tree.map(lambda p, u: p + jnp.asarray(u, p.dtype), params, updates), memory

    return jax.lax.fori_loop(0, steps, heavy_ball if optimizer is None else by_optimizer, state)


class Descent:
    """A function on its way down: ``params`` after the steps so far."""

    def __init__(self, problem: Problem, data: Data, optimizer: Any) -> None:
        self._problem, self._data, self._optimizer = problem, data, optimizer
        self._state = (data.origin, jax.tree.map(jnp.zeros_like, data.origin) if optimizer is None else optimizer.init(data.origin))
        self._done = 0
        self.at_rest = None  # a flow may come to rest, steps are all taken

    @property
    def params(self) -> Tree:
        return self._state[0]

    @property
    def steps(self) -> int:
        return self._done

    def advance(self, t: float) -> None:
        """On to step t."""
        if int(t) > self._done:
            self._state = _advance(self._state, int(t) - self._done, self._data, problem=self._problem, optimizer=self._optimizer)
        self._done = int(t)
