"""Generated kernels and gradients against 50 digits.  The whole table: ``python tests/benchmarks/kernel_accuracy.py``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import oracles
import pytest
from benchmarks import kernel_oracle
from lowering import cases

from ntksym.lowering import load_source

_RNG = np.random.default_rng(0)
X1, X2 = _RNG.standard_normal((5, 8)), _RNG.standard_normal((4, 8))
X2[0], X2[1], X2[2] = X1[0], -X1[1], 2 * X1[2]


def kernel(name: str, depth: int, sigma_b: float) -> Callable[..., Any]:
    return load_source(cases.source(getattr(cases, name)(), name, depth, sigma_b_default=sigma_b))["kernel_fn"]


def test_the_gelu_formula_of_the_reference_is_the_expectation() -> None:
    known = oracles.known("gelu")
    for point in (("1", "0.3", "2"), ("0.5", "-0.6", "1.7")):
        a, c, b = map(mp.mpf, point)
        value, slope = kernel_oracle.gelu(a, c, b)
        assert abs(value - oracles.value(known, a, c, b)) < mp.mpf(10) ** -28
        assert abs(slope - oracles.derivative(known, a, c, b)) < mp.mpf(10) ** -28


NETWORKS = [("relu", 1, 0.1), ("relu", 10, 0.1), ("relu", 3, 0.0), ("erf", 3, 0.0), ("erf", 10, 0.1), ("gelu", 1, 0.0), ("gelu", 10, 0.1)]


# Measured worst: float64 8e-15 (erf, depth 10, with an opposite row) and 8e-16; float32 3e-6 and 1e-6.
@pytest.mark.parametrize(
    "name, depth, sigma_b", [("relu", 1, 0.1), ("relu", 10, 0.1), ("relu", 3, 0.0), ("erf", 3, 0.0), ("erf", 10, 0.1), ("gelu", 1, 0.0), ("gelu", 10, 0.1)]
)
def test_values(name: str, depth: int, sigma_b: float) -> None:
    k = kernel(name, depth, sigma_b)
    for dtype, given, alone in ((np.float64, 1e-14, 2e-15), (np.float32, 1e-5, 3e-6)):
        x1, x2 = X1.astype(dtype), X2.astype(dtype)
        with jax.enable_x64(dtype is np.float64):
            found, diagonal = k(x1, x2, ("nngp", "ntk")), k(x1, None, ("nngp", "ntk"))
        for made, exact in zip(found, kernel_oracle.kernel(name, depth, 1.5, sigma_b, x1, x2), strict=True):
            assert kernel_oracle.relative_error(np.asarray(made), exact) < given
        for made, exact in zip(diagonal, kernel_oracle.kernel(name, depth, 1.5, sigma_b, x1, x1), strict=True):
            assert kernel_oracle.relative_error(np.asarray(made), exact) < alone


def pairs(x: np.ndarray, y: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {"generic": (x, y), "coincident": (x, x), "opposite": (x, -x), "parallel": (x, 2 * x), "zero": (0 * x, y), "both zero": (0 * x, 0 * x)}


# Measured worst: float64 1.3e-13 (parallel rows), float32 6e-5.
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 5e-13), (np.float32, 2e-4)])
@pytest.mark.parametrize("name, depth, sigma_b", [("relu", 1, 0.0), ("relu", 3, 0.1), ("erf", 3, 0.1), ("gelu", 3, 0.0)])
def test_gradients(name: str, depth: int, sigma_b: float, dtype: type, tolerance: float) -> None:
    k = kernel(name, depth, sigma_b)
    with jax.enable_x64(dtype is np.float64):
        both = jax.jit(jax.jacrev(lambda a, b: jnp.stack([entry[0, 0] for entry in k(a[None], b[None], ("nngp", "ntk"))]), (0, 1)))
        for case, (x, y) in pairs(X1[3, :4].astype(dtype), X2[3, :4].astype(dtype)).items():
            made = both(jnp.asarray(x), jnp.asarray(y))
            for wrt in (0, 1):
                exact = kernel_oracle.gradient(name, depth, (1.5, sigma_b), x, y, wrt, 0)
                for which in (0, 1):
                    scale = max(float(np.abs(made[wrt][which]).max()), 1e-2)
                    assert abs(float(made[wrt][which][0]) - float(exact[which])) < tolerance * scale, (case, wrt, which)


def test_the_gradient_of_the_diagonal_is_that_of_the_pair() -> None:
    """d/dx k(x, x) both ways: through the recursion in one variable, and through two equal arguments of the other."""
    for name in ("relu", "gelu"):
        k = kernel(name, 3, 0.1)
        with jax.enable_x64(True):
            x = jnp.asarray(X1[:1])
            alone = jax.grad(lambda x, k=k: k(x)[0, 0])(x)
            pair = jax.grad(lambda x, k=k: k(x, x)[0, 0])(x)
            np.testing.assert_allclose(pair, alone, rtol=1e-12)


@pytest.mark.parametrize("dtype, gaps, tolerance", [(np.float64, (1e-4, 1e-8, 1e-12), 3e-16), (np.float32, (1e-2, 1e-4, 1e-6), 2e-7)])
def test_the_dual_is_exact_for_the_covariance_it_is_given(dtype: type, gaps: tuple[float, ...], tolerance: float) -> None:
    """At correlation 1 - gap a plain q11 q22 - q12^2 costs eps/sqrt(gap) of V' (1e-10 at the last one); measured here 1.1e-16 and 6e-8."""
    function = load_source(cases.source(cases.relu(), "relu"))["dual_relu"]
    rng = np.random.default_rng(5)
    a, b = rng.uniform(0.3, 3, (2, 3, 200)).astype(dtype)
    c = (np.sqrt(a.astype(float) * b) * (1 - np.array(gaps)[:, None])).astype(dtype)
    with jax.enable_x64(dtype is np.float64):
        slope = np.asarray(jax.jit(function)(a, c, b)[1])
    for made, *point in zip(slope.ravel(), a.ravel(), c.ravel(), b.ravel(), strict=True):
        exact = kernel_oracle.relu(*(mp.mpf(float(entry)) for entry in point))[1]
        assert abs(float(made) - exact) < tolerance


def test_near_coincident_inputs_keep_their_digits() -> None:
    """NTK of relu at angle 1e-5: theta is known to the digits its covariance holds (eps/theta^2 = 2e-6 of it, 2e-11 of the kernel)."""
    k = kernel("relu", 1, 0.0)
    x = X1[:1, :4]
    other = np.array([[-x[0, 1], x[0, 0], -x[0, 3], x[0, 2]]])
    y = np.cos(1e-5) * x + np.sin(1e-5) * other
    with jax.enable_x64(True):
        found = float(k(x, y)[0, 0])
    exact = kernel_oracle.kernel("relu", 1, 1.5, 0.0, x, y)[1][0][0]
    assert abs(found - float(exact)) / float(exact) < 2e-11
