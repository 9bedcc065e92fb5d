"""Time and memory of the empirical tangent kernel, by structure and by public jax:  python tests/benchmarks/empirical_ntk.py [--large]

A network of 3 hidden layers of 512 ReLU neurons, 784 inputs, 10 outputs, float32, all 64 x 64 x 10 x 10 entries.  Jacobian contraction and NTK-vector
products are written here, with public jax only.  Repeats are interleaved; times are medians, with the fastest and slowest; the peak is that of a process of
its own (method and --large rows 2,000 with one output, in blocks).
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import ntksym
from ntksym.evaluate.finite import empirical_ntk_fn, init_fn

METHODS = ("structured", "jacobian contraction", "ntk-vector products")


def forward(params: Any, x: Any) -> Any:
    """The same network written with jax alone, relu' (0) being of no matter here."""
    for k, (w, beta) in enumerate(params):
        x = x if k == 0 else jax.nn.relu(x)
        x = np.float32(2**0.5) / np.float32(w.shape[0] ** 0.5) * (x @ w) + np.float32(0.1) * beta
    return x


@jax.jit
def jacobian_contraction(params: Any, x: Any) -> Any:
    """J J^T with J (N, k, P) from per-example reverse mode."""
    rows = jax.vmap(lambda row: jax.jacrev(lambda p: forward(p, row[None])[0])(params))(x)
    flat = [leaf.reshape(*leaf.shape[:2], -1) for leaf in jax.tree.leaves(rows)]
    return sum(jnp.einsum("pin,qjn->pqij", leaf, leaf, precision="highest") for leaf in flat)


@jax.jit
def vector_products(params: Any, x: Any) -> Any:
    """Columns by jvp of vjp, one input at a time: the fastest of 1, 4, 16 and all together here."""

    def column(row: Any) -> Any:
        out, pull = jax.vjp(lambda p: forward(p, row[None])[0], params)
        push = lambda direction: jax.jvp(lambda p: forward(p, x), (params,), pull(direction))[1]  # noqa: E731
        return jax.vmap(push, out_axes=-1)(jnp.eye(len(out), dtype=out.dtype))

    return jnp.moveaxis(jax.lax.map(column, x), 0, 1)


def setting(rows: int, width: int, outputs: int) -> tuple[Any, Any, Any]:
    network = ntksym.fcn(3, "relu", sigma_w=2**0.5, sigma_b=0.1, widths=width, out=outputs)
    params = init_fn(network)(jax.random.key(0), 784)
    x = jnp.asarray(np.random.default_rng(0).standard_normal((rows, 784)).astype(np.float32))
    return network, params, x


def calls(network: Any, params: Any, x: Any) -> dict[str, Callable[[], Any]]:
    structured = empirical_ntk_fn(network)
    return dict(zip(METHODS, (lambda: structured(params, x), lambda: jacobian_contraction(params, x), lambda: vector_products(params, x)), strict=True))


def seconds(call: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    jax.block_until_ready(call())
    return time.perf_counter() - begin


def peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def alone(arguments: list[str]) -> str:
    """What this script prints in a process of its own."""
    return subprocess.run([sys.executable, __file__, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def compare(rows: int, width: int, repeats: int) -> None:
    # first, while this process is small: a child starts with the peak of its parent
    peaks = {name: alone(["--peak", name, "--rows", str(rows), "--width", str(width)]) for name in METHODS}
    found = calls(*setting(rows, width, 10))
    results = {name: np.asarray(call()) for name, call in found.items()}
    times: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(repeats):
        for name, call in found.items():
            times[name] += [seconds(call) for _ in range(5 if name == "structured" else 1)]
    base = statistics.median(times["structured"])
    print(f"3 x {width} ReLU, d = 784, N = {rows}, 10 outputs, float32, {jax.devices()[0]}, jax {jax.__version__}")
    for name, seen in times.items():
        error = np.abs(results[name] - results["structured"]).max() / np.abs(results["structured"]).max()
        middle = statistics.median(seen)
        spread = f"({min(seen):.4f} to {max(seen):.4f}, {len(seen)} runs)"
        print(f"  {name:22s} {middle:9.4f} s {spread}  x {middle / base:7.1f}  peak {peaks[name]} MiB  difference {error:.1e}")


def large(rows: int, width: int, size: int) -> None:
    network, params, x = setting(rows, width, 1)
    before = peak_mib()
    first = seconds(lambda: empirical_ntk_fn(network)(params, x, batch_size=size))
    again = seconds(lambda: empirical_ntk_fn(network)(params, x, batch_size=size))
    print(f"N = {rows}, 1 output, blocks of {size}: {again:.2f} s ({first:.2f} s with compilation), peak {peak_mib():.0f} MiB, {before:.0f} before")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--size", type=int, default=500)
    parser.add_argument("--large", type=int, nargs="?", const=2000)
    parser.add_argument("--peak", choices=METHODS)
    given = parser.parse_args()
    if given.peak:
        jax.block_until_ready(calls(*setting(given.rows, given.width, 10))[given.peak]())
        print(f"{peak_mib():.0f}")
    elif given.large:
        large(given.large, given.width, given.size)
    else:
        compare(given.rows, given.width, given.repeats)


if __name__ == "__main__":
    main()
