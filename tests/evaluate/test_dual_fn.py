"""``dual_fn``: values, bounds and derivatives of computed duals against quadrature in 30 digits that shares no code; and what it refuses."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import oracles
import pytest
from mpmath import mp, mpf

import ntksym

# q11, q12, q22 as floating-point numbers, taken as exact
POINTS = {"generic": (0.7, 0.26, 1.9), "negative": (0.25, -0.4, 1.07), "one": (1.5, 1.5, 1.5), "minus one": (0.5, -0.5, 0.5)}


@cache
def reference(name: str, point: str) -> tuple[float, ...]:
    """V, V', dV/dq11, dV/dq22 and the norms sqrt(E phi^2 E phi^2), sqrt(E phi'^2 E phi'^2)."""
    phi = oracles.known(name)
    a, c, b = POINTS[point]
    found = oracles.quantities(phi, a, c, b, digits=16)
    with mp.workdps(25):
        norms = [mp.sqrt(measure(phi, mpf(a), digits=16) * measure(phi, mpf(b), digits=16)) for measure in (oracles.square, oracles.slope_square)]
    return tuple(float(x) for x in (found.value, found.derivative, found.partial11, found.partial22, *norms))


def arrays(dtype: Any) -> list[np.ndarray]:
    return [np.array([point[k] for point in POINTS.values()], dtype=dtype) for k in range(3)]


@pytest.mark.parametrize("name", ["tanh", "softsign"])
def test_values_bounds_and_derivatives(name: str) -> None:
    """The value is right to 13 digits, within its own bound, and the derivatives are those of the oracle, at correlation +-1 too."""
    wanted = np.array([reference(name, point) for point in POINTS])
    with jax.enable_x64(True):
        f = ntksym.dual_fn(name)
        assert not f.closed and f.kind == "estimate" and f.reason == ntksym.dual(name).reason
        q = arrays(np.float64)
        found, bounds = f(*q), f.error_bound(*q)
        by = jax.jit(jax.vmap(jax.grad(lambda *at: f(*at)[0], (0, 1, 2))))(*(jnp.asarray(x) for x in q))
    for k in (0, 1):
        error = np.abs(np.asarray(found[k]) - wanted[:, k])
        print(name, "relative error", error / wanted[:, 4 + k], "bound", np.asarray(bounds[k]) / wanted[:, 4 + k])
        assert (error <= 1e-13 * wanted[:, 4 + k]).all()
        assert (error <= np.asarray(bounds[k])).all()
        assert (np.asarray(bounds[k]) <= 1e-9 * wanted[:, 4 + k]).all()
    for column, derivative in ((2, by[0]), (1, by[1]), (3, by[2])):
        assert np.allclose(derivative, wanted[:, column], rtol=0, atol=1e-12)


def test_single_precision() -> None:
    q = [column[:2] for column in arrays(np.float32)]
    f = ntksym.dual_fn("tanh")
    found, bounds = f(*q), f.error_bound(*q)
    for k in (0, 1):
        assert np.asarray(found[k]).dtype == np.float32
        for i, point in enumerate(q[0]):
            a, c, b = (float(column[i]) for column in q)
            exact = oracles.quantities(oracles.known("tanh"), a, c, b, digits=10)
            error = abs(float(found[k][i]) - float(exact.value if k == 0 else exact.derivative))
            assert error <= float(bounds[k][i]) and error <= 2e-6, (point, k)


@pytest.mark.parametrize("variance", [1e-6, 40.0, 1e6])
def test_far_variances_keep_their_bound(variance: float) -> None:
    """Past the reach of the series the panels take over, and the bound tells what they reach."""
    a, c, b = variance, 0.3 * variance, 1.25 * variance
    with jax.enable_x64(True):
        f = ntksym.dual_fn("tanh")
        found, bounds = f(a, c, b), f.error_bound(a, c, b)
    exact = oracles.quantities(oracles.known("tanh"), a, c, b, digits=12)
    for value, bound, right in zip(found, bounds, (exact.value, exact.derivative), strict=True):
        print(variance, abs(float(value) - float(right)), float(bound))
        assert abs(float(value) - float(right)) <= float(bound) <= 1e-4


