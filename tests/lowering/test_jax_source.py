"""The emitted module: standalone, readable, and right at every kind of input, in both precisions, under jit, vmap, grad and lax.map."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from lowering import cases

from ntksym.errors import LoweringError
from ntksym.forms import Parameter
from ntksym.lowering import Header, jax_source, load_source, lower_recursion

ALPHA = sp.Symbol("lambda", real=True)
X = np.array([[1.0, -0.5, 2.0], [0.3, 0.8, -1.0], [-1.0, 0.5, -2.0], [2.0, -1.0, 4.0], [0.0, 0.0, 0.0]])


@pytest.fixture(scope="module")
def relu() -> MappingProxyType[str, Any]:
    return load_source(cases.source(cases.relu(), "relu"))


@pytest.fixture(scope="module")
def leaky() -> MappingProxyType[str, Any]:
    return load_source(cases.source(cases.leaky(ALPHA), "leaky_relu", extra=(Parameter(ALPHA, sp.Rational(1, 10), False),)))


def test_the_module_imports_jax_and_nothing_else() -> None:
    tree = ast.parse(cases.source(cases.gelu(), "gelu"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"jax", "jax.numpy", "typing"}


BLOCKED = """
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("ntksym", "sympy", "networkx", "click"):
            raise ImportError(name)
