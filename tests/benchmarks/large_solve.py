"""Kernel regression without the kernel matrix, time, memory and steps:  python tests/benchmarks/large_solve.py [--rows 20000] [--gpu-rows 50000]

ReLU, one hidden layer, 64 standard normal inputs, 10 outputs (a random teacher plus noise), ridge 1e-2 of the mean diagonal, relative residual 1e-4.  Each
line is a process of its own; "beyond data" is its high-water mark less the mark after jax has started and the data are made.  "float64 residual" is that of the
solution with a kernel computed in float64.  Then 4,000 rows on 8 simulated devices and on one, in float64; and a GPU, where there is one.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import ntksym
from ntksym.evaluate.large import extreme_eigenvalues, kernel_matvec, solve_kernel

RIDGE = 1e-2
KERNEL = ntksym.kernel_fn(ntksym.fcn(1, "relu"))


def data(rows: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, 64), dtype="float32")
    y = np.tanh(x @ rng.standard_normal((64, 10), dtype="float32") / 8) + 0.1 * rng.standard_normal((rows, 10), dtype="float32")
    return x.astype(dtype), y.astype(dtype)


def peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def alone(rows: int, dtype: str, rank: int) -> dict[str, Any]:
    """One solve in this process."""
    with jax.enable_x64(dtype == "float64"):
        x, y = data(rows, dtype)
        jnp.zeros(3).block_until_ready()
        before = peak_mib()
        ridge = RIDGE * float(np.mean(KERNEL(x, diagonal=True)))
        begin = time.perf_counter()
        found = solve_kernel(KERNEL, x, y, ridge=ridge, preconditioner_rank=rank, progress=True)
        taken, peak = time.perf_counter() - begin, peak_mib()
        begin = time.perf_counter()
        found.predict(x[: rows // 100])
        predicted = time.perf_counter() - begin
        begin = time.perf_counter()
        extremes = extreme_eigenvalues(KERNEL, x)
        lanczos = time.perf_counter() - begin
    a = np.asarray(found.coefficients, float)
    with jax.enable_x64(True):
        begin = time.perf_counter()
        left = y - np.asarray(kernel_matvec(KERNEL, x.astype(float), a)) - ridge * a
        product64 = time.perf_counter() - begin
    return {
        "seconds": taken,
        "beyond": peak - before,
        "estimate": found.bytes / 2**20,
        "steps": found.steps,
        "products": found.products,
        "residual": float(found.residuals.max()),
        "converged": found.converged,
        "residual64": float((np.linalg.norm(left, axis=0) / np.linalg.norm(y, axis=0)).max()),
        "block": found.block_size,
        "predict": predicted,
        "lanczos": lanczos,
        "lanczos_steps": extremes.steps,
        "largest": extremes.largest,
        "largest_error": extremes.largest_error,
        "product64": product64,
        "device": str(jax.devices()[0]),
    }


def several(rows: int) -> dict[str, Any]:
    """All devices of this process beside one of them."""
    with jax.enable_x64(True):
        x, y = data(rows, "float64")
        ridge = RIDGE * float(np.mean(KERNEL(x, diagonal=True)))
        many = solve_kernel(KERNEL, x, y, ridge=ridge, block_size=256)
        one = solve_kernel(KERNEL, x, y, ridge=ridge, block_size=256, devices=jax.devices()[:1])
        test = np.random.default_rng(1).standard_normal((500, 64))
        predictions = [np.asarray(solution.predict(test)) for solution in (many, one)]
    first, second = np.asarray(many.coefficients), np.asarray(one.coefficients)
    return {
        "devices": len(jax.devices()),
        "steps": [many.steps, one.steps],
        "coefficients": float(np.abs(first - second).max() / np.abs(second).max()),
        "predictions": float(np.abs(predictions[0] - predictions[1]).max() / np.abs(predictions[1]).max()),
    }


def child(*arguments: str, devices: int = 1, platform: str = "cpu") -> dict[str, Any]:
    environment = {**os.environ, "JAX_PLATFORMS": platform}
    if devices > 1:
        environment["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices}"
    found = subprocess.run([sys.executable, __file__, *arguments], env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(found.stdout.splitlines()[-1])


def show(rows: int, name: str, rank: int, found: dict[str, Any]) -> None:
    print(
        f"{rows:6d}  {name}  {rank:4d}  {found['block']:5d}  {found['seconds']:8.1f}  {found['steps']:5d}  {found['products']:8d}  "
        f"{found['seconds'] / found['products']:9.2f}  {found['beyond']:11.0f}  {found['estimate']:8.0f}  {found['residual']:.2e}  {found['residual64']:.2e}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--gpu-rows", type=int, default=50_000)
    parser.add_argument("--ranks", type=int, nargs="+", default=[300])
    parser.add_argument("--dtypes", nargs="+", default=["float32", "float64"])
    parser.add_argument("--alone", nargs=3)
    parser.add_argument("--several", type=int)
    given = parser.parse_args()
    if given.alone:
        print(json.dumps(alone(int(given.alone[0]), given.alone[1], int(given.alone[2]))))
        return
    if given.several:
        print(json.dumps(several(given.several)))
        return
    print(f"ReLU, depth 1, d = 64, 10 outputs, ridge {RIDGE:g} of the mean diagonal, to 1e-4; jax {jax.__version__}, {os.cpu_count()} processors")
    print("  rows  dtype    rank  block   seconds  steps  products  s/product  beyond data  estimate  residual  float64 residual   (memory in MiB)")
    for dtype in given.dtypes:
        for rank in given.ranks:
            found = child("--alone", str(given.rows), dtype, str(rank))
            show(given.rows, dtype, rank, found)
            print(
                f"        {given.rows // 100} predictions {found['predict']:.1f} s; "
                f"largest eigenvalue {found['largest']:.6g} within {found['largest_error']:.1g} "
                f"in {found['lanczos_steps']} steps, {found['lanczos']:.0f} s; one product in float64 {found['product64']:.1f} s"
            )
    found = child("--several", "4000", devices=8)
    print(
        f"  4000  float64 on {found['devices']} simulated devices and on 1: steps {found['steps'][0]} and {found['steps'][1]}, "
        f"relative difference of coefficients {found['coefficients']:.1e}, of predictions {found['predictions']:.1e}"
    )
    if jax.default_backend() == "gpu":
        show(given.gpu_rows, "float32", given.ranks[0], child("--alone", str(given.gpu_rows), "float32", str(given.ranks[0]), platform=""))
    else:
        print(f"GPU, {given.gpu_rows} rows: skipped, jax finds none")


if __name__ == "__main__":
    main()
