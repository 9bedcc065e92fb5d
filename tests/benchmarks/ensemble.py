"""Mean and covariance of trained linearized networks that were really drawn, against ``ensemble_fn``: one joint chi-square test.

    python tests/benchmarks/ensemble.py [draws] [width]

Every network is linearized at its own initial parameters and trained by its own empirical tangent kernel; float32 nets, float64 statistics.
"""

from __future__ import annotations

import sys
import time
from typing import NamedTuple

import jax
import numpy as np
from scipy.stats import chi2

import ntksym

SEED, N, M, TIME, RATE = 0, 6, 3, 8.0, 0.2


class Kernels(NamedTuple):
    """On training and test inputs."""

    train_train: object
    test_train: object
    test_test: object


def main(draws: int, width: int) -> None:
    rng = np.random.default_rng(SEED)
    x = rng.normal(size=(N + M, 4)).astype(np.float32)
    y = rng.normal(size=(N, 1)).astype(np.float32)
    network = ntksym.fcn(1, "erf", sigma_w=1.5, sigma_b=0.1, widths=width)
    init, apply, tangent = ntksym.init_fn(network), ntksym.apply_fn(network), ntksym.empirical_ntk_fn(network)
    flow = ntksym.flow_fn()

    @jax.jit
    def trained(key: jax.Array) -> jax.Array:
        params = init(key, 4)
        kernel, start = tangent(params, x)[:, :, 0, 0], apply(params, x)
        found = flow(kernel[:N, :N], y, TIME, k_test_train=kernel[N:, :N], f_train_0=start[:N], f_test_0=start[N:], learning_rate=RATE)
        return found.test[:, 0]

    begin = time.perf_counter()
    outputs = np.asarray(jax.lax.map(trained, jax.random.split(jax.random.key(SEED), draws), batch_size=20), np.float64)
    seconds = time.perf_counter() - begin
    with jax.enable_x64(True):
        wide, labels = x.astype(float), y.astype(float)
        k = ntksym.kernel_fn(network)
        nngp, ntk = (Kernels(k(wide[:N], None, name), k(wide[N:], wide[:N], name), k(wide[N:], None, name)) for name in ("nngp", "ntk"))
        mean, cov = (np.asarray(part) for part in ntksym.ensemble_fn()(nngp, ntk, labels, TIME, learning_rate=RATE))
    white = np.linalg.solve(np.linalg.cholesky(cov), (outputs - mean[:, 0]).T)
    first, second = white.mean(axis=1), white @ white.T / draws
    scores = np.sqrt(draws) * np.concatenate([first, (np.diag(second) - 1) / np.sqrt(2), second[np.triu_indices(M, 1)]])
    statistic, freedom = float(np.sum(scores**2)), len(scores)
    print(f"{draws} networks of width {width}, {N} training and {M} test inputs, t = {TIME:g}, eta = {RATE:g}: {seconds:.0f} s")
    print(f"mean      {outputs.mean(0)}  derived {mean[:, 0]}")
    print(f"deviation {outputs.std(0)}  derived {np.sqrt(np.diag(cov))}")
    print(f"joint chi-square {statistic:.1f} on {freedom} degrees of freedom, p = {chi2.sf(statistic, freedom):.3f}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]) if len(sys.argv) == 3 else (2000, 2048))
