"""What a streamed computation may be given, and its layout on the devices."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from ntksym.errors import DataError, NetworkError, ShapeError
from ntksym.evaluate.finite.checks import checked_inputs
from ntksym.evaluate.flows.checks import checked_array
from ntksym.evaluate.kernels import KernelFn
from ntksym.evaluate.large.blocks import KernelOf, Streamed, streamed
from ntksym.evaluate.large.memory import available_bytes, chosen_block, words_per_entry
from ntksym.evaluate.parameters import concrete


def prepared(
    kernel: Any,
    x: Any,
    get: str,
    keywords: dict[str, Any],
    where: str,
    *,
    block_size: Any,
    max_bytes: Any,
    devices: Sequence[Any] | None,
    outputs: int,
    vectors: int,
    rank: int = 0,
) -> tuple[Streamed, np.ndarray, int]:
    """The matrix ready to be streamed, its diagonal (N,), and an estimate of the bytes per device."""
    program = _checked_kernel(kernel, get, keywords, where)
    inputs = np.asarray(checked_rows(x, "x", where))
    given = list(jax.devices() if devices is None else devices)
    if not given or len(set(given)) != len(given):
        raise NetworkError(f"devices={devices!r}", where=where, why="each device takes a share", fix="give distinct jax devices, or None for all")
    block_size = checked_count(block_size, "block_size", where)
    max_bytes = checked_count(max_bytes, "max_bytes", where)
    diagonal = np.asarray(kernel(inputs, None, get, diagonal=True, **keywords))
    if not np.isfinite(diagonal).all():
        row = int(np.argmin(np.isfinite(diagonal)))
        raise DataError(f"the kernel of row {row} with itself is {diagonal[row]}", where=where, fix="leave the row out, or take another kernel")
    block, taken = chosen_block(
        len(inputs),
        len(given),
        block_size,
        available_bytes(given) if max_bytes is None else max_bytes,
        where,
        words=words_per_entry(program, keywords, inputs.shape[1], inputs.dtype),
        width=inputs.shape[1],
        outputs=outputs,
        rank=rank,
        vectors=vectors,
        dtype=inputs.dtype,
    )
    return streamed(program, keywords, inputs, diagonal, block, given), diagonal, taken


def checked_rows(x: Any, name: str, where: str) -> jax.Array:
    """Concrete inputs (N, d)."""
    if not concrete(x):
        raise ShapeError(f"{name} is a tracer", where=where, why="its blocks are laid out before anything runs", fix="call it outside jit, vmap and grad")
    return checked_inputs(x, name, where)


def checked_vectors(y: Any, name: str, x: np.ndarray | jax.Array, where: str) -> jax.Array:
    """Concrete vectors (N, k), one row per row of ``x`` and of its dtype."""
    if not concrete(y):
        raise ShapeError(f"{name} is a tracer", where=where, why="it is laid out before anything runs", fix="call it outside jit, vmap and grad")
    found = checked_array(y, name, where)
    if found.ndim == 1:
        raise ShapeError(f"{name} has shape {found.shape}", where=where, why="it is (N, k), one column per output", fix=f"give {name}[:, None]")
    if found.ndim != 2 or 0 in found.shape or found.shape[0] != x.shape[0]:
        raise ShapeError(f"{name} has shape {found.shape} for {x.shape[0]} inputs", where=where, why="it is (N, k)", fix="give one row per input")
    if found.dtype != x.dtype:
        raise ShapeError(f"{name} is {found.dtype}, the inputs {x.dtype}", where=where, why="all is computed in one dtype", fix="convert one of them")
    return found


def checked_count(value: Any, name: str, where: str, lowest: int = 1) -> int | None:
    """A whole number from ``lowest`` on, or None."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < lowest:
        raise NetworkError(f"{name}={value!r}", where=where, why=f"it is a whole number from {lowest} on", fix="give such a number, or leave it out")
    return int(value)


def _checked_kernel(kernel: Any, get: Any, keywords: dict[str, Any], where: str) -> KernelOf:
    if not isinstance(kernel, KernelFn):
        raise NetworkError(
            f"{type(kernel).__name__} is no kernel of a network",
            where=where,
            why="its entries are computed as they are needed",
            fix="give ntksym.kernel_fn(network)",
        )
    if not isinstance(get, str):
        raise NetworkError(f"get={get!r}", where=where, why="one kernel at a time", fix='give "nngp" or "ntk"')
    for name in ("batch_size", "diagonal"):
        if name in keywords:
            raise NetworkError(f"the keyword {name!r}", where=where, why="the blocks are cut here", fix="use block_size")
    return KernelOf(kernel.source, get, kernel)
