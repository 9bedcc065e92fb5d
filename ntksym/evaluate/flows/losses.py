"""Training under a loss without closed form, by the law of the dual coefficients: f_t = f_0 + K a_t, da/dt = -eta (grad L(f_t) + r a_t).

One equation over the training set suffices; no kernel is inverted (``ntksym.derivations()["general_loss_flow"]``).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ntksym.errors import DataError, NetworkError, ToleranceWarning
from ntksym.evaluate.flows.rates import require_below_edge
from ntksym.evaluate.flows.source import DISCRETE
from ntksym.evaluate.flows.spectrum import Spectrum, largest_eigenvalue
from ntksym.evaluate.parameters import concrete

_BUDGET = 100_000


class Prediction(NamedTuple):
    """Outputs on training and test inputs."""

    train: jax.Array | None
    test: jax.Array | None


def cross_entropy(f: jax.Array, y: jax.Array) -> jax.Array:
    """The sum over the examples of -log softmax(f) at the true class."""
    return -jnp.sum(y * jax.nn.log_softmax(f, axis=-1))


def train(
    loss: str | Callable[..., Any],
    dynamics: str,
    kernel: Any,
    y: jax.Array,
    t: Any,
    *,
    k_test_train: jax.Array | None,
    f_train_0: jax.Array | None,
    f_test_0: jax.Array | None,
    learning_rate: Any,
    momentum: Any,
    ridge: Any,
    get: tuple[str, ...],
    force: bool,
    tolerance: float | None,
    max_steps: int | None,
) -> Prediction:
    """Outputs at the times ``t``; arguments as :func:`ntksym.flow_fn` says, already checked."""
    function = cross_entropy if loss == "cross_entropy" else _checked_loss(loss, y)
    apply = _product(kernel, y.shape)
    start = jnp.zeros_like(y) if f_train_0 is None else f_train_0
    slope = jax.grad(lambda f: function(f, y))
    eta, mu, r = (jnp.asarray(number, y.dtype) for number in (learning_rate, momentum, ridge))

    def pull(a: jax.Array) -> jax.Array:
        return slope(start + apply(a)) + r * a

    times = jnp.atleast_1d(jnp.asarray(t, y.dtype))
    endless = concrete(times) and bool(np.isinf(np.asarray(times)).any())
    if endless and loss == "cross_entropy" and concrete(ridge) and float(ridge) == 0:
        raise DataError(
            "t=inf under the cross-entropy without a ridge", where="flow", why="it has no minimum: the outputs grow for ever", fix="give a finite t, or a ridge"
        )
    steps = _BUDGET if max_steps is None else max_steps
    if dynamics in DISCRETE:
        if loss == "cross_entropy" and not force:
            # The Hessian of the cross-entropy by the outputs is at most 1/2; beyond this rate nothing is guaranteed.
            require_below_edge(
                dynamics,
                largest_eigenvalue(kernel) / 2,
                {"learning_rate": learning_rate, "momentum": momentum, "ridge": ridge},
                "flow",
                named="",
                why="below it, 4 (1 + momentum) / lambda_max without a ridge, gradient descent on the cross-entropy is sure to be stable",
                fix="take a smaller rate, or force=True",
            )
        coefficients, short = _by_steps(pull, eta, mu, times, jnp.zeros_like(y), steps, tolerance)
    else:
        exact = tolerance if tolerance is not None else (1e-10 if y.dtype == jnp.float64 else 1e-5)
        coefficients, short = _by_flow(pull, eta, mu, times, jnp.zeros_like(y), dynamics == "momentum_flow", exact, steps)
    if concrete(short) and bool(short):
        warnings.warn(
            f"training stopped short after {steps} steps: the outputs at the later times are not reached. Give more max_steps, or a larger tolerance.",
            ToleranceWarning,
            stacklevel=4,
        )
    train_, test = None, None
    if "train" in get:
        train_ = start[None] + jax.vmap(apply)(coefficients)
    if "test" in get and k_test_train is not None:
        across = _product(k_test_train, y.shape)
        test = jax.vmap(across)(coefficients)
        test = test if f_test_0 is None else f_test_0[None] + test
    if jnp.ndim(t) == 0:
        train_, test = (None if part is None else part[0] for part in (train_, test))
    return Prediction(train_, test)


def _checked_loss(loss: Any, y: jax.Array) -> Callable[..., Any]:
    shape = jax.eval_shape(loss, y, y)
    if getattr(shape, "shape", None) != ():
        raise NetworkError(
            f"the loss returns {shape}", where="flow_fn", why="a loss is a function (f (N, k), y (N, k)) -> a scalar, the sum over the examples", fix="sum it"
        )
    return loss


def _product(kernel: Any, shape: tuple[int, ...]) -> Callable[[jax.Array], jax.Array]:
    """A (N, k) -> K a, (M, k)."""
    rows, k = shape
    if isinstance(kernel, Spectrum):
        values, vectors = kernel
        if values.shape[0] == rows:
            return lambda a: _dot(vectors, values[:, None] * _dot(vectors.T, a))
        return lambda a: _dot(vectors, values * _dot(vectors.T, a.reshape(-1))).reshape(rows, k)
    if kernel.ndim == 2:
        return lambda a: _dot(kernel, a)
    return lambda a: jnp.einsum("mnij,nj->mi", kernel, a, precision=lax.Precision.HIGHEST)


def _dot(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.matmul(a, b, precision=lax.Precision.HIGHEST)


def _by_steps(
    pull: Callable[[jax.Array], jax.Array], eta: jax.Array, mu: jax.Array, times: jax.Array, zero: jax.Array, budget: int, tolerance: float | None
) -> tuple[jax.Array, jax.Array]:
    """Coefficients at every time, step by step; t = inf is where the step is below ``tolerance`` (1e-10, 1e-6 in float32), or the budget spent."""
    small = tolerance if tolerance is not None else (1e-10 if zero.dtype == jnp.float64 else 1e-6)
    order = jnp.argsort(times)

    def step(state: Any) -> Any:
        now, before, count, _ = state
        after = now + mu * (now - before) - eta * pull(now)
        return after, now, count + 1, jnp.max(jnp.abs(after - now)) <= small * jnp.max(jnp.abs(after))

    def until(state: Any, time: jax.Array) -> tuple[Any, Any]:
        def unfinished(state: Any) -> jax.Array:
            _, _, count, still = state
            return (count < time) & ~(jnp.isinf(time) & (still | (count >= budget)))

        state = lax.while_loop(unfinished, step, state)
        return state, (state[0], jnp.isinf(time) & ~state[3])

    start = (zero, zero, jnp.zeros((), times.dtype), jnp.zeros((), bool))
    _, (found, short) = jax.jit(lambda s, ts: lax.scan(until, s, ts))(start, times[order])
    return found[jnp.argsort(order)], jnp.any(short)


def _by_flow(
    pull: Callable[[jax.Array], jax.Array],
    eta: jax.Array,
    mu: jax.Array,
    times: jax.Array,
    zero: jax.Array,
    second_order: bool,
    tolerance: float,
    budget: int,
) -> tuple[jax.Array, jax.Array]:
    """Coefficients at every time by an adaptive solver; t = inf is where the velocity is below the tolerance."""
    diffrax = _diffrax()

    def velocity(_: Any, state: Any, __: Any) -> Any:
        if not second_order:
            return -eta * pull(state)
        a, speed = state
        return speed, -(1 - mu) * speed - eta * pull(a)

    order = jnp.argsort(times)
    ascending = times[order]
    finite = jnp.where(jnp.isinf(ascending), jnp.max(jnp.where(jnp.isinf(ascending), 0.0, ascending)), ascending)
    start = (zero, zero) if second_order else zero
    arguments = {
        "terms": diffrax.ODETerm(velocity),
        "solver": diffrax.Tsit5(),
        "dt0": None,
        "stepsize_controller": diffrax.PIDController(rtol=tolerance, atol=tolerance),
        "max_steps": budget,
        "throw": False,
    }
    run = diffrax.diffeqsolve(t0=0.0, t1=finite[-1], y0=start, saveat=diffrax.SaveAt(ts=finite, t1=True), **arguments)
    path = run.ys[0] if second_order else run.ys
    short = run.result == diffrax.RESULTS.max_steps_reached
    found = path[:-1]
    if concrete(times) and bool(np.isinf(np.asarray(times)).any()):
        last = jax.tree.map(lambda part: part[-1], run.ys)
        event = diffrax.Event(diffrax.steady_state_event(rtol=tolerance, atol=tolerance))
        rest = diffrax.diffeqsolve(t0=0.0, t1=jnp.inf, y0=last, event=event, saveat=diffrax.SaveAt(t1=True), **arguments)
        end = (rest.ys[0] if second_order else rest.ys)[0]
        found = jnp.where(jnp.isinf(ascending)[:, None, None], end[None], found)
        short = short | (rest.result == diffrax.RESULTS.max_steps_reached)
    return found[jnp.argsort(order)], short


def _diffrax() -> Any:
    try:
        return import_module("diffrax")
    except ImportError:
        raise NetworkError(
            "diffrax is not installed",
            where="flow_fn",
            why="a flow under this loss has no closed form and goes by an ODE solver",
            fix='pip install "ntksym[flow]", or use dynamics="gradient_descent"',
        ) from None