sys.meta_path.insert(0, Wall())
import runpy
made = runpy.run_path(sys.argv[1])
import jax.numpy as jnp
import mpmath as mp
print(made["kernel_fn"](jnp.ones((2, 3), jnp.float32)).shape)
"""


def test_the_file_runs_without_this_package(tmp_path: Path) -> None:
    file = tmp_path / "kernel.py"
    file.write_text(cases.source(cases.relu(), "relu"), encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-c", BLOCKED, str(file)], capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
    assert done.stdout.strip() == "(2, 2)", done.stderr


def test_the_text_does_not_depend_on_the_hash_seed() -> None:
    code = "from lowering import cases; import hashlib; print(hashlib.sha256((cases.source(cases.gelu()) + cases.source(cases.sine())).encode()).hexdigest())"
    tests = Path(__file__).parent.parent
    found = set()
    for seed in "012":
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)])}
        found.add(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment).stdout)
    assert len(found) == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_dtype_in_and_out_under_strict_promotion(leaky: MappingProxyType[str, Any], dtype: type) -> None:
    with jax.enable_x64(dtype is np.float64):
        x = X.astype(dtype)
        for keywords in ({}, {"sigma_w": (1.0, 1.2, 1.3, 1.4)}, {"lambda_": 0.2, "sigma_b": np.float64(0.3)}, {"sigma_w": jnp.ones(4)}, {"batch_size": 2}):
            result = leaky["kernel_fn"](x, None, ("ntk", "nngp"), **keywords)
            assert result._fields == ("ntk", "nngp")
            assert result.ntk.dtype == result.nngp.dtype == dtype
            assert np.isfinite(result.ntk).all()


def test_float32_stays_float32_while_x64_is_on(leaky: MappingProxyType[str, Any]) -> None:
    with jax.enable_x64(True):
        x = jnp.asarray(X, jnp.float32)
        assert leaky["kernel_fn"](x, x, sigma_w=1.3, lambda_=0.2).dtype == jnp.float32
        assert jax.grad(lambda s: leaky["kernel_fn"](x, None, sigma_w=s).sum())(1.5).dtype == jnp.float64


def test_blocks_of_rows_and_the_diagonal_agree_with_the_whole(relu: MappingProxyType[str, Any]) -> None:
    get = ("nngp", "ntk")
    k = relu["kernel_fn"]
    with jax.enable_x64(True):
        whole, other = k(X, None, get), k(X, X[:3], get)
        for size in (2, 5, 7):
            np.testing.assert_allclose(k(X, None, get, batch_size=size), whole, rtol=1e-15, atol=0)
            np.testing.assert_allclose(k(X, X[:3], get, batch_size=size), other, rtol=1e-15, atol=0)
        np.testing.assert_array_equal(k(X, None, get, diagonal=True), [np.diag(entry) for entry in whole])
        np.testing.assert_allclose(k(X[:3], X[1:4], get, diagonal=True), [np.diag(entry[:3, 1:4]) for entry in k(X, X, get)], rtol=1e-14)


def test_equal_rows_give_the_diagonal_value(relu: MappingProxyType[str, Any]) -> None:
    """Without the snap the relu NTK of equal rows is off by the square root of the rounding: 1e-8."""
    rows = np.random.default_rng(3).standard_normal((20, 784))
    for dtype, tolerance in ((np.float64, 3e-15), (np.float32, 2e-6)):
        with jax.enable_x64(dtype is np.float64):
            x = rows.astype(dtype)
            found = np.diag(relu["kernel_fn"](x, x.copy()))
            np.testing.assert_allclose(found, relu["kernel_fn"](x, None, diagonal=True), rtol=tolerance)


@pytest.mark.parametrize("name", ["relu", "erf", "gelu", "sine"])
def test_python_numbers_are_numbers(name: str) -> None:
    """Integers, floats and arrays of one value give one result, in value and derivative."""
    function = load_source(cases.source(getattr(cases, name)(), name))[f"dual_{name}"]
    with jax.enable_x64(True):
        expected = np.array(function(*jnp.array([1.0, 0.3, 2.0])))
        np.testing.assert_array_equal(function(1, 0.3, 2), expected)
        np.testing.assert_array_equal(function(np.float64(1), 0.3, jnp.float64(2)), expected)
        np.testing.assert_allclose(jax.grad(lambda c: function(1, c, 2)[0])(0.3), expected[1], rtol=1e-15)
    assert function(1, 0.3, jnp.float32(2))[0].dtype == jnp.float32


def test_the_dual_functions_do_not_snap(relu: MappingProxyType[str, Any]) -> None:
    """V'(1, 1 - 2^-52, 1) = 1/2 - theta/(2 pi) with cos theta = 1 - 2^-52, to full precision: the determinant has no cancellation."""
    with jax.enable_x64(True):
        gap = 2.0**-52
        slope = relu["dual_relu"](1.0, 1 - gap, 1.0)[1]
        np.testing.assert_allclose((0.5 - slope) * 2 * np.pi, np.arccos(1 - gap), rtol=1e-7)
        assert relu["dual_relu"](2.0, 2.0, 2.0)[1] == 0.5
        assert relu["dual_relu"](2.0, -2.0, 2.0)[1] == 0.0


@pytest.mark.parametrize("scale", [1e-15, 1e-9, 1e8, 1e16])
def test_scale_does_not_matter_to_a_homogeneous_kernel(scale: float) -> None:
    """In float32 the product of two variances under- or overflows from inputs of 1e-10 or 1e10 on; the kernel does not."""
    k = load_source(cases.source(cases.relu(), "relu", sigma_b_default=0.0))["kernel_fn"]
    x, s = X.astype(np.float32), np.float32(scale)
    np.testing.assert_allclose(k(s * x, x) / s, k(x, x), rtol=2e-6)
    with jax.enable_x64(True):
        np.testing.assert_allclose(k(X * scale**8, X * scale**8) / scale**8 / scale**8, k(X, X), rtol=1e-14)


