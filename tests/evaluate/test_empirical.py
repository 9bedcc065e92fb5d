"""The tangent kernel by the structure of a network against the Jacobian that autodiff makes; batches, outputs, precision; refusals."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from evaluate.finite_cases import WIRINGS

import ntksym
from ntksym.errors import NetworkError, ShapeError
from ntksym.evaluate.finite import apply_fn, empirical_ntk_fn, empirical_ntk_vp_fn, init_fn
from ntksym.network import Dense, Dropout, Network, Pointwise, fcn

SECOND = 2**31 - 1


def jacobians(network: Network, params: Any, x: Any, key: Any) -> list[np.ndarray]:
    """Of each layer that is trained, the Jacobian (N, k, P) of the outputs by w and beta together, by jax.jacrev."""
    found = jax.jacrev(lambda p: apply_fn(network)(p, x, key=key))(params)
    layers = network.wiring.weights
    return [np.concatenate([np.asarray(a).reshape(*a.shape[:2], -1) for a in pair], axis=2) for pair, w in zip(found, layers, strict=True) if not w.frozen]


def data(network: Network, seed: int, dtype: str, n1: int = 4, n2: int = 3, d: int = 3) -> tuple[Any, Any, Any, Any]:
    rng = np.random.default_rng(seed)
    params = init_fn(network)(jax.random.key(seed % 2**31), d, dtype)
    x1, x2 = (jnp.asarray(rng.standard_normal((n, d)).astype(dtype)) for n in (n1, n2))
    key = jax.random.key(1) if any(node.mask is not None for node in network.wiring.nodes) else None
    return params, x1, x2, key


def relative(found: Any, wanted: np.ndarray) -> float:
    assert found.shape == wanted.shape
    return float(np.abs(np.asarray(found) - wanted).max() / np.abs(wanted).max())


@pytest.mark.parametrize("name", WIRINGS)
def test_layer_terms_are_those_of_autodiff(name: str, seed: int) -> None:
    """Every layer's term, on two sets of inputs and on one."""
    network = WIRINGS[name]
    with jax.enable_x64(True):
        params, x1, x2, key = data(network, seed, "float64")
        keyword = {} if key is None else {"key": key}
        at1 = jacobians(network, params, x1, key)
        at2 = jacobians(network, params, x2, None if key is None else jax.random.fold_in(key, SECOND))
        f = empirical_ntk_fn(network)
        for found, pairs in (
            (f(params, x1, x2, layerwise=True, **keyword), zip(at1, at2, strict=True)),
            (f(params, x1, layerwise=True, **keyword), zip(at1, at1, strict=True)),
        ):
            wanted = np.stack([np.einsum("pin,qjn->pqij", a, b) for a, b in pairs])
            assert found.dtype == np.float64 and relative(found, wanted) < 1e-12
        total = np.stack([np.einsum("pin,qjn->pqij", a, b) for a, b in zip(at1, at2, strict=True)]).sum(0)
        assert relative(f(params, x1, x2, **keyword), total) < 1e-12
        assert relative(f(params, x1, x2, outputs="trace", **keyword), np.einsum("pqii->pq", total) / total.shape[-1]) < 1e-12
        assert relative(f(params, x1, x2, outputs="diagonal", **keyword), np.einsum("pqii->pqi", total)) < 1e-12
