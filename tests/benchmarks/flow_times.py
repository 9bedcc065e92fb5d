"""One factorization, then many times: the cost of 200 times x 500 test inputs x 10 outputs as a multiple of the eigendecomposition of N = 1,297.

    python tests/benchmarks/flow_times.py

Interleaved repeats, medians; accuracy against NumPy beside it.
"""

from __future__ import annotations

import statistics
import time

import jax
import numpy as np

import ntksym

N, M, K, T, REPEATS, SEED = 1297, 500, 10, 200, 7, 0


def measure(dtype: type) -> None:
    rng = np.random.default_rng(SEED)
    x, z = rng.normal(size=(N, 64)).astype(dtype), rng.normal(size=(M, 64)).astype(dtype)
    y = rng.normal(size=(N, K)).astype(dtype)
    kernel = ntksym.kernel_fn(ntksym.fcn(1, "relu", sigma_w=2**0.5))
    train, cross = kernel(x), kernel(z, x)
    times = np.geomspace(1e-3, 1e4, T).astype(dtype)
    flow = ntksym.flow_fn()
    eigh = jax.jit(jax.numpy.linalg.eigh)

    def once() -> tuple[float, float, float]:
        start = time.perf_counter()
        jax.block_until_ready(eigh(train))
        middle = time.perf_counter()
        spectrum = jax.block_until_ready(ntksym.factorize(train))
        factored = time.perf_counter()
        jax.block_until_ready(flow(spectrum, y, times, k_test_train=cross, get="test").test)
        return middle - start, factored - middle, time.perf_counter() - factored

    once()
    runs = [once() for _ in range(REPEATS)]
    alone, factor, rest = (statistics.median(column) for column in zip(*runs, strict=True))
    ratio = statistics.median((f + r) / a for a, f, r in runs)
    values, vectors = np.linalg.eigh(np.asarray(train, np.float64))
    found = np.asarray(flow(ntksym.factorize(train), y, times, k_test_train=cross, get="test").test)
    exact = [np.asarray(cross, np.float64) @ (vectors * (-np.expm1(-values * t) / values)) @ (vectors.T @ y) for t in times[::40].astype(float)]
    error = max(np.max(np.abs(found[40 * i] - e)) for i, e in enumerate(exact))
    print(
        f"{np.dtype(dtype).name}: eigh {alone:.3f} s, factorize {factor:.3f} s, {T} times x {M} x {K} {rest:.3f} s; "
        f"together {ratio:.2f} times the eigh; largest error {error:.1e}"
    )


if __name__ == "__main__":
    with jax.enable_x64(True):
        measure(np.float64)
    measure(np.float32)
