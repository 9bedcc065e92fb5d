r"""Gradient flow in parameter space by diffrax (the extra ``flow``).

$\dot w_t = -\eta\,\nabla_\theta\big(\mathcal L + \frac r2\|w_t\|^2\big)$ with $\theta_t = \theta_0 + w_t$;
with momentum, $\ddot w_t + (1 - \beta)\dot w_t$ stands on the left.

An explicit Runge-Kutta pair with step control: the number of steps grows like $\eta\lambda_{\max} t$, for no implicit method can factor a matrix of the
size of the parameters.  The state is w and not theta, so that the error is measured against the distance moved.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ntksym.errors import DataError, NetworkError
from ntksym.evaluate.training.problem import Data, Problem

try:
    import diffrax
except ImportError:  # an extra; said when a flow is asked for
    diffrax = None

Array = Any
Tree = Any


def require_diffrax(where: str) -> None:
    """NetworkError where the extra is missing."""
    if diffrax is None:
        raise NetworkError("diffrax is not installed", where=where, why="it integrates the flow in parameter space", fix='pip install "ntksym[flow]"')


def _size(tree: Tree) -> Array:
    return jnp.sqrt(sum(jnp.sum(leaf.astype(jnp.result_type(float)) ** 2) for leaf in jax.tree.leaves(tree)))


def _velocity(t: Any, state: Tree, args: tuple[Data, Any], *, problem: Problem, second: bool) -> Tree:
    data, _ = args
    moved, speed = state if second else (state, None)
    gradient = problem.gradient(data, jax.tree.map(jnp.add, data.origin, moved))
    if not second:
        return jax.tree.map(lambda g: -data.rate.astype(g.dtype) * g, gradient)
    return speed, jax.tree.map(lambda v, g: -(1 - data.momentum).astype(g.dtype) * v - data.rate.astype(g.dtype) * g, speed, gradient)


@functools.partial(jax.jit, static_argnames=("problem", "max_steps", "resting", "second"))
def _advance(
    state: Tree, start: Array, end: Array, data: Data, tolerance: Array, rest: Array, *, problem: Problem, max_steps: int, resting: bool, second: bool
) -> Any:
    """The state at ``end``, or, if ``resting``, where the gradient is as small as ``rest``; that time, the steps, whether it rests, whether it got there."""
    velocity = functools.partial(_velocity, problem=problem, second=second)
    count = sum(leaf.size for leaf in jax.tree.leaves(state))

    def slow(t: Any, y: Tree, args: tuple[Data, Array], **_: Any) -> Array:
        return _size(velocity(t, y, args)) <= args[1] * args[0].rate.astype(args[1].dtype)

    wide = tolerance.dtype == jnp.float64
    found = diffrax.diffeqsolve(
        diffrax.ODETerm(velocity),
        diffrax.Dopri8() if wide else diffrax.Tsit5(),
        start,
        end,
        None,
        state,
        (data, rest),
        # the norm of the error is a root mean square over entries: this bounds its sum of squares by tolerance * (1 + |w|)
        stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance / math.sqrt(count)),
        saveat=diffrax.SaveAt(t1=True),
        max_steps=max_steps,
        event=diffrax.Event(slow) if resting else None,
        throw=False,
    )
    last = jax.tree.map(lambda leaf: leaf[0], found.ys)
    assert found.ts is not None
    reached = diffrax.is_okay(found.result)
    return last, found.ts[0], found.stats["num_steps"], diffrax.is_event(found.result), reached


class Flow:
    """A function on its way down: ``params`` at the time so far, ``at_rest`` since when its gradient is as small as asked for."""

    def __init__(self, problem: Problem, data: Data, *, tolerance: float, max_steps: int, rest: float | None, second: bool, name: str) -> None:
        self._problem, self._data, self._max_steps, self._name = problem, data, max_steps, name
        dtype = jnp.result_type(float)
        self._tolerance, self._rest = jnp.asarray(tolerance, dtype), jnp.asarray(rest or 0.0, dtype)
        self._resting = rest is not None
        self._second = second
        still = jax.tree.map(jnp.zeros_like, data.origin)
        self._state = (still, still) if second else still  # w, and how fast it moves
        self._time = 0.0
        self.steps = 0
        self.at_rest: float | None = None

    @property
    def params(self) -> Tree:
        return jax.tree.map(jnp.add, self._data.origin, self._state[0] if self._second else self._state)

    def advance(self, t: float) -> None:
        """On to time t; DataError where the step budget ends before."""
        if t == self._time or self.at_rest is not None:
            return
        dtype = self._tolerance.dtype
        # diffrax computes with several dtypes and ranks; strict promotion, where it is on, is for the user's own code
        with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
            state, at, steps, stopped, reached = _advance(
                self._state,
                jnp.asarray(self._time, dtype),
                jnp.asarray(t, dtype),
                self._data,
                self._tolerance,
                self._rest,
                problem=self._problem,
                max_steps=self._max_steps,
                resting=self._resting,
                second=self._second,
            )
        self.steps += int(steps)
        if not bool(reached) and not bool(stopped) or self.steps > self._max_steps:
            raise DataError(
                f"{self._name}: {self._max_steps} steps do not reach t = {t:.6g}, the last recorded time reached is {self._time:.6g}",
                where="train",
                why="an explicit integrator is held by stability: its steps are a few times 1 / (eta lambda_max)",
                fix="raise max_steps, lower t or the accuracy asked for by tolerance=, or take dynamics='gradient_descent' below the edge",
            )
        self._state, self._time = state, t
        if bool(stopped):
            self.at_rest = float(np.asarray(at))
