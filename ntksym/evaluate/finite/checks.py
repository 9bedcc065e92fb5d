"""What a finite network may be given: arrays, parameters, keys.  Shapes and dtypes are looked at under tracing too."""

from __future__ import annotations

import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ntksym.errors import PrecisionWarning, ShapeError
from ntksym.evaluate.parameters import concrete

FLOATS = (np.dtype("float32"), np.dtype("float64"))


def checked_inputs(x: Any, name: str, where: str) -> jax.Array:
    """``x`` as an (N, d) array of float32 or float64; ShapeError otherwise."""
    if not isinstance(x, jax.Array):
        try:
            x = np.asarray(x)
        except ValueError:
            raise ShapeError(f"{name} is ragged", where=where, why="all inputs have the same number of entries", fix="give an (N, d) array") from None
    if x.ndim != 2:
        raise ShapeError(
            f"{name} has shape {x.shape}", where=where, why="each row is one input", fix="give (N, d); one input is x[None, :], one feature x[:, None]"
        )
    if x.dtype not in FLOATS:
        raise ShapeError(
            f"{name} has dtype {x.dtype}",
            where=where,
            why="a network computes in the dtype of its inputs, float32 or float64",
            fix=f"use {name}.astype('float32')",
        )
    if 0 in x.shape:
        raise ShapeError(f"{name} has shape {x.shape}: nothing in it", where=where, fix="give at least one row and one column")
    if x.dtype == np.float64 and not isinstance(x, jax.Array) and not jax.config.jax_enable_x64:
        warnings.warn(
            f"{name} is float64, but JAX is in 32-bit mode: float32 is used. Use `with jax.enable_x64(True):`, or pass float32.", PrecisionWarning, stacklevel=3
        )
        x = x.astype(np.float32)
    if concrete(x) and not bool(np.isfinite(np.asarray(x)).all()):
        bad = int(np.argmax(~np.isfinite(np.asarray(x)).all(axis=1)))
        raise ShapeError(f"{name} holds NaN or infinity (row {bad})", where=where, fix="remove or fill those entries")
    return jnp.asarray(x)


def checked_dtype(dtype: Any, where: str) -> np.dtype:
    """A dtype of parameters; None is the default float of JAX."""
    found = np.dtype(jnp.result_type(float)) if dtype is None else np.dtype(dtype)
    if found not in FLOATS:
        raise ShapeError(f"dtype {found}", where=where, why="parameters are Gaussian numbers, float32 or float64", fix="give one of the two")
    if found == np.float64 and not jax.config.jax_enable_x64:
        raise ShapeError("dtype float64 while JAX is in 32-bit mode", where=where, fix="use `with jax.enable_x64(True):`, or float32")
    return found


def checked_params(params: Any, shapes: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...], dtype: Any, places: tuple[str, ...], where: str) -> Any:
    """``params`` as a list of pairs with the shapes of this network; ShapeError otherwise."""
    if not isinstance(params, list | tuple) or len(params) != len(shapes):
        seen = f"{len(params)} entries" if isinstance(params, list | tuple) else f"a {type(params).__name__}"
        raise ShapeError(
            f"params is {seen}", where=where, why=f"this network has {len(shapes)} layers with parameters", fix="make them with ntksym.init_fn(network)"
        )
    for slot, (pair, wanted) in enumerate(zip(params, shapes, strict=True)):
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ShapeError(f"params[{slot}] is no pair (w, beta)", where=where, fix="make them with ntksym.init_fn(network)")
        for name, array, shape in zip(("w", "beta"), pair, wanted, strict=True):
            if jnp.shape(array) != shape:
                raise ShapeError(
                    f"params[{slot}] has {name} of shape {jnp.shape(array)} where this network has {shape}",
                    where=f"{where}, {places[slot]}",
                    why="the parameters are those of another network, or the inputs have another number of columns",
                    fix="make them with ntksym.init_fn(network)(key, n_in)",
                )
            if jnp.result_type(array) != dtype:
                raise ShapeError(
                    f"params[{slot}] has {name} of dtype {jnp.result_type(array)}, x is {dtype}",
                    where=f"{where}, {places[slot]}",
                    why="a network computes in one dtype",
                    fix="convert one of them",
                )
    return [tuple(pair) for pair in params]
