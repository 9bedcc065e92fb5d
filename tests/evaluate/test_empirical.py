"""The tangent kernel by the structure of a network against the Jacobian that autodiff makes; batches, outputs, precision; refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from evaluate.finite_cases import WIRINGS

from ntksym.errors import NetworkError, ShapeError
from ntksym.evaluate.finite import apply_fn, empirical_ntk_fn, empirical_ntk_vp_fn, init_fn
from ntksym.network import Dense, Network, Pointwise, fcn

SECOND = 2**31 - 1
# One of every kind of pair of uses: plain, biases alone, shared, transposed, masks, several heads.
KINDS = ("plain", "bias_alone", "shared_twice", "transposed", "standard_transposed", "dropout", "two_heads")


def jacobians(network: Network, params: Any, x: Any, key: Any) -> list[np.ndarray]:
    """Of each layer that is trained, the Jacobian (N, k, P) of the outputs by w and beta together, by jax.jacrev."""
    found = jax.jit(jax.jacrev(lambda p: apply_fn(network)(p, x, key=key)))(params)
    layers = network.wiring.weights
    return [np.concatenate([np.asarray(a).reshape(*a.shape[:2], -1) for a in pair], axis=2) for pair, w in zip(found, layers, strict=True) if not w.frozen]


def data(network: Network, seed: int, dtype: str, n1: int = 4, n2: int = 3, d: int = 3) -> tuple[Any, Any, Any, Any]:
    rng = np.random.default_rng(seed)
    params = init_fn(network)(jax.random.key(seed % 2**31), d, dtype)
    x1, x2 = (jnp.asarray(rng.standard_normal((n, d)).astype(dtype)) for n in (n1, n2))
    key = jax.random.key(1) if any(node.mask is not None for node in network.wiring.nodes) else None
    return params, x1, x2, key


def products(first: list[np.ndarray], second: list[np.ndarray]) -> np.ndarray:
    return np.stack([np.einsum("pin,qjn->pqij", a, b) for a, b in zip(first, second, strict=True)])


def relative(found: Any, wanted: np.ndarray) -> float:
    assert found.shape == wanted.shape
    return float(np.abs(np.asarray(found) - wanted).max() / np.abs(wanted).max())


@pytest.mark.parametrize("name", WIRINGS)
def test_layer_terms_are_those_of_autodiff(name: str, seed: int) -> None:
    """Every layer's term J_l J_l'^T, and their sum."""
    network = WIRINGS[name]
    f = empirical_ntk_fn(network)
    with jax.enable_x64(True):
        params, x1, x2, key = data(network, seed, "float64")
        keyword = {} if key is None else {"key": key}
        at1 = jacobians(network, params, x1, key)
        at2 = jacobians(network, params, x2, None if key is None else jax.random.fold_in(key, SECOND))
        wanted = products(at1, at2)
        found = f(params, x1, x2, layerwise=True, **keyword)
        assert found.dtype == np.float64
        assert max(relative(one, other) for one, other in zip(found, wanted, strict=True)) < 1e-12
        assert relative(f(params, x1, x2, **keyword), wanted.sum(0)) < 1e-12


@pytest.mark.parametrize("name", KINDS)
def test_output_axes_and_one_set_of_inputs(name: str, seed: int) -> None:
    network = WIRINGS[name]
    f = empirical_ntk_fn(network)
    with jax.enable_x64(True):
        params, x1, x2, key = data(network, seed, "float64")
        keyword = {} if key is None else {"key": key}
        full = f(params, x1, x2, **keyword)
        assert relative(f(params, x1, x2, outputs="trace", **keyword), np.einsum("pqii->pq", full) / full.shape[-1]) < 1e-12
        assert relative(f(params, x1, x2, outputs="diagonal", **keyword), np.einsum("pqii->pqi", full)) < 1e-12
        at1 = jacobians(network, params, x1, key)
        assert relative(f(params, x1, **keyword), products(at1, at1).sum(0)) < 1e-12  # one set of inputs: one set of masks


@pytest.mark.parametrize("name", KINDS)
def test_float32(name: str, seed: int) -> None:
    network = WIRINGS[name]
    params, x1, x2, key = data(network, seed, "float32")
    keyword = {} if key is None else {"key": key}
    found = empirical_ntk_fn(network)(params, x1, x2, layerwise=True, **keyword)
    at = [jacobians(network, params, x, k) for x, k in ((x1, key), (x2, None if key is None else jax.random.fold_in(key, SECOND)))]
    assert found.dtype == np.float32
    assert relative(found, products(*[[j.astype(float) for j in one] for one in at])) < 3e-6


@pytest.mark.parametrize(("outputs", "size"), [("full", 1), ("trace", 2), ("diagonal", 3), ("full", 100)])
def test_blocks_change_nothing(outputs: str, size: int, seed: int) -> None:
    """Blocks that do and do not divide the rows, layer by layer and summed, masks included."""
    network = WIRINGS["dropout"]
    f = empirical_ntk_fn(network)
    with jax.enable_x64(True):
        params, x1, x2, key = data(network, seed, "float64", 5, 4)
        for second, layerwise in ((x2, True), (None, False)):
            whole = f(params, x1, second, outputs=outputs, layerwise=layerwise, key=key)
            assert relative(f(params, x1, second, outputs=outputs, layerwise=layerwise, key=key, batch_size=size), whole) < 1e-12


def test_no_array_of_the_size_of_a_jacobian_is_formed() -> None:
    """The largest array of the compiled program is far below N x k x P; in blocks it is that of the result and of some rows."""
    network = fcn(2, "relu", widths=256, out=3)
    params = init_fn(network)(jax.random.key(0), 128)
    x = jnp.ones((40, 128), jnp.float32)
    parameters = 128 * 256 + 256 * 256 + 256 * 3
    f = empirical_ntk_fn(network)
    sizes = {}
    for size in (None, 10):
        text = jax.make_jaxpr(lambda x, size=size: f(params, x, batch_size=size))(x)
        sizes[size] = max(largest(text.jaxpr), 1)
    assert sizes[None] <= max(256 * 256, (40 * 3) ** 2, 40 * 3 * 256) < 40 * 3 * parameters / 100
    assert sizes[10] <= sizes[None]


def largest(jaxpr: Any) -> int:
    found = [int(np.prod(v.aval.shape)) for eqn in jaxpr.eqns for v in eqn.outvars]
    inner = [sub for eqn in jaxpr.eqns for value in eqn.params.values() for sub in (value if isinstance(value, tuple | list) else (value,))]
    found += [largest(getattr(sub, "jaxpr", sub)) for sub in inner if hasattr(getattr(sub, "jaxpr", sub), "eqns")]
    return max(found, default=0)


def test_the_layer_formula_by_hand(rng: np.random.Generator) -> None:
    """(sigma_w^2/n z.z' + sigma_b^2)(B.B') of a net with one hidden layer, written out in numpy."""
    network = fcn(1, "relu", sigma_w=(1.3, 0.7), sigma_b=(0.2, 0.5), widths=6, out=2)
    with jax.enable_x64(True):
        params = init_fn(network)(jax.random.key(3), 3, "float64")
        x = rng.standard_normal((4, 3))
        found = np.asarray(empirical_ntk_fn(network)(params, x, layerwise=True))
        (w1, b1), (w2, _) = ([np.asarray(a) for a in pair] for pair in params)
    h = 1.3 / np.sqrt(3) * x @ w1 + 0.2 * b1
    z = np.maximum(h, 0)
    backward = 0.7 / np.sqrt(6) * (h >= 0)[:, None, :] * w2.T[None]
    first = (1.3**2 * x @ x.T / 3 + 0.2**2)[:, :, None, None] * np.einsum("pin,qjn->pqij", backward, backward)
    last = (0.7**2 * z @ z.T / 6 + 0.5**2)[:, :, None, None] * np.eye(2)
    assert relative(found, np.stack([first, last])) < 1e-14


@pytest.mark.parametrize("method", ["jacobian", "vector_products"])
@pytest.mark.parametrize("outputs", ["full", "trace", "diagonal"])
def test_methods_for_any_function_agree_with_the_structure(method: str, outputs: str, seed: int) -> None:
    network = WIRINGS["shared_twice"]
    with jax.enable_x64(True):
        params, x1, x2, _ = data(network, seed, "float64")
        wanted = np.asarray(empirical_ntk_fn(network)(params, x1, x2, outputs=outputs))
        f = empirical_ntk_fn(lambda p, x: apply_fn(network)(p, x), method=method)
        assert relative(f(params, x1, x2, outputs=outputs), wanted) < 1e-12
        assert relative(f(params, x1, x2, outputs=outputs, batch_size=2), wanted) < 1e-12
        leaves = f(params, x1, x2, outputs=outputs, layerwise=True)
        assert leaves.shape[0] == 6 and relative(leaves.sum(0), wanted) < 1e-12
        assert relative(empirical_ntk_fn(apply_fn(network), method=method)(params, x1, x2, outputs=outputs), wanted) < 1e-12


def model(params: Any, x: Any) -> Any:
    """A function of inputs of rank 3, with nested parameters and an integer among them."""
    z = jnp.tanh(jnp.einsum("nab,bc->nac", x, params["first"]["w"]) + params["first"]["b"][None, None, :])
    return jnp.einsum("nac,ck->nk", z, params["last"]) * params["power"].astype(x.dtype)


def model_data(rng: np.random.Generator) -> tuple[Any, Any]:
    params = {"first": {"w": rng.standard_normal((3, 5)), "b": rng.standard_normal(5)}, "last": rng.standard_normal((5, 2)), "power": np.int32(2)}
    return jax.tree.map(jnp.asarray, params), jnp.asarray(rng.standard_normal((4, 2, 3)))


@pytest.mark.parametrize("method", ["jacobian", "vector_products"])
@pytest.mark.parametrize(
    ("trainable", "kept"),
    [
        (None, ("b", "w", "last")),
        (lambda path, leaf: "first" not in path, ("last",)),
        (lambda path, leaf: leaf.ndim == 2, ("w", "last")),
        ({"first": True, "last": False, "power": False}, ("b", "w")),
        ({"first": {"w": False, "b": True}, "last": True, "power": True}, ("b", "last")),
    ],
)
def test_any_subset_of_a_pytree(method: str, trainable: Any, kept: tuple[str, ...], rng: np.random.Generator) -> None:
    with jax.enable_x64(True):
        params, x = model_data(rng)
        first = jax.jacfwd(lambda w: model({**params, "first": {**params["first"], "w": w}}, x))(params["first"]["w"])
        bias = jax.jacfwd(lambda b: model({**params, "first": {**params["first"], "b": b}}, x))(params["first"]["b"])
        last = jax.jacfwd(lambda w: model({**params, "last": w}, x))(params["last"])
        jacobian = {name: np.asarray(j).reshape(4, 2, -1) for name, j in (("w", first), ("b", bias), ("last", last))}
        wanted = products([jacobian[name] for name in kept], [jacobian[name] for name in kept])
        f = empirical_ntk_fn(model, trainable=trainable, method=method)
        assert relative(f(params, x, layerwise=True), wanted) < 1e-12
        assert relative(f(params, x), wanted.sum(0)) < 1e-12
        v = rng.standard_normal((4, 2))
        assert relative(empirical_ntk_vp_fn(model, trainable=trainable)(params, x)(v), np.einsum("pqij,qj->pi", wanted.sum(0), v)) < 1e-12


@pytest.mark.parametrize("name", ["residual", "frozen_first", "frozen_shared", "dropout", "transposed"])
def test_products_with_the_kernel(name: str, seed: int, rng: np.random.Generator) -> None:
    network = WIRINGS[name]
    with jax.enable_x64(True):
        params, x1, x2, key = data(network, seed, "float64")
        keyword = {} if key is None else {"key": key}
        for second, rows in ((x2, 3), (None, 4)):
            kernel = np.asarray(empirical_ntk_fn(network)(params, x1, second, **keyword))
            v = rng.standard_normal((rows, kernel.shape[-1]))
            wanted = np.einsum("pqij,qj->pi", kernel, v)
            product = empirical_ntk_vp_fn(network)(params, x1, second, **keyword)
            assert relative(product(v), wanted) < 1e-12
            assert relative(jax.jit(product)(v), wanted) < 1e-12


def test_transformations(seed: int) -> None:
    """Under jit and vmap over networks, and the gradient of the kernel by an input against central differences."""
    network = WIRINGS["residual"]
    f = empirical_ntk_fn(network)
    with jax.enable_x64(True):
        params, x1, x2, _ = data(network, seed, "float64")
        other = init_fn(network)(jax.random.key(9), 3, "float64")
        both = jax.tree.map(lambda *a: jnp.stack(a), params, other)
        wanted = np.stack([f(params, x1, x2), f(other, x1, x2)])
        assert relative(jax.jit(jax.vmap(lambda p: f(p, x1, x2)))(both), wanted) < 1e-12
        smooth = WIRINGS["gated_product"]
        p = init_fn(smooth)(jax.random.key(4), 3, "float64")
        along = lambda t: empirical_ntk_fn(smooth)(p, x1 + t, x2, outputs="trace", batch_size=2)[0, 1]  # noqa: E731
        slope = (along(1e-5) - along(-1e-5)) / 2e-5
        assert abs(float(jax.grad(along)(0.0) / slope) - 1) < 1e-7


NET = fcn(1, "relu", widths=4, out=2)
ONES = np.ones((2, 3), np.float32)


def on_net(*args: Any, **keywords: Any) -> Callable[[], Any]:
    return lambda: empirical_ntk_fn(NET)(init_fn(NET)(jax.random.key(0), 3), *args, **keywords)


def on_function(function: Any, params: Any = None, x: Any = ONES, **keywords: Any) -> Callable[[], Any]:
    return lambda: empirical_ntk_fn(function, **keywords)({"w": jnp.ones((3, 2))} if params is None else params, x)


def with_batch_norm(p: Any, x: Any) -> Any:
    h = x @ p["w"]
    return (h - h.mean(0, keepdims=True)) / (h.std(0, keepdims=True) + 1e-3)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (on_net(ONES, outputs="both"), NetworkError, ["outputs='both'", "'trace'"]),
        (on_net(ONES, batch_size=0), NetworkError, ["batch_size=0"]),
        (on_net(ONES, ONES[:, :2]), ShapeError, ["(2, 2)", "same d"]),
        (on_net(ONES[0]), ShapeError, ["(3,)"]),
        (on_net(np.ones((2, 5), np.float32)), ShapeError, ["params[0]"]),
        (lambda: empirical_ntk_fn(fcn(1, "relu"))([], ONES), NetworkError, ["without a width"]),
        (lambda: empirical_ntk_fn(3), NetworkError, ["neither a network nor a function"]),
        (lambda: empirical_ntk_fn(NET, method="fast"), NetworkError, ["method='fast'"]),
        (lambda: empirical_ntk_fn(lambda p, x: x, method="structured"), NetworkError, ["is no network"]),
        (lambda: empirical_ntk_fn(NET, trainable=lambda path, leaf: True), NetworkError, ["trainable with a Network", "frozen=True"]),
        (lambda: empirical_ntk_fn(WIRINGS["dropout"])(init_fn(WIRINGS["dropout"])(jax.random.key(0), 3), ONES), NetworkError, ["no key"]),
        (
            lambda: empirical_ntk_fn(frozen := Network([Dense(width=2, frozen=True)]))(init_fn(frozen)(jax.random.key(0), 3), ONES),
            NetworkError,
            ["every layer is frozen"],
        ),
        (on_function(lambda p, x: (x @ p["w"], p)), NetworkError, ["returns a tuple", "use_running_average=True"]),
        (
            on_function(with_batch_norm, x=np.arange(6, dtype=np.float32).reshape(2, 3)),
            NetworkError,
            ["changes with the other examples", "BatchNorm", "inference_mode"],
        ),
        (on_function(lambda p, x: (x @ p["w"])[:, 0]), ShapeError, ["shape (2,)", "return (N, k)"]),
        (on_function(lambda p, x: x @ p["w"], {"w": jnp.ones((3, 2)), "name": "dense"}), ShapeError, ["params['name'] is a str", "eqx.partition"]),
        (on_function(lambda p, x: x @ p["w"], trainable=lambda path, leaf: False), NetworkError, ["nothing is trained"]),
        (on_function(lambda p, x: x @ p["w"], trainable={"v": True}), ShapeError, ["does not fit params"]),
        (lambda: empirical_ntk_vp_fn(NET)(init_fn(NET)(jax.random.key(0), 3), ONES)(np.ones((2, 3), np.float32)), ShapeError, ["(2, 3)", "(2, 2)"]),
        (lambda: empirical_ntk_vp_fn("net"), NetworkError, ["neither a network nor a function"]),
    ],
)
def test_bad_input_is_refused_by_name(call: Callable[[], Any], error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        call()
    for word in words:
        assert word in str(caught.value)


def test_a_network_with_a_jump_trains_almost_everywhere() -> None:
    network = Network([Dense(width=4), Pointwise("sign", derivative="almost_everywhere"), Dense(width=1)])
    params = init_fn(network)(jax.random.key(0), 3)
    first, last = empirical_ntk_fn(network)(params, ONES, layerwise=True)
    assert float(jnp.abs(first).max()) == 0 and float(last.min()) > 0
