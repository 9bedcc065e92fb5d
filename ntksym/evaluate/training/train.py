"""``train``: a finite network and its linearization, trained by the same rule on the same data."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from ntksym.errors import ShapeError
from ntksym.evaluate.finite.generic import require_stateless
from ntksym.evaluate.training.checks import WHERE, checked_params, checked_targets, checked_times, real_number
from ntksym.evaluate.training.descent import Descent
from ntksym.evaluate.training.flow import Flow, require_diffrax
from ntksym.evaluate.training.losses import Loss, loss_of, mse
from ntksym.evaluate.training.problem import Data, Problem
from ntksym.evaluate.training.progress import Progress
from ntksym.evaluate.training.record import Training
from ntksym.evaluate.training.recorder import Recorder
from ntksym.evaluate.training.setup import FLOWS, RECORDS, function_of, inputs_of, layers_of, require_choices, require_edge, require_kernel_fits

Array = Any
Tree = Any
ACCURACY = {"float32": 1e-5, "float64": 1e-10}  # of a flow, where none is asked for


def train(
    network_or_apply_fn: Any,
    params: Tree,
    x: Array,
    y: Array,
    t: Any,
    *,
    x_test: Array | None = None,
    loss: str | Loss = "mse",
    dynamics: str = "gradient_descent",
    learning_rate: float = 1.0,
    momentum: float = 0.0,
    ridge: float = 0.0,
    optimizer: Any = None,
    linearized: bool = True,
    record: Sequence[str] = RECORDS,
    tolerance: float | None = None,
    max_steps: int = 100_000,
    rest: float | None = None,
    progress: bool = False,
    force: bool = False,
) -> Training:
    r"""Train a finite network on all of the data at once, and beside it its linearization at ``params``, by the same rule.

    The objective is $\sum_x \ell(f(x; \theta), y) + \frac r2\|\theta - \theta_0\|^2$ with r the ``ridge``; ``loss`` is "mse" ($\frac12\|f - y\|^2$),
    "cross_entropy" (f are logits, y is one-hot), or a function (f (N, k), y (N, k)) -> a scalar sum.  ``dynamics``:

    * "gradient_descent": $\theta_{t+1} = \theta_t - \eta\nabla$, with $\eta$ the ``learning_rate``;
    * "momentum" (heavy ball): $\theta_{t+1} = \theta_t + \beta(\theta_t - \theta_{t-1}) - \eta\nabla$, with $\beta$ the ``momentum``;
    * "gradient_flow": $\dot\theta = -\eta\nabla$, and "momentum_flow": $\ddot\theta + (1 - \beta)\dot\theta = -\eta\nabla$, integrated by
      diffrax (extra ``flow``) to ``tolerance`` (1e-5 in float32, 1e-10 in float64, of the distance moved) within ``max_steps``; ``rest``: where their velocity
      is below $\eta$ times this (for the flow, where the gradient is below it) they stop, so that t = inf is possible.

    ``optimizer``: an optax GradientTransformation (extra ``optax``) in place of the rule of descent; it brings its own learning rate.

    ``network_or_apply_fn``: a Network, or a function (params, x) -> (N, k) with a pytree of floats as ``params``, such as a Taylor polynomial
    ``ntksym.taylor_expand(f, params, 2)``.
    ``x`` (N, d), ``y`` (N, k), ``x_test`` (M, d): computed in the dtype of x, float32 or float64.  ``t``: the steps or times to record at, increasing; or
    one number, the end, and 41 times at most are chosen.  ``record``: "outputs", "parameters" (how far they moved), "ntk" (the tangent kernel on x, which
    costs N^2 k^2 numbers and time).  ``progress`` writes a line to standard error.  Returns a :class:`Training`.

    With "mse", a learning rate that is not below the stability edge $2(1 + \beta)/(\lambda_{\max}(\hat\Theta_0) + r)$ is refused unless ``force``: there the
    linearization does not converge.  ShapeError for arrays that do not fit; DataError for values (NaN, labels, times, the edge), for a flow whose step budget
    ends too early, and for a training that diverged (not with ``force``); NetworkError for what is no network or function, and for other choices.
    Source: Lee et al. 2019.

        training = ntksym.train(network, params, x, y, 1000, x_test=x_test, learning_rate=0.1)
    """
    begin = time.perf_counter()
    require_choices(dynamics, record, optimizer, learning_rate, momentum, rest, tolerance)
    flowing = dynamics in FLOWS
    if flowing:
        require_diffrax(WHERE)
    rate = real_number(learning_rate, "learning_rate", WHERE, low=0.0, open_low=True)
    beta = real_number(momentum, "momentum", WHERE, low=0.0, high=1.0)
    r = real_number(ridge, "ridge", WHERE, low=0.0)
    function = function_of(network_or_apply_fn)
    params = checked_params(params, WHERE)
    x = inputs_of(x, "x", function)
    x_test = None if x_test is None else inputs_of(x_test, "x_test", function)
    if x_test is not None and (x_test.shape[1:] != x.shape[1:] or x_test.dtype != x.dtype):
        raise ShapeError(f"x is {x.shape} {x.dtype}, x_test {x_test.shape} {x_test.dtype}", where=WHERE, fix="give inputs of the same d and dtype")
    require_stateless(function, params, x, WHERE)
    shape = jax.eval_shape(function, params, x)
    targets = checked_targets(y, shape, loss, WHERE)
    times = checked_times(t, not flowing, rest is not None, WHERE)
    measure = loss_of(loss, shape, WHERE)
    if "ntk" in record:
        require_kernel_fits(*shape.shape, shape.dtype.itemsize)
    edge = math.inf if flowing else math.nan
    if measure is mse and optimizer is None and not flowing:
        edge = require_edge(function, params, x, shape, rate, beta, r, force)

    data = Data(params, x, targets, *(jnp.asarray(number, shape.dtype) for number in (rate, beta, r)))

    def start(linear: bool) -> tuple[Problem, Descent | Flow]:
        problem = Problem(function, measure, linear)
        if not flowing:
            return problem, Descent(problem, data, optimizer)
        name = "the linearization" if linear else "the network"
        accuracy = real_number(ACCURACY[str(shape.dtype)] if tolerance is None else tolerance, "tolerance", WHERE, low=0.0, open_low=True)
        return problem, Flow(problem, data, tolerance=accuracy, max_steps=int(max_steps), rest=rest, second=dynamics == "momentum_flow", name=name)

    walkers = [start(linear) for linear in ((False, True) if linearized else (False,))]
    recorder = Recorder(function, data, x_test, record, force)
    bar = Progress(float(times[-1]), progress)
    for now in map(float, times):
        losses = []
        for problem, walker in walkers:
            walker.advance(now)
            losses.append(recorder.see(now, problem, walker.params))
        recorder.see_kernel(walkers[0][1].params)
        bar.show(now, losses[0])

    columns = recorder.columns()
    layers, by_layer = layers_of(function, params)
    for name in ("layer_movement", "layer_movement_lin"):
        columns[name] = None if (norms := columns[name]) is None else by_layer(norms)
    walker, beside = walkers[0][1], walkers[1][1] if linearized else None
    return Training(
        t=times,
        **columns,
        layers=layers,
        kernel_norm=recorder.kernel_norm,
        params=walker.params,
        params_lin=None if beside is None else beside.params,
        dynamics=dynamics if optimizer is None else "optimizer",
        learning_rate=rate if optimizer is None else None,
        edge=edge,
        at_rest=walker.at_rest,
        at_rest_lin=None if beside is None else beside.at_rest,
        steps=walker.steps,
        steps_lin=0 if beside is None else beside.steps,
        seconds=time.perf_counter() - begin,
    )
