"""Errors of generated kernels and their gradients, float64 and float32, against 50 digits:  python tests/benchmarks/kernel_accuracy.py

Prints the tables of the documentation.  The forms are derived by ntksym; the reference (kernel_oracle.py) holds none of its formulas.
"""

from __future__ import annotations

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import kernel_oracle as oracle
import numpy as np

import ntksym

SEED = 0
CASES = ("generic", "coincident", "opposite", "parallel", "zero")


def inputs() -> tuple[np.ndarray, np.ndarray]:
    """Six and five rows of eight numbers; the second set holds a copy, a negative and a multiple of rows of the first."""
    rng = np.random.default_rng(SEED)
    x1, x2 = rng.standard_normal((6, 8)), rng.standard_normal((5, 8))
    x2[0], x2[1], x2[2] = x1[0], -x1[1], 2 * x1[2]
    return x1, x2


def values(name: str, depth: int, sigma_b: float, dtype: type) -> list[float]:
    """Frobenius-relative errors: NNGP and NTK with x2 given, NNGP and NTK with x2=None."""
    k = ntksym.kernel_fn(ntksym.fcn(depth, name, sigma_w=1.5, sigma_b=sigma_b))
    x1, x2 = (x.astype(dtype) for x in inputs())
    with jax.enable_x64(dtype is np.float64):
        found = [*k(x1, x2, ("nngp", "ntk")), *k(x1, None, ("nngp", "ntk"))]
    exact = [*oracle.kernel(name, depth, 1.5, sigma_b, x1, x2), *oracle.kernel(name, depth, 1.5, sigma_b, x1, x1)]
    return [oracle.relative_error(np.asarray(f), e) for f, e in zip(found, exact, strict=True)]


def pair(case: str) -> tuple[np.ndarray, np.ndarray]:
    """Two inputs in the relation named."""
    rng = np.random.default_rng(SEED + 1)
    x, y = rng.standard_normal(4), rng.standard_normal(4)
    return {"generic": (x, y), "coincident": (x, x), "opposite": (x, -x), "parallel": (x, 2 * x), "zero": (0 * x, y)}[case]


def gradients(name: str, depth: int, sigma_b: float, case: str, dtype: type) -> float:
    """Largest error of the gradient of NNGP and NTK in either input, relative to the largest entry."""
    k = ntksym.kernel_fn(ntksym.fcn(depth, name, sigma_w=1.5, sigma_b=sigma_b))
    x, y = (entry.astype(dtype) for entry in pair(case))
    worst = 0.0
    with jax.enable_x64(dtype is np.float64):
        for which, get in enumerate(("nngp", "ntk")):
            made = jax.grad(lambda p, q, get=get: k(p[None], q[None], get)[0, 0], (0, 1))(jnp.asarray(x), jnp.asarray(y))
            for wrt in (0, 1):
                exact = np.array([float(oracle.gradient(name, depth, (1.5, sigma_b), x, y, wrt, entry)[which]) for entry in range(2)])
                worst = max(worst, float(np.abs(np.asarray(made[wrt])[:2] - exact).max() / max(np.abs(exact).max(), 1e-3)))
    return worst


def main() -> None:
    print(f"seed {SEED}, jax {jax.__version__}\n")
    print("activation depth sigma_b dtype     nngp(x1,x2) ntk(x1,x2) nngp(x1)  ntk(x1)")
    for name in oracle.DUALS:
        for depth in (1, 3, 10):
            for sigma_b in (0.0, 0.1):
                for dtype in (np.float64, np.float32):
                    errors = values(name, depth, sigma_b, dtype)
                    print(f"{name:10} {depth:5} {sigma_b:7} {dtype.__name__:9}", *(f"{error:10.1e}" for error in errors), flush=True)
    print("\ngradients  depth sigma_b dtype    ", *(f"{case:>10}" for case in CASES))
    for name in oracle.DUALS:
        for depth in (1, 3):
            for sigma_b in (0.0, 0.1):
                for dtype in (np.float64, np.float32):
                    shown = [_cell(name, depth, sigma_b, case, dtype) for case in CASES]
                    print(f"{name:10} {depth:5} {sigma_b:7} {dtype.__name__:9}", *shown, flush=True)


def _cell(name: str, depth: int, sigma_b: float, case: str, dtype: type) -> str:
    """One error; none for deep relu without biases at a zero row, whose symmetric derivative is not linear in the direction: there is no gradient."""
    if case == "zero" and name == "relu" and sigma_b == 0 and depth > 1:
        return f"{'-':>10}"
    return f"{gradients(name, depth, sigma_b, case, dtype):10.1e}"


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
