"""Products with a kernel matrix that is never held: it is made tile by tile, used and forgotten, on one device or on several.

The rows are cut into blocks of b, the last one filled up with copies of the first row; a vector has zeros there.  K(X, X) is symmetric, so each pair of blocks
i <= j is computed once and used twice.  The pairs are dealt out to the devices of a mesh with one axis; every device holds the inputs and adds up a share of
the product, and the shares are summed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

AXIS = "blocks"
_EXACT = lax.Precision.HIGHEST


@dataclass(frozen=True)
class KernelOf:
    """One output of a kernel.  Equal source and name are the same program, so a kernel made anew compiles nothing."""

    source: str
    get: str
    kernel: Any = field(compare=False)

    def __call__(self, x1: Any, x2: Any, keywords: Any) -> Any:
        return self.kernel(x1, x2, self.get, **keywords)


@dataclass(frozen=True)
class Streamed:
    """K(X, X) for inputs in blocks, ``x`` (n, b, d), with its exact ``diagonal`` (n, b); ``pairs`` of blocks (m, 3): i, j and whether the pair counts."""

    kernel: KernelOf
    keywords: dict[str, Any]
    mesh: Mesh
    rows: int
    x: jax.Array
    diagonal: jax.Array
    pairs: jax.Array
    alive: jax.Array

    @property
    def padded(self) -> int:
        return self.x.shape[0] * self.x.shape[1]

    def product(self, v: jax.Array) -> jax.Array:
        """K v for v (padded, k); zero in the rows that are padding."""
        return _product(self.kernel, self.mesh, self.keywords, self.x, self.diagonal, self.pairs, self.alive, v)

    def columns(self, at: Any) -> jax.Array:
        """K[:, at] (padded, m), its rows spread over the devices; zero in the rows that are padding."""
        return _columns(self.kernel, self.mesh, self.keywords, self.x, self.diagonal, self.alive, at)

    def cross(self, x_test: np.ndarray, v: jax.Array) -> np.ndarray:
        """K(X_test, X) v."""
        block = min(self.x.shape[1], -(-len(x_test) // self.mesh.size))
        tests = placed(self.mesh, in_blocks(x_test, block, self.mesh.size), P(AXIS))
        return np.asarray(_cross(self.kernel, self.mesh, self.keywords, tests, self.x, v))[: len(x_test)]

    def filled(self, v: Any) -> jax.Array:
        """(N, k) on every device, with zeros in the rows that are padding."""
        return placed(self.mesh, np.pad(np.asarray(v), ((0, self.padded - self.rows), (0, 0))), P())


def streamed(kernel: KernelOf, keywords: dict[str, Any], x: np.ndarray, diagonal: np.ndarray, block: int, devices: Sequence[Any]) -> Streamed:
    """The inputs ``x`` (N, d) laid out in blocks over ``devices``."""
    mesh = Mesh(np.asarray(devices), (AXIS,))
    rows, shares = len(x), len(devices)
    first, second = np.triu_indices(-(-rows // block))
    pairs = np.stack([first, second, np.ones_like(first)], axis=1).astype(np.int32)
    pairs = np.pad(pairs, ((0, -len(pairs) % shares), (0, 0)))
    # Dealt out in turn, so that no device has the pairs of one corner only.
    pairs = pairs.reshape(-1, shares, 3).swapaxes(0, 1).reshape(-1, 3)
    blocks = in_blocks(x, block, shares)
    alive = (np.arange(blocks.shape[0] * block) < rows).astype(x.dtype)[:, None]
    return Streamed(
        kernel,
        keywords,
        mesh,
        rows,
        placed(mesh, blocks, P()),
        placed(mesh, in_blocks(diagonal[:, None], block, shares)[:, :, 0], P()),
        placed(mesh, pairs, P(AXIS)),
        placed(mesh, alive, P()),
    )


def in_blocks(x: np.ndarray, block: int, shares: int) -> np.ndarray:
    """(N, d) as (n, block, d), n a multiple of ``shares``, filled up with copies of the first row."""
    count = -(-len(x) // (block * shares)) * shares
    return np.concatenate([x, np.broadcast_to(x[:1], (count * block - len(x), x.shape[1]))]).reshape(count, block, x.shape[1])


def placed(mesh: Mesh, array: np.ndarray, spec: P) -> jax.Array:
    """The same array, given whole to every process, on the devices of the mesh."""
    return jax.make_array_from_callback(array.shape, NamedSharding(mesh, spec), lambda index: array[index])


def whole(arrays: Any, mesh: Mesh) -> Any:
    """Traced arrays with all their entries on every device, so that every process can read them."""
    return lax.with_sharding_constraint(arrays, NamedSharding(mesh, P()))


@partial(jax.jit, static_argnums=(0, 1))
def _product(kernel: KernelOf, mesh: Mesh, keywords: Any, x: Any, diagonal: Any, pairs: Any, alive: Any, v: Any) -> Any:
    count, block, _ = x.shape

    def share(keywords: Any, x: Any, diagonal: Any, pairs: Any, v: Any) -> Any:
        same = jnp.eye(block, dtype=bool)

        def add(total: Any, pair: Any) -> tuple[Any, None]:
            i, j, counts = pair
            tile = kernel(x[i], x[j], keywords)
            tile = jnp.where(same & (i == j), diagonal[i][:, None], tile) * counts.astype(tile.dtype)
            total = total.at[i].add(jnp.matmul(tile, v[j], precision=_EXACT))
            below = jnp.matmul(tile.T, v[i], precision=_EXACT)
            return total.at[j].add(jnp.where(i == j, jnp.zeros_like(below), below)), None

        return lax.psum(lax.scan(add, jnp.zeros_like(v), pairs)[0], AXIS)

    # Every share is a sum of its own until psum: nothing for the checker of replicated values to follow.
    run = jax.shard_map(share, mesh=mesh, in_specs=(P(), P(), P(), P(AXIS), P()), out_specs=P(), check_vma=False)
    return run(keywords, x, diagonal, pairs, v.reshape(count, block, -1)).reshape(v.shape) * alive


@partial(jax.jit, static_argnums=(0, 1))
def _columns(kernel: KernelOf, mesh: Mesh, keywords: Any, x: Any, diagonal: Any, alive: Any, at: Any) -> Any:
    count, block, width = x.shape
    chosen = x.reshape(-1, width)[at]

    def share(keywords: Any, chosen: Any, at: Any, x: Any, diagonal: Any, alive: Any, numbers: Any) -> Any:
        def rows(part: Any) -> Any:
            x, diagonal, alive, numbers = part
            tile = kernel(x, chosen, keywords)
            return jnp.where(numbers[:, None] == at[None, :], diagonal[:, None], tile) * alive[:, None]

        return lax.map(rows, (x, diagonal, alive, numbers)).reshape(-1, at.shape[0])

    spread = P(AXIS)
    run = jax.shard_map(share, mesh=mesh, in_specs=(P(), P(), P(), spread, spread, spread, spread), out_specs=spread, check_vma=False)
    numbers = jnp.arange(count * block, dtype=at.dtype).reshape(count, block)
    return run(keywords, chosen, at, x, diagonal, alive.reshape(count, block), numbers)


@partial(jax.jit, static_argnums=(0, 1))
def _cross(kernel: KernelOf, mesh: Mesh, keywords: Any, tests: Any, x: Any, v: Any) -> Any:
    def share(keywords: Any, tests: Any, x: Any, v: Any) -> Any:
        def rows(test: Any) -> Any:
            def add(total: Any, block: Any) -> tuple[Any, None]:
                return total + jnp.matmul(kernel(test, block[0], keywords), block[1], precision=_EXACT), None

            return lax.scan(add, jnp.zeros((test.shape[0], v.shape[-1]), v.dtype), (x, v))[0]

        return lax.map(rows, tests)

    run = jax.shard_map(share, mesh=mesh, in_specs=(P(), P(AXIS), P(), P()), out_specs=P(AXIS), check_vma=False)
    found = run(keywords, tests, x, v.reshape(*x.shape[:2], -1)).reshape(-1, v.shape[-1])
    return whole(found, mesh)
