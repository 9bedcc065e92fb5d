"""What ``train`` reads off its arguments before it starts: the function, its inputs, the edge, the layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ntksym.errors import DataError, NetworkError, ShapeError
from ntksym.evaluate.finite import apply_fn
from ntksym.evaluate.finite.checks import checked_inputs
from ntksym.evaluate.finite.empirical import network_of
from ntksym.evaluate.training.checks import WHERE
from ntksym.evaluate.training.spectrum import top_at_start

Array = Any
Tree = Any
FLOWS = ("gradient_flow", "momentum_flow")
DYNAMICS = ("gradient_descent", "momentum", *FLOWS)
RECORDS = ("outputs", "parameters", "ntk")
MOST_KERNEL_BYTES = 2**30


def require_choices(
    dynamics: str, record: Sequence[str], optimizer: Any, learning_rate: float, momentum: float, rest: float | None, tolerance: float | None
) -> None:
    """NetworkError for a word that is not known, or choices that contradict one another."""
    if dynamics not in DYNAMICS:
        raise NetworkError(f"dynamics={dynamics!r}", where=WHERE, fix=f"use {', '.join(map(repr, DYNAMICS))}")
    if isinstance(record, str) or not set(record) <= set(RECORDS):
        raise NetworkError(f"record={record!r}", where=WHERE, fix=f"give a tuple of some of {', '.join(map(repr, RECORDS))}")
    if dynamics not in FLOWS and (rest is not None or tolerance is not None):
        raise NetworkError(f"rest or tolerance with dynamics={dynamics!r}", where=WHERE, why="they control the integrator of a flow", fix="leave them out")
    if not dynamics.startswith("momentum") and momentum != 0:
        raise NetworkError(f"momentum={momentum!r} with dynamics={dynamics!r}", where=WHERE, fix="use dynamics='momentum' or 'momentum_flow'")
    if optimizer is not None:
        if not (callable(getattr(optimizer, "init", None)) and callable(getattr(optimizer, "update", None))):
            raise NetworkError(
                f"optimizer={optimizer!r}",
                where=WHERE,
                why="an optimizer has init and update",
                fix='give one of optax, such as optax.adam(1e-3) (pip install "ntksym[optax]")',
            )
        if dynamics != "gradient_descent" or learning_rate != 1:
            raise NetworkError(
                "an optimizer with dynamics or a learning rate", where=WHERE, why="it is a rule with a learning rate of its own", fix="leave out the others"
            )


def function_of(given: Any) -> Callable[[Tree, Array], Array]:
    """The function (params, x) -> outputs that is given, itself or as a network."""
    network = network_of(given)
    if network is not None:
        return apply_fn(network)
    if not callable(given):
        raise NetworkError(f"{given!r} is neither a network nor a function", where=WHERE, fix="give a ntksym.Network, or a function apply_fn(params, x)")
    try:
        hash(given)
    except TypeError:  # what is compiled is kept by the function, so it needs a hash
        return lambda params, x: given(params, x)
    return given


def inputs_of(x: Any, name: str, given: Any) -> jax.Array:
    """Inputs: (N, d) of a network, anything with an axis of examples in front of a function."""
    if network_of(given) is not None or np.ndim(x) == 2:
        return checked_inputs(x, name, WHERE)
    x = jnp.asarray(x)
    if x.ndim < 1 or 0 in x.shape or not jnp.issubdtype(x.dtype, jnp.floating):
        raise ShapeError(
            f"{name} has shape {x.shape}, dtype {x.dtype}", where=WHERE, why="its first axis counts examples", fix="give floats, and at least one example"
        )
    return x


def require_edge(given: Any, params: Tree, x: Array, outputs: Any, rate: float, momentum: float, ridge: float, force: bool) -> float:
    """The edge 2 (1 + momentum)/(lambda_max + ridge) of steps on the sum of squares; NetworkError where the rate is above it, unless forced."""
    top = top_at_start(given, params, x, outputs.shape[1], outputs.dtype) + ridge
    edge = 2 * (1 + momentum) / top if top > 0 else float("inf")
    if not rate < edge and not force:
        raise DataError(
            f"learning_rate={rate:.6g} is not below the stability edge {edge:.6g}",
            where=WHERE,
            why="the edge is 2 (1 + momentum)/(lambda_max + ridge), lambda_max that of the tangent kernel at the start, for the sum of 1/2 |f - y|^2: above it "
            "the linearized network diverges",
            fix="take a smaller one, or force=True to see what happens",
        )
    return edge


def require_kernel_fits(n: int, k: int, itemsize: int) -> None:
    """NetworkError where the tangent kernel of all outputs is too large to be recorded."""
    size = (n * k) ** 2 * itemsize
    if size > MOST_KERNEL_BYTES:
        raise DataError(
            f"the tangent kernel of {n} examples and {k} outputs takes {size / 2**30:.1f} GiB",
            where=WHERE,
            why="its change is recorded with all of its entries",
            fix='leave it out: record=("outputs", "parameters")',
        )


def layers_of(given: Any, params: Tree) -> tuple[tuple[str, ...], Callable[[np.ndarray], np.ndarray]]:
    """Names of the layers, and the map from norms by leaf (T, leaves) to norms by layer: the pairs (w, beta) of a network, or every leaf."""
    if network_of(given) is not None:
        return tuple(f"layer {i + 1}" for i in range(len(params))), lambda norms: np.hypot(norms[:, 0::2], norms[:, 1::2])
    paths = jax.tree_util.tree_leaves_with_path(params)
    return tuple(jax.tree_util.keystr(path) or "params" for path, _ in paths), lambda norms: norms