def test_transformations_agree(relu: MappingProxyType[str, Any]) -> None:
    k = relu["kernel_fn"]
    with jax.enable_x64(True):
        x, y = jnp.asarray(X[:2]), jnp.asarray(X[1:4])
        whole = k(x, y)
        rows = jax.vmap(lambda row: k(row[None], y)[0])(x)
        np.testing.assert_allclose(rows, whole, rtol=1e-15)
        np.testing.assert_allclose(jax.lax.map(lambda row: k(row[None], y)[0], x), whole, rtol=1e-15)
        sigmas = jnp.array([1.0, 1.5, 2.0])
        stacked = jax.jit(jax.vmap(lambda s: k(x, y, sigma_w=s)))(sigmas)
        np.testing.assert_allclose(stacked[1], k(x, y, sigma_w=1.5), rtol=1e-15)
        forward = jax.jacfwd(lambda s: k(x, y, sigma_w=s).sum())(1.3)
        step = 1e-6
        reverse = jax.grad(lambda s: k(x, y, sigma_w=s).sum())(1.3)
        central = (k(x, y, sigma_w=1.3 + step).sum() - k(x, y, sigma_w=1.3 - step).sum()) / (2 * step)
        np.testing.assert_allclose(forward, reverse, rtol=1e-14)
        np.testing.assert_allclose(forward, central, rtol=1e-9)


def test_a_change_of_sigma_compiles_nothing(relu: MappingProxyType[str, Any]) -> None:
    k = relu["kernel_fn"]
    x = X.astype(np.float32)
    k(x, sigma_w=1.1)
    before = k._cache_size()
    for sigma in (1.2, 1.3, np.float64(1.4).item()):
        k(x, sigma_w=sigma)
    assert k._cache_size() == before


def test_parameters_have_gradients(leaky: MappingProxyType[str, Any]) -> None:
    with jax.enable_x64(True):
        value = lambda slope: leaky["kernel_fn"](X, None, lambda_=slope).sum()  # noqa: E731
        step = 1e-6
        np.testing.assert_allclose(jax.grad(value)(0.3), (value(0.3 + step) - value(0.3 - step)) / (2 * step), rtol=1e-8)  # measured 1.3e-9
        assert np.isfinite(jax.hessian(value)(0.3))


