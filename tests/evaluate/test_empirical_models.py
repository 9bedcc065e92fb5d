"""The tangent kernel of models of Flax NNX and Equinox: the whole, a frozen subset, stateful layers refused."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ntksym.errors import NetworkError
from ntksym.evaluate.finite import empirical_ntk_fn, empirical_ntk_vp_fn

# Both libraries compute with several dtypes and ranks; they are not written for strict promotion.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(autouse=True)
def standard_promotion() -> Any:
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def by_hand(weights: list[tuple[np.ndarray, np.ndarray]], x: np.ndarray) -> list[np.ndarray]:
    """Kernels of both layers of x -> tanh(x W1 + b1) W2 + b2, each of W and b together, in numpy."""
    (w1, b1), (w2, _) = weights
    z = np.tanh(x @ w1 + b1)
    backward = (1 - z**2)[:, None, :] * w2.T[None]
    first = (x @ x.T + 1)[:, :, None, None] * np.einsum("pin,qjn->pqij", backward, backward)
    return [first, (z @ z.T + 1)[:, :, None, None] * np.eye(w2.shape[1])]


@pytest.mark.parametrize("method", ["jacobian", "vector_products"])
def test_flax_nnx(method: str, rng: np.random.Generator) -> None:
    nnx = pytest.importorskip("flax.nnx")

    class Model(nnx.Module):
        def __init__(self, rngs: Any) -> None:
            self.first = nnx.Linear(3, 6, rngs=rngs)
            self.last = nnx.Linear(6, 2, rngs=rngs)

        def __call__(self, x: Any) -> Any:
            return self.last(jnp.tanh(self.first(x)))

    model = Model(nnx.Rngs(0))
    graph, params, rest = nnx.split(model, nnx.Param, ...)
    apply = lambda p, x: nnx.merge(graph, p, rest)(x)  # noqa: E731
    x = rng.standard_normal((5, 3)).astype(np.float32)
    layers = [tuple(np.asarray(a[...], dtype=float) for a in (layer.kernel, layer.bias)) for layer in (model.first, model.last)]
    wanted = by_hand(layers, x.astype(float))
    found = empirical_ntk_fn(apply, method=method)(params, x)
    assert np.abs(found - sum(wanted)).max() < 3e-6 * np.abs(sum(wanted)).max()
    frozen = empirical_ntk_fn(apply, method=method, trainable=lambda path, leaf: "last" in path)(params, x)
    assert np.abs(frozen - wanted[1]).max() < 3e-6 * np.abs(wanted[1]).max()


@pytest.mark.parametrize("method", ["jacobian", "vector_products"])
def test_equinox(method: str, rng: np.random.Generator) -> None:
    eqx = pytest.importorskip("equinox")
    model = eqx.nn.MLP(3, 2, 6, 1, activation=jnp.tanh, key=jax.random.key(0))
    params, static = eqx.partition(model, eqx.is_inexact_array)
    apply = lambda p, x: jax.vmap(eqx.combine(p, static))(x)  # noqa: E731
    x = rng.standard_normal((5, 3)).astype(np.float32)
    layers = [(np.asarray(layer.weight, dtype=float).T, np.asarray(layer.bias, dtype=float)) for layer in model.layers]
    wanted = by_hand(layers, x.astype(float))
    found = empirical_ntk_fn(apply, method=method)(params, x)
    assert np.abs(found - sum(wanted)).max() < 3e-6 * np.abs(sum(wanted)).max()
    chosen = jax.tree.map(lambda _: True, params)
    chosen = eqx.tree_at(lambda m: (m.layers[0].weight, m.layers[0].bias), chosen, (False, False))
    frozen = empirical_ntk_fn(apply, method=method, trainable=chosen)(params, x)
    assert np.abs(frozen - wanted[1]).max() < 3e-6 * np.abs(wanted[1]).max()
    v = rng.standard_normal((5, 2)).astype(np.float32)
    product = empirical_ntk_vp_fn(apply)(params, x)(v)
    assert np.abs(product - np.einsum("pqij,qj->pi", sum(wanted), v)).max() < 3e-6 * np.abs(sum(wanted)).max() * 10


def test_flax_batch_norm(rng: np.random.Generator) -> None:
    nnx = pytest.importorskip("flax.nnx")

    class Model(nnx.Module):
        def __init__(self, rngs: Any) -> None:
            self.first = nnx.Linear(3, 6, rngs=rngs)
            self.norm = nnx.BatchNorm(6, rngs=rngs)
            self.last = nnx.Linear(6, 2, rngs=rngs)

        def __call__(self, x: Any) -> Any:
            return self.last(jnp.tanh(self.norm(self.first(x))))

    model = Model(nnx.Rngs(0))
    x = rng.standard_normal((5, 3)).astype(np.float32)

    def function(model: Any) -> tuple[Any, Any]:
        graph, params, rest = nnx.split(model, nnx.Param, ...)
        return (lambda p, x: nnx.merge(graph, p, rest)(x)), params

    apply, params = function(model)
    with pytest.raises(NetworkError, match="changes with the other examples.*use_running_average=True"):
        empirical_ntk_fn(apply)(params, x)
    model.eval()
    apply, params = function(model)
    assert empirical_ntk_fn(apply)(params, x).shape == (5, 5, 2, 2)


def test_equinox_batch_norm(rng: np.random.Generator) -> None:
    eqx = pytest.importorskip("equinox")
    norm, state = eqx.nn.make_with_state(eqx.nn.BatchNorm)(3, "batch", mode="batch")
    params, static = eqx.partition(norm, eqx.is_inexact_array)
    x = rng.standard_normal((5, 3)).astype(np.float32)
    leaves, structure = jax.tree.flatten(state)
    fresh = lambda: jax.tree.unflatten(structure, leaves)  # noqa: E731  (a state may be used once)
    step = jax.vmap(lambda p, row: eqx.combine(p, static)(row, fresh()), axis_name="batch", in_axes=(None, 0), out_axes=(0, None))
    with pytest.raises(NetworkError, match="returns a tuple.*inference_mode"):
        empirical_ntk_fn(step)(params, x)
    with pytest.raises(NetworkError, match="changes with the other examples"):
        empirical_ntk_fn(lambda p, x: step(p, x)[0])(params, x)
