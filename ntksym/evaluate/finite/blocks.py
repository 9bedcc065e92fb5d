"""A kernel in blocks of rows and columns, so that memory is that of the result and of a few rows."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ntksym.errors import NetworkError

Tree = Any
Array = Any


def require_batch_size(batch_size: Any, where: str) -> int | None:
    """A positive int or None; NetworkError otherwise."""
    if batch_size is None:
        return None
    if isinstance(batch_size, bool) or not isinstance(batch_size, numbers.Integral) or int(batch_size) < 1:
        raise NetworkError(f"batch_size={batch_size!r}", where=where, why="rows come in whole blocks", fix="give a positive integer, or None for all at once")
    return int(batch_size)


def blocked(factors: Callable[[Tree], Tree], kernel: Callable[[Tree, Tree], Array], rows1: Tree, rows2: Tree | None, size: int | None, axis: int) -> Array:
    """``kernel(factors(rows1), factors(rows2))`` with at most ``size`` rows at a time on either side; ``rows2`` None is ``rows1`` again.

    ``axis``: that of the first rows in the kernel, the second's is the next one.  The factors of ``rows2`` are kept where they take no more room than the
    kernel, and computed anew for every block of ``rows1`` otherwise.
    """
    count1 = _count(rows1)
    count2 = count1 if rows2 is None else _count(rows2)
    if size is None or size >= max(count1, count2):
        first = factors(rows1)
        return kernel(first, first if rows2 is None else factors(rows2))
    blocks1 = _in_blocks(rows1, size)
    blocks2 = blocks1 if rows2 is None else _in_blocks(rows2, size)
    block = jax.eval_shape(lambda one, two: kernel(factors(one), factors(two)), *(jax.tree.map(lambda a: a[0], b) for b in (blocks1, blocks2)))
    kept = jax.eval_shape(lambda two: jax.lax.map(factors, two), blocks2)
    room = math.prod(block.shape) * _count(blocks1) * _count(blocks2)
    keep = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(kept)) <= room
    columns = jax.lax.map(factors, blocks2) if keep else blocks2

    def row_block(one: Tree) -> Array:
        first = factors(one)
        found = jax.lax.map(lambda two: kernel(first, two if keep else factors(two)), columns)
        return _merged(found, axis + 1)

    return jax.lax.slice_in_dim(jax.lax.slice_in_dim(_merged(jax.lax.map(row_block, blocks1), axis), 0, count1, axis=axis), 0, count2, axis=axis + 1)


def _count(rows: Tree) -> int:
    return jax.tree.leaves(rows)[0].shape[0]


def _in_blocks(rows: Tree, size: int) -> Tree:
    """(blocks, size, ...), the last one filled up with the last row."""
    count = _count(rows)
    blocks = -(-count // size)
    at = jnp.minimum(jnp.arange(blocks * size), count - 1)
    return jax.tree.map(lambda a: a[at].reshape(blocks, size, *a.shape[1:]), rows)


def _merged(stacked: Array, axis: int) -> Array:
    """The leading axis of blocks put before ``axis`` of a block, and joined with it."""
    moved = jnp.moveaxis(stacked, 0, axis)
    return moved.reshape(*moved.shape[:axis], moved.shape[axis] * moved.shape[axis + 1], *moved.shape[axis + 2 :])