def test_parameters_are_differentiated() -> None:
    with jax.enable_x64(True):
        f = ntksym.dual_fn("scaled_tanh")
        point = (0.8, 0.3, 1.2)
        slopes = jax.grad(lambda b: f(*point, a=1.1, b=b)[1])(0.9)
        h = 1e-5
        assert abs(float(slopes) - float(f(*point, a=1.1, b=0.9 + h)[1] - f(*point, a=1.1, b=0.9 - h)[1]) / (2 * h)) < 1e-9


def test_it_broadcasts_and_transforms() -> None:
    with jax.enable_x64(True):
        f = ntksym.dual_fn("tanh")
        a, b = jnp.array([[0.5], [1.5]]), jnp.array([[0.4, 0.9, 2.0]])
        c = 0.5 * jnp.sqrt(a) * jnp.sqrt(b)
        V, dV = jax.jit(f)(a, c, b)
        assert V.shape == dV.shape == (2, 3)
        again = jax.vmap(f)(jnp.broadcast_to(a, c.shape).ravel(), c.ravel(), jnp.broadcast_to(b, c.shape).ravel())[0]
        assert np.allclose(np.asarray(V).ravel(), again, rtol=0, atol=1e-14)


def test_closed_forms_run_too() -> None:
    with jax.enable_x64(True):
        f = ntksym.dual_fn("relu")
        V, dV = f(1.0, 0.5, 1.0)
        assert f.closed and f.reason is None and abs(float(dV) - 1 / 3) < 1e-15
        assert all(0 < float(bound) < 1e-12 for bound in f.error_bound(1.0, 0.5, 1.0))
        assert abs(float(V) - (np.sqrt(3) / 2 + np.pi / 3) / (2 * np.pi)) < 1e-15


def test_a_tolerance_that_cannot_be_met_is_said() -> None:
    with jax.enable_x64(True), pytest.warns(ntksym.ToleranceWarning, match="above the tolerance 1.0e-20"):
        ntksym.dual_fn("relu", tolerance=1e-20)(1.0, 0.5, 1.0)
    with pytest.raises(ntksym.NtksymError, match="tolerance=-1"):
        ntksym.dual_fn("relu", tolerance=-1)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: ntksym.dual_fn("scaled_gaussian")(1.0, 0.5, 1.0, beta=-1.0), "beta is positive"),
        (lambda: ntksym.dual_fn("relu")(1.0, 1.5, 1.0), "above sqrt"),
        (lambda: ntksym.dual_fn("relu")(-1.0, 0.0, 1.0), "negative variance"),
        (lambda: ntksym.dual_fn("relu")(float("nan"), 0.0, 1.0), "NaN"),
        (lambda: ntksym.dual_fn("relu")(1.0, 0.5, 1.0, beta=2.0), "unknown parameter"),
        (lambda: ntksym.dual_fn("exp(x**2/20)")(100.0, 0.5, 1.0), "small variance"),
        (lambda: ntksym.kernel_fn(ntksym.fcn(1, "scaled_gaussian"))(np.ones((2, 3), np.float32), beta=-1.0), "beta is positive"),
        (lambda: ntksym.dual_fn("log(abs(x))"), "not integrable"),
        (lambda: ntksym.dual_fn(np.tanh), "Python function"),
    ],
)
def test_bad_input_is_named(call: Any, says: str) -> None:
    with pytest.raises(ntksym.NtksymError, match=says):
        call()


def test_an_infinite_slope_is_infinite() -> None:
    """E phi'^2 diverges for sqrt|x|: V' is infinite at correlation 1, finite below it, and V is finite everywhere."""
    with jax.enable_x64(True):
        f = ntksym.dual_fn("sqrt(abs(x))")
        V, dV = f(1.0, 1.0, 1.0)
        assert np.isinf(dV) and abs(float(V) - np.sqrt(2 / np.pi)) < 1e-6
        below = f(1.0, 0.5, 1.0)
        assert np.isfinite(below).all()
