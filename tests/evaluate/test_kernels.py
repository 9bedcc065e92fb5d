"""kernel_fn of real networks: derived, emitted, run; what it refuses; what it shares."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from benchmarks import kernel_oracle

import ntksym
from ntksym import Dense, Network, NtksymError, Pointwise, PrecisionWarning, emit, fcn, kernel_fn

x = sp.Symbol("x", real=True)
X1 = np.random.default_rng(0).standard_normal((4, 6))
X2 = np.concatenate([X1[:1], -X1[1:2], np.zeros((1, 6))])


@pytest.fixture(scope="module")
def relu() -> Any:
    return kernel_fn(fcn(3, "relu", sigma_w=1.5, sigma_b=0.1))


@pytest.mark.parametrize("name", ["relu", "erf", "gelu"])
def test_derived_kernels_against_fifty_digits(name: str) -> None:
    """Measured worst 2.4e-15 (NTK of erf)."""
    k = kernel_fn(fcn(3, name, sigma_w=1.5, sigma_b=0.1))
    with jax.enable_x64(True):
        found = k(X1, X2, ("nngp", "ntk"))
    for made, exact in zip(found, kernel_oracle.kernel(name, 3, 1.5, 0.1, X1, X2), strict=True):
        assert kernel_oracle.relative_error(np.asarray(made), exact) < 1e-14


def test_signature_and_source(relu: Any) -> None:
    parameters = inspect.signature(relu).parameters
    assert list(parameters) == ["x1", "x2", "get", "sigma_w", "sigma_b", "batch_size", "diagonal"]
    assert parameters["sigma_w"].default == 1.5 and parameters["sigma_b"].default == 0.1
    assert relu.source == emit(fcn(3, "relu", sigma_w=1.5, sigma_b=0.1))
    assert set(relu.duals) == {"dual_relu"}


def test_a_literal_zero_bias_is_structural() -> None:
    assert "sigma_b" not in inspect.signature(kernel_fn(fcn(2, "relu"))).parameters
    assert "sigma_b" not in emit(fcn(2, "relu")).split('"""', 2)[2]


def test_equal_networks_share_code_and_sigmas_are_only_defaults(relu: Any) -> None:
    again = kernel_fn(fcn(3, "relu", sigma_w=1.5, sigma_b=0.1))
    assert again._compiled is relu._compiled
    other = kernel_fn(fcn(3, "relu", sigma_w=1.7, sigma_b=0.1))
    with jax.enable_x64(True):
        # The same compiled code; with some versions of jax the inner products differ by an ulp from call to call (2.4e-16 measured).
        np.testing.assert_allclose(other(X1, X2), relu(X1, X2, sigma_w=1.7), rtol=1e-15)


def test_per_layer_sigmas(relu: Any) -> None:
    with jax.enable_x64(True):
        np.testing.assert_allclose(relu(X1, X2, sigma_w=(1.5,) * 4), relu(X1, X2), rtol=1e-15)
        k = kernel_fn(fcn(3, "relu", sigma_w=(1.0, 1.2, 1.4, 1.6), sigma_b=0.1))
        np.testing.assert_allclose(k(X1, X2), relu(X1, X2, sigma_w=[1.0, 1.2, 1.4, 1.6]), rtol=1e-15)


def test_networks_of_unlike_layers() -> None:
    """Two activations, bias in some layers only: against the recursion written out with the generated duals."""
    net = Network([Dense(1.2, 0.3), Pointwise("relu"), Dense(1.1), Pointwise("erf"), Dense(1.3, 0.2)])
    k = kernel_fn(net)
    with jax.enable_x64(True):
        a, c, b = (1.2**2 * g / 6 + 0.09 for g in ((X1[:3] * X1[:3]).sum(1), (X1[:3] * X1[1:4]).sum(1), (X1[1:4] * X1[1:4]).sum(1)))
        theta = c
        for name, w, bias in (("dual_relu", 1.1**2, 0.0), ("dual_erf", 1.3**2, 0.04)):
            value, slope = k.duals[name](a, c, b)
            first, second = k.duals[name](a, a, a)[0], k.duals[name](b, b, b)[0]
            a, c, b = w * first + bias, w * value + bias, w * second + bias
            theta = c + w * slope * theta
        np.testing.assert_allclose(k(X1[:3], X1[1:4], diagonal=True), theta, rtol=1e-14)
        np.testing.assert_allclose(k(X1[:3], X1[1:4], "nngp", diagonal=True), c, rtol=1e-14)


