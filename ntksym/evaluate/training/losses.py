"""Losses of outputs (N, k) and targets (N, k): sums over examples and outputs."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp

from ntksym.errors import NetworkError, ShapeError
from ntksym.evaluate.flows.losses import cross_entropy

Array = Any
Loss = Callable[[Array, Array], Array]


def mse(f: Array, y: Array) -> Array:
    """Half the sum of squares."""
    return 0.5 * jnp.sum((f - y) ** 2)


LOSSES = MappingProxyType({"mse": mse, "cross_entropy": cross_entropy})


def loss_of(loss: Any, outputs: Any, where: str) -> Loss:
    """The loss that is named, or the function that is given; ``outputs`` has the shape and dtype of the outputs."""
    if isinstance(loss, str) and loss in LOSSES:
        return LOSSES[loss]
    if not callable(loss):
        raise NetworkError(f"loss={loss!r}", where=where, fix=f"use {', '.join(map(repr, LOSSES))}, or a function (f (N, k), y (N, k)) -> a scalar")
    out = jax.eval_shape(loss, outputs, outputs)
    if getattr(out, "shape", None) != () or out.dtype != outputs.dtype:
        raise ShapeError(
            f"the loss returns {getattr(out, 'dtype', type(out).__name__)} of shape {getattr(out, 'shape', None)} for outputs {outputs.dtype}{outputs.shape}",
            where=where,
            why="it is one number, in the dtype of the outputs",
            fix="return a sum over examples and outputs, jnp.sum(...)",
        )
    return loss
