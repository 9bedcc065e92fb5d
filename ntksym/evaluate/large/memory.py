"""How many bytes a streamed computation takes on one device, and the block size that fits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import jax
import numpy as np

from ntksym.errors import DataError
from ntksym.evaluate.large.blocks import KernelOf

DEFAULT_BYTES = 2**30
_SHARE = 0.8  # of what a device says is free
_LARGEST = {"cpu": 512}  # rows of a block: on a processor larger tiles leave its cache
_LARGEST_ELSEWHERE = 2048  # elsewhere smaller ones leave it waiting
_PROBE = 256
_WORDS = 16  # arrays of the size of a tile, where the compiler does not say


def available_bytes(devices: Sequence[Any]) -> int:
    """80 % of the memory free on the fullest device of this process, where devices say so (GPUs do); 1 GiB otherwise."""
    found = []
    for device in devices:
        stats = device.memory_stats() if device.process_index == jax.process_index() else None
        if stats and "bytes_limit" in stats:
            found.append(int(_SHARE * (stats["bytes_limit"] - stats.get("bytes_in_use", 0))))
    return min(found, default=DEFAULT_BYTES)


def words_per_entry(kernel: KernelOf, keywords: dict[str, Any], columns: int, dtype: Any) -> float:
    """Numbers held per entry of a tile while it is computed and multiplied, from the compiler's own count for a small tile."""
    return _words(kernel, tuple(sorted(keywords)), columns, np.dtype(dtype).name, jax.default_backend(), _Given(keywords))


class _Given:
    """Keywords that do not enter a comparison: their names do, and the shapes are the same for every value."""

    def __init__(self, keywords: dict[str, Any]) -> None:
        self.keywords = keywords

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Given)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=256)
def _words(kernel: KernelOf, names: tuple[str, ...], columns: int, dtype: str, backend: str, given: _Given) -> float:
    rows = jax.ShapeDtypeStruct((_PROBE, columns), dtype)
    analysis = jax.jit(kernel).lower(rows, rows, given.keywords).compile().memory_analysis()
    taken = getattr(analysis, "temp_size_in_bytes", None)
    if taken is None:
        return _WORDS
    # The tile itself and its transpose stand beside what its computation takes.
    return taken / (_PROBE**2 * np.dtype(dtype).itemsize) + 2


def estimate(rows: int, block: int, shares: int, *, words: float, width: int, outputs: int, rank: int, vectors: int, dtype: Any) -> int:
    """Bytes on one device: inputs, ``vectors`` arrays (N, k), the factor of the preconditioner with a copy, and one tile."""
    padded = -(-rows // (block * shares)) * block * shares
    numbers = padded * (width + 4) + vectors * padded * outputs + 2 * math.ceil(padded / shares) * rank + 2 * rank**2 + words * block**2
    return math.ceil(numbers * np.dtype(dtype).itemsize)


def chosen_block(rows: int, shares: int, block_size: int | None, max_bytes: int, where: str, **sizes: Any) -> tuple[int, int]:
    """A block size and the bytes it takes; DataError where ``block_size``, or every size, takes more than ``max_bytes``."""
    # At least four pairs of blocks a device, so that none waits for long and symmetry saves nearly half.
    largest = min(_LARGEST.get(jax.default_backend(), _LARGEST_ELSEWHERE), max(1, -(-rows // math.ceil(math.sqrt(8 * shares)))))
    candidates = [largest, *(2**k for k in range(10, -1, -1) if 2**k < largest)]
    fitting = next((block for block in candidates if estimate(rows, block, shares, **sizes) <= max_bytes), None)
    if fitting is None:
        needed = estimate(rows, 1, shares, **sizes)
        raise DataError(
            f"{readable(needed)} on each of {shares} device{'s' * (shares > 1)} even with blocks of one row, where {readable(max_bytes)} may be used",
            where=where,
            why="inputs, vectors (N, k) and the factor of the preconditioner stay in memory",
            fix="give a larger max_bytes, more devices, or a smaller preconditioner_rank",
        )
    if block_size is None:
        return fitting, estimate(rows, fitting, shares, **sizes)
    taken = estimate(rows, block_size, shares, **sizes)
    if taken > max_bytes:
        raise DataError(
            f"block_size={block_size} takes {readable(taken)}, where {readable(max_bytes)} may be used",
            where=where,
            why="a tile of block_size x block_size kernel entries is held with what its computation needs",
            fix=f"block_size={fitting} fits ({readable(estimate(rows, fitting, shares, **sizes))}); or give a larger max_bytes",
        )
    return block_size, taken


def readable(count: float) -> str:
    """Bytes for reading: 1.5 GiB."""
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.2f} GiB"