def test_tracers_pass(relu: Any) -> None:
    with jax.enable_x64(True):
        value = relu(X1, X2, sigma_w=1.3)
        np.testing.assert_allclose(jax.jit(lambda a, s: relu(a, X2, sigma_w=s))(X1, 1.3), value, rtol=1e-15)
        assert np.isfinite(jax.grad(lambda a: relu(a, X2).sum())(jnp.asarray(X1))).all()
        assert jax.vmap(lambda s: relu(X1, sigma_w=s))(jnp.array([1.0, 2.0])).shape == (2, 4, 4)


def test_the_linear_network() -> None:
    """L hidden identity layers: K = x.x'/n_0, Theta = (L + 1) K."""
    with jax.enable_x64(True):
        found = kernel_fn(fcn(2, "identity"))(X1, X2, ("nngp", "ntk"))
        np.testing.assert_allclose(found.nngp, X1 @ X2.T / 6, rtol=1e-13, atol=1e-15)
        np.testing.assert_allclose(found.ntk, X1 @ X2.T / 2, rtol=1e-13, atol=1e-15)


def test_free_parameters_are_required_keywords() -> None:
    slope = sp.Symbol("lambda", real=True)
    k = kernel_fn(fcn(2, sp.Max(0, x) + slope * sp.Min(0, x)))
    with pytest.raises(NtksymError, match="lambda_ not given"):
        k(X1.astype(np.float32))
    plain = kernel_fn(fcn(2, "relu"))
    with jax.enable_x64(True):
        np.testing.assert_allclose(k(X1, lambda_=0.0), plain(X1), rtol=1e-15)


def test_jumps() -> None:
    """Step and sign: the almost-everywhere NTK has no second term; the distributional one is infinite on the diagonal."""
    layers = [Dense(1.2, 0.1), None, Dense(1.1, 0.1)]
    with jax.enable_x64(True):
        layers[1] = Pointwise("sign", "almost_everywhere")
        almost = kernel_fn(Network(layers))
        both = almost(X1, None, ("nngp", "ntk"))
        np.testing.assert_array_equal(both.nngp, both.ntk)
        assert np.isfinite(jax.grad(lambda a: almost(a).sum())(jnp.asarray(X1))).all()
        layers[1] = Pointwise("sign", "distributional")
        value = kernel_fn(Network(layers))(X1)
        assert np.isinf(np.diag(value)).all() and np.isfinite(value[~np.eye(4, dtype=bool)]).all()


def test_one_warning_for_float64_in_32_bit_mode(relu: Any) -> None:
    with pytest.warns(PrecisionWarning, match="enable_x64") as caught:
        value = relu(X1, X2)
    assert len(caught) == 1 and value.dtype == jnp.float32
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        relu(X1.astype(np.float32))
        with jax.enable_x64(True):
            relu(X1)


F = np.float32
BAD_ARRAYS = {
    "one-dimensional": (X1[0].astype(F), None, "each row is one input"),
    "three-dimensional": (X1[None].astype(F), None, "each row is one input"),
    "ragged": ([[1.0, 2.0], [3.0]], None, "ragged|objects"),
    "no rows": (np.zeros((0, 3), F), None, "nothing in it"),
    "no columns": (np.zeros((3, 0), F), None, "nothing in it"),
    "different d": (X1.astype(F), X1[:, :2].astype(F), "columns"),
    "integers": (np.ones((2, 2), int), None, "int64"),
    "half precision": (np.ones((2, 2), np.float16), None, "float16"),
    "complex": (np.ones((2, 2), complex), None, "complex"),
    "text": ([["a", "b"]], None, "dtype"),
    "nan": (np.array([[1.0, np.nan]], F), None, "NaN"),
    "infinity": (np.array([[1.0, 2.0]], F), np.array([[np.inf, 1.0]], F), "x2 holds NaN or infinity"),
    "mixed dtype": (jnp.ones((2, 2), jnp.float32), jnp.ones((2, 2), jnp.bfloat16), "bfloat16"),
}