@pytest.mark.parametrize("name", ["relu", "gelu", "sine"])
def test_second_derivatives_of_duals(name: str) -> None:
    """The rules of the custom derivative are differentiable again: Hessian of V against central differences of its gradient."""
    function = load_source(cases.source(getattr(cases, name)(), name))[f"dual_{name}"]
    with jax.enable_x64(True):
        point = jnp.array([1.2, 0.4, 0.9])
        gradient = jax.grad(lambda q: function(*q)[0])
        hessian = jax.hessian(lambda q: function(*q)[0])(point)
        step = 1e-5
        for i in range(3):
            shift = jnp.zeros(3).at[i].set(step)
            np.testing.assert_allclose(hessian[i], (gradient(point + shift) - gradient(point - shift)) / (2 * step), rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(hessian, hessian.T, rtol=1e-12)


def test_exponentials_neither_overflow_nor_cancel() -> None:
    """V = e^{-(a+b)/2} sinh c of the sine, at covariances small and large; exp(c) alone is infinite at the last one."""
    function = load_source(cases.source(cases.sine(), "sine"))["dual_sine"]
    with jax.enable_x64(True):
        for a, c, b in ((1.0, 1e-9, 1.5), (1.0, 0.3, 1.5), (3.0, 2.9, 3.1), (3.0, -2.9, 3.1), (800.0, 799.0, 800.0)):
            exact = mp.exp(-(mp.mpf(a) + b) / 2) * mp.sinh(mp.mpf(c))
            assert abs(float(function(a, c, b)[0]) - exact) < 4e-16 * abs(exact)


def test_the_existence_condition_gives_nan_outside() -> None:
    made = load_source(cases.source(cases.bell(), "bell"))
    with jax.enable_x64(True):
        assert np.isfinite(made["dual_bell"](1.0, 0.5, 1.0)[0])
        assert np.isnan(made["dual_bell"](5.0, 0.5, 5.0)[0])


BAD_CALLS = [
    (lambda x: (x[0],), {}),
    (lambda x: (x, x[:, :2]), {}),
    (lambda x: (x, None, "ntkk"), {}),
    (lambda x: (x, None, ("ntk", "ntk")), {}),
    (lambda x: (x, x[:2]), {"diagonal": True}),
    (lambda x: (x,), {"batch_size": 0}),
    (lambda x: (x,), {"sigma_w": (1.0, 2.0)}),
]


@pytest.mark.parametrize("arguments, keywords", BAD_CALLS)
def test_bad_calls_are_refused_when_traced(relu: MappingProxyType[str, Any], arguments: Any, keywords: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        relu["kernel_fn"](*arguments(X.astype(np.float32)), **keywords)


@pytest.mark.parametrize("dtype", [int, np.float16])
def test_bad_dtypes_are_refused_when_traced(relu: MappingProxyType[str, Any], dtype: type) -> None:
    with pytest.raises(TypeError, match="float32 or float64"):
        relu["kernel_fn"](X.astype(dtype))


def test_lowering_refuses_what_it_cannot_write() -> None:
    form = cases.relu()
    made = cases.recursion(form)
    symbolic = sp.Symbol("L", integer=True, positive=True)
    header = Header("t", "0")
    changed: Any = type(made)
    fields = {name: getattr(made, name) for name in made.__dataclass_fields__}
    with pytest.raises(LoweringError, match="symbolic"):
        lower_recursion(changed(**{**fields, "depth": symbolic}), header)
    with pytest.raises(LoweringError, match="no closed form"):
        lower_recursion(changed(**{**fields, "duals": ()}), header)


def test_a_parameter_named_like_the_code_is_renamed() -> None:
    symbol = sp.Symbol("jnp", real=True)
    made = load_source(cases.source(cases.leaky(symbol), "leaky", extra=(Parameter(symbol, sp.Rational(1, 10), False),)))
    assert np.isfinite(made["kernel_fn"](X.astype(np.float32), jnp_=0.2)).all()


HOSTILE = ['a"""\nraise SystemExit(3)\n"""', 'a"""""\nraise SystemExit(3)', "a\\", "a\nraise SystemExit(3)", "a # b"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_symbol_cannot_write_code(name: str) -> None:
    symbol = sp.Symbol(name, real=True)
    text = cases.source(cases.leaky(symbol), name, extra=(Parameter(symbol, sp.Rational(1, 10), False),))
    raised = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Raise) and "SystemExit" in ast.unparse(node)]
    assert not raised
    assert np.isfinite(load_source(text)["kernel_fn"](X.astype(np.float32))).all()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_title_cannot_write_code(name: str) -> None:
    made = cases.recursion(cases.relu())
    text = jax_source(lower_recursion(made, Header(name, name, formula=(name,), conventions=(name,), assumptions=(name,))))
    assert "SystemExit" not in "".join(ast.unparse(node) for node in ast.parse(text).body[1:])


def test_same_program_same_functions() -> None:
    assert load_source(cases.source(cases.relu(), "relu")) is load_source(cases.source(cases.relu(), "relu"))
    assert load_source(cases.source(cases.relu(), "relu", depth=2)) is not load_source(cases.source(cases.relu(), "relu"))


def test_a_per_layer_default_must_fit() -> None:
    made = cases.recursion(cases.relu())
    fields = {name: getattr(made, name) for name in made.__dataclass_fields__}
    wrong = (Parameter(made.parameters[0].symbol, sp.Tuple(1, 2), True), made.parameters[1])
    with pytest.raises(LoweringError, match="Dense"):
        lower_recursion(type(made)(**{**fields, "parameters": wrong}), Header("t", "0"))
    right = (Parameter(made.parameters[0].symbol, sp.Tuple(1, 2, 3, 4), True), made.parameters[1])
    assert "sigma_w=(1.0, 2.0, 3.0, 4.0)" in jax_source(lower_recursion(type(made)(**{**fields, "parameters": right}), Header("t", "0")))
