"""The same numbers on eight devices, and on four of two processes, as on one device."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]

# Run in children, because the number of devices is fixed when jax starts.
PROGRAM = """
import json, sys
import jax
import numpy as np
import ntksym
from ntksym.evaluate.large import extreme_eigenvalues, kernel_matvec, solve_kernel

if len(sys.argv) > 2:
    jax.distributed.initialize(sys.argv[2], num_processes=2, process_id=int(sys.argv[3]))
rng = np.random.default_rng(int(sys.argv[1]))
x, y, test = rng.standard_normal((101, 6)), rng.standard_normal((101, 2)), rng.standard_normal((11, 6))
kernel = ntksym.kernel_fn(ntksym.fcn(1, "relu", sigma_b=0.1))
with jax.enable_x64(True):
    found = []
    for devices in (None, jax.local_devices()[:1]):
        options = dict(devices=devices, block_size=9)
        solution = solve_kernel(kernel, x, y, ridge=0.05, preconditioner_rank=16, tolerance=1e-10, **options)
        found.append({
            "devices": solution._matrix.mesh.size,
            "spread": len(solution._matrix.pairs.sharding.device_set),
            "steps": solution.steps,
            "coefficients": solution.coefficients.tolist(),
            "predictions": solution.predict(test).tolist(),
            "product": kernel_matvec(kernel, x, y, **options).tolist(),
            "largest": extreme_eigenvalues(kernel, x, tolerance=1e-9, **options).largest,
        })
    matrix = np.asarray(kernel(x))
    found.append({"coefficients": np.linalg.solve(matrix + 0.05 * np.eye(101), y).tolist(), "product": (matrix @ y).tolist()})
print(json.dumps(found))
"""


def started(seed: int, devices: int, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "JAX_PLATFORMS": "cpu"}
    environment["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices}"
    command = [sys.executable, "-c", PROGRAM, str(seed), *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result(child: subprocess.Popen[str]) -> list[dict[str, Any]]:
    out, error = child.communicate(timeout=300)
    assert child.returncode == 0, error[-3000:]
    return json.loads(out.splitlines()[-1])


def require_same(found: list[dict[str, Any]], devices: int) -> None:
    many, one, dense = found
    assert (many["devices"], many["spread"], one["devices"]) == (devices, devices, 1)
    assert abs(many["steps"] - one["steps"]) <= 1
    for name, bound in (("coefficients", 1e-8), ("predictions", 1e-8), ("product", 1e-13), ("largest", 1e-12)):
        first, second = np.asarray(many[name]), np.asarray(one[name])
        assert np.abs(first - second).max() < bound * np.abs(second).max(), name
    for name, bound in (("coefficients", 1e-8), ("product", 1e-13)):
        assert np.abs(np.asarray(many[name]) - dense[name]).max() < bound * np.abs(dense[name]).max(), name


def test_eight_devices(seed: int) -> None:
    require_same(result(started(seed, 8)), 8)


@pytest.mark.skipif("NTKSYM_SLOW" not in os.environ, reason="two processes with jax.distributed take half a minute; set NTKSYM_SLOW=1 to run it")
def test_two_processes(seed: int) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    children = [started(seed, 2, address, str(k)) for k in range(2)]
    try:
        found = [result(child) for child in children]
    finally:
        for child in children:
            if child.poll() is None:
                child.kill()
    for each in found:
        require_same(each, 4)
    assert found[0][0]["coefficients"] == found[1][0]["coefficients"]