@pytest.mark.parametrize("kind", BAD_ARRAYS)
def test_bad_arrays_are_refused(relu: Any, kind: str) -> None:
    first, second, message = BAD_ARRAYS[kind]
    with pytest.raises(ntksym.errors.ShapeError, match=message):
        relu(first, second)


def test_mixed_precision_is_refused(relu: Any) -> None:
    with jax.enable_x64(True), pytest.raises(ntksym.errors.ShapeError, match="float64 and x2 float32"):
        relu(X1, X2.astype(F))


BAD_KEYWORDS = [
    ({"sigma_w": 0.0}, "cuts the network"),
    ({"sigma_w": -1.0}, "standard deviation"),
    ({"sigma_w": float("nan")}, "not finite"),
    ({"sigma_w": (1.0, 2.0)}, "one per Dense"),
    ({"sigma_w": "wide"}, "no number"),
    ({"sigma_b": -0.1}, "standard deviation"),
    ({"sigma": 1.0}, "unknown keyword"),
    ({"batch_size": 0}, "positive integer"),
    ({"batch_size": 2.5}, "positive integer"),
    ({"get": "ntkk"}, "nngp, ntk"),
    ({"get": ()}, "nngp, ntk"),
    ({"get": ("ntk", "ntk")}, "distinct"),
]


@pytest.mark.parametrize("keywords, message", BAD_KEYWORDS)
def test_bad_keywords_are_refused(relu: Any, keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(NtksymError, match=message):
        relu(X1.astype(F), **keywords)


def test_unequal_lengths_have_no_diagonal(relu: Any) -> None:
    with pytest.raises(NtksymError, match="pairs row i"):
        relu(X1.astype(F), X2.astype(F), diagonal=True)


def test_small_variance_only_is_checked() -> None:
    k = kernel_fn(fcn(1, sp.exp(x**2 / 8)))
    with jax.enable_x64(True):
        assert np.isfinite(k(0.3 * X1)).all()
        with pytest.raises(ntksym.errors.ShapeError, match="small variance"):
            k(10 * X1)
        assert np.isnan(jax.jit(k)(10 * X1)).any()


def test_what_cannot_be_emitted() -> None:
    with pytest.raises(ntksym.errors.LoweringError, match="not integrable"):
        emit(fcn(2, "log(abs(x))"), "nngp")
    with pytest.raises(ntksym.errors.LoweringError, match="sgd"):
        emit(fcn(2, "relu"), "sgd")
    with pytest.raises(NtksymError, match="symbolic"):
        emit(fcn(sp.Symbol("L", integer=True, positive=True), "relu"))
    with pytest.raises(ntksym.errors.LoweringError, match="no network"):
        kernel_fn("relu")


def test_target_nngp_has_one_output() -> None:
    k = kernel_fn(fcn(2, "step"), "nngp")
    assert inspect.signature(k).parameters["get"].default == "nngp"
    assert k(X1.astype(F)).shape == (4, 4)
    with pytest.raises(NtksymError, match="nngp"):
        k(X1.astype(F), get="ntk")


def test_threads_get_the_same_function() -> None:
    def make(_: int) -> Any:
        return kernel_fn(fcn(2, "abs"))._compiled

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(make, range(8)))) == 1


def test_emission_loads_no_jax_and_ignores_the_hash_seed() -> None:
    code = "import sys, hashlib, ntksym; s = ntksym.emit(ntksym.fcn(2, 'gelu')); assert 'jax' not in sys.modules; print(hashlib.sha256(s.encode()).hexdigest())"
    found = set()
    for hash_seed in "012":
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        found.add(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment).stdout)
    assert len(found) == 1
