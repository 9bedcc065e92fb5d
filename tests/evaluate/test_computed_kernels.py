"""Kernels of activations outside the class: numbers by another quadrature, their error bound, gradients, and what the module says of itself."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import ntksym
from ntksym import fcn, kernel_fn

X = np.random.default_rng(5).normal(size=(4, 3))
X[3] = X[2]
SIGMA_W, SIGMA_B = 1.4, 0.3


def plane(f, a: float, c: float, b: float) -> float:
    """E[f(u) f(v)] by the trapezoidal rule in both normal variables (f smooth)."""
    z = np.linspace(-9, 9, 221)
    w = np.exp(-(z**2) / 2) * (z[1] - z[0]) / np.sqrt(2 * np.pi)
    rho = np.clip(c / np.sqrt(a * b), -1, 1)
    v = np.sqrt(b) * (rho * z[:, None] + np.sqrt(1 - rho**2) * z[None, :])
    return float(np.sum(w[:, None] * w[None, :] * f(np.sqrt(a) * z)[:, None] * f(v)))


def recursion(depth: int, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """K and Theta of two inputs of a tanh network, layer by layer."""
    phi, slope = np.tanh, lambda t: 1 / np.cosh(t) ** 2
    a, c, b = (SIGMA_W**2 * p @ q / len(x) + SIGMA_B**2 for p, q in ((x, x), (x, y), (y, y)))
    theta = c
    for _ in range(depth):
        theta = theta * SIGMA_W**2 * plane(slope, a, c, b)
        a, c, b = (SIGMA_W**2 * plane(phi, *q) + SIGMA_B**2 for q in ((a, a, a), (a, c, b), (b, b, b)))
        theta += c
    return c, theta


def test_tanh_against_another_quadrature_within_the_bound() -> None:
    k = kernel_fn(fcn(2, "tanh", sigma_w=SIGMA_W, sigma_b=SIGMA_B))
    wanted = np.array([[recursion(2, x, y) for y in X] for x in X])
    with jax.enable_x64(True):
        found, bound = k(X, get=("nngp", "ntk")), k.error_bound(X, get=("nngp", "ntk"))
    assert k.kind == "estimate"
    for i, name in enumerate(("nngp", "ntk")):
        error = np.abs(np.asarray(getattr(found, name)) - wanted[:, :, i])
        print(name, error.max(), np.max(getattr(bound, name)))
        assert (error <= 1e-12).all() and (error <= getattr(bound, name) + 1e-14).all()
        assert (getattr(bound, name) < 1e-10).all()


def test_gradients_are_finite_where_inputs_coincide() -> None:
    with jax.enable_x64(True):
        k = kernel_fn(fcn(1, "softsign"))
        total = jax.jit(lambda x: k(x).sum())
        gradient = jax.grad(total)(jnp.asarray(X[:2]))
        for i, step in ((0, 1e-5), (1, 1e-5)):
            moved = [X[:2] + side * step * np.eye(2, 3)[i] * np.array([[1.0], [0.0]]) for side in (1, -1)]
            numeric = float(total(moved[0]) - total(moved[1])) / (2 * step)
            assert abs(numeric - float(gradient[0, i])) < 1e-8
        assert np.isfinite(jax.jit(jax.grad(total))(jnp.asarray(X))).all()


def test_a_network_of_closed_and_computed_layers() -> None:
    network = ntksym.Network([ntksym.Dense(), ntksym.Pointwise("tanh"), ntksym.Dense(), ntksym.Pointwise("relu"), ntksym.Dense()])
    source = ntksym.emit(network)
    assert "dual_relu(" in source and "dual_tanh_bound" in source and "numeric" in source


def test_the_bound_of_single_precision() -> None:
    """The kernel in float32 against itself in float64, closed (so that it is quick)."""
    k = kernel_fn(fcn(3, "relu", sigma_b=0.2))
    small = X.astype(np.float32)
    bound = k.error_bound(small[:3], small[1:])
    with jax.enable_x64(True):
        exact = np.asarray(k(small[:3].astype(np.float64), small[1:].astype(np.float64)))
    error = np.abs(np.asarray(k(small[:3], small[1:]), dtype=float) - exact)
    assert bound.shape == (3, 3) and (error <= bound).all() and (bound < 0.02 * np.abs(exact).max()).all()


def test_the_module_says_that_it_is_numeric_and_why() -> None:
    source = ntksym.emit(fcn(1, "softsign"))
    head = " ".join(source[: source.index('"""', 3)].split())
    assert "numeric: Gauss-Legendre panels" in head and "no rigorous enclosure" in head and "stands here: 1/(Abs(x) + 1)" in head
    imports = {line for line in source.splitlines() if line.startswith(("import", "from"))}
    assert imports == {"from typing import NamedTuple", "import jax", "import jax.numpy as jnp", "from jax import lax"}


def test_the_derivation_is_tested_not_proved() -> None:
    derivation = ntksym.derive(fcn(2, "tanh"))
    claim = derivation.conclusion.claim
    assert [form.phi for form in claim.numeric] == [ntksym.activation("tanh").phi] and claim.duals == ()
    (step,) = [s for s in ntksym.dual("tanh").steps if s.rule.name == "compute_numerically"]
    assert str(step.verdict).startswith("TESTED (3 points, 1") and derivation.verdict < ntksym.derive(fcn(2, "relu")).verdict
    assert ntksym.dual("tanh").expr is None and "tanh" in (ntksym.dual("tanh").reason or "")


@pytest.mark.parametrize("bad", [{"x2": "tracer"}, {"get": "flow"}])
def test_the_bound_refuses_by_name(bad: dict[str, str]) -> None:
    k = kernel_fn(fcn(1, "relu"))
    with pytest.raises(ntksym.NtksymError):
        if "get" in bad:
            k.error_bound(X.astype(np.float32), get="flow")
        else:
            jax.jit(lambda x: k.error_bound(x))(X.astype(np.float32))
