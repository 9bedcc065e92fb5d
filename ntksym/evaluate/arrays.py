"""Arrays as they are given, made arrays of one of the two dtypes that everything here computes in."""

from __future__ import annotations

import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ntksym.errors import PrecisionWarning, ShapeError

FLOATS = (np.dtype("float32"), np.dtype("float64"))


def float_array(value: Any, name: str, where: str) -> jax.Array:
    """``value`` as a float32 or float64 array; ShapeError otherwise.

    A NumPy float64 array while JAX is in 32-bit mode becomes float32, with one PrecisionWarning.  Tracers pass.
    """
    if not isinstance(value, jax.Array):
        try:
            value = np.asarray(value)
        except ValueError:
            raise ShapeError(f"{name} is ragged", where=where, fix="give an array") from None
    if value.dtype not in FLOATS:
        raise ShapeError(f"{name} has dtype {value.dtype}", where=where, why="numbers are float32 or float64", fix=f"use {name}.astype('float64')")
    if isinstance(value, np.ndarray) and value.dtype == np.float64 and not jax.config.jax_enable_x64:
        warnings.warn(
            f"{name} is float64, but JAX is in 32-bit mode: float32 is used. Use `with jax.enable_x64(True):`, or pass float32.", PrecisionWarning, stacklevel=5
        )
        value = value.astype(np.float32)
    return jnp.asarray(value)


def same_dtype(value: jax.Array, name: str, dtype: Any, where: str) -> None:
    """ShapeError where an array has another dtype than the kernel."""
    if value.dtype != dtype:
        raise ShapeError(f"{name} is {value.dtype}, the kernel {dtype}", where=where, why="everything is computed in one dtype", fix="convert one of them")
