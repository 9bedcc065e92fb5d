"""The chain-rule graph: its nodes, and the product of its edges along paths against automatic differentiation."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import networkx
import numpy as np
import pytest
import sympy as sp

from ntksym import notation
from ntksym.errors import NetworkError
from ntksym.network import Dense, Network, Pointwise, chain_graph, fcn
from ntksym.nodes import Applied, Entry, Width


def test_nodes_and_paths_of_a_fixed_depth() -> None:
    chain = chain_graph(fcn(2, "relu", sigma_b=0.1))
    assert isinstance(chain.graph, networkx.MultiDiGraph)
    assert chain.tensors() == ("x", "h^1", "z^1", "h^2", "z^2", "h^3")
    assert chain.parameters() == ("omega^1", "beta^1", "omega^2", "beta^2", "omega^3", "beta^3")
    assert chain.paths("omega^2") == (("omega^2", "h^2", "z^2", "h^3"),)
    assert networkx.is_directed_acyclic_graph(chain.graph)
    assert chain_graph(fcn(2, "relu")).parameters() == ("omega^1", "omega^2", "omega^3")


def test_a_symbolic_depth_is_a_repeated_segment() -> None:
    chain = chain_graph(fcn(notation.depth, sp.Function("phi"), sigma_b=notation.sigma_b))
    (segment,) = chain.segments
    assert segment.repeat == notation.depth and segment.into == "h^1" and segment.output == "h^{l+1}"
    assert set(segment.nodes) == {"h^l", "z^l", "omega^{l+1}", "beta^{l+1}", "h^{l+1}"}


def test_the_graph_cannot_be_changed_and_is_shared() -> None:
    chain = chain_graph(fcn(1, "relu"))
    assert chain is chain_graph(fcn(1, "relu"))
    with pytest.raises(networkx.NetworkXError):
        chain.graph.add_node("more")


def test_unknown_nodes_are_refused() -> None:
    chain = chain_graph(fcn(1, "relu"))
    for ask in (lambda: chain.paths("omega^9"), lambda: chain.paths("h^1"), lambda: chain.edge("x", "h^2"), lambda: chain.value("omega^1")):
        with pytest.raises(NetworkError):
            ask()


WIDTHS = (2, 3, 4, 2)
SIGMA_W, SIGMA_B = 1.3, 0.4


def _numbers(expression: sp.Expr, arrays: dict[str, np.ndarray], coordinates: list[tuple[sp.Symbol, int]]) -> np.ndarray:
    """A local Jacobian as an array over ``coordinates`` (symbol, size), entry by entry."""
    out = np.empty([size for _, size in coordinates])
    for place in np.ndindex(*out.shape):
        at = {symbol: sp.Integer(k + 1) for (symbol, _), k in zip(coordinates, place, strict=True)}
        value = expression.xreplace(at)
        value = value.xreplace({w: sp.Integer(WIDTHS[int(w.layer)]) for w in value.atoms(Width)})
        value = value.replace(lambda e: isinstance(e, Applied), lambda e: e.function(e.argument).doit())
        entries = {e: sp.Float(float(arrays[f"{e.name}{int(e.layer)}"][tuple(int(i) - 1 for i in e.indices)]), 17) for e in value.atoms(Entry)}
        out[place] = float(value.xreplace(entries).subs({notation.sigma_w: SIGMA_W, notation.sigma_b: SIGMA_B}))
    return out


def test_products_along_paths_are_the_jacobians_of_autodiff(rng: np.random.Generator) -> None:
    """h^3 of sin then erf at widths 2, 3, 4, 2: every path of every parameter, in float64."""
    net = Network([Dense(SIGMA_W, SIGMA_B), Pointwise("sin"), Dense(SIGMA_W, SIGMA_B), Pointwise("erf"), Dense(SIGMA_W, SIGMA_B)])
    chain = chain_graph(net)
    with jax.enable_x64(True):
        params = {f"omega{k}": rng.normal(size=(WIDTHS[k - 1], WIDTHS[k])) for k in (1, 2, 3)}
        params |= {f"beta{k}": rng.normal(size=WIDTHS[k]) for k in (1, 2, 3)}
        x = rng.normal(size=WIDTHS[0])
        functions = {1: jnp.sin, 2: jax.scipy.special.erf}
        tensors: dict[str, np.ndarray] = {}

        def forward(p: dict[str, jax.Array], keep: bool = False) -> jax.Array:
            z = jnp.asarray(x)
            for k in (1, 2, 3):
                if keep:
                    tensors[f"z{k - 1}"] = np.asarray(z)
                h = SIGMA_W / np.sqrt(WIDTHS[k - 1]) * z @ p[f"omega{k}"] + SIGMA_B * p[f"beta{k}"]
                if keep:
                    tensors[f"h{k}"] = np.asarray(h)
                z = functions[k](h) if k in functions else h
            return z

        forward(params, keep=True)
        expected = {name: np.asarray(value) for name, value in jax.jacrev(forward)({k: jnp.asarray(v) for k, v in params.items()}).items()}
    arrays = params | tensors
    for parameter in chain.parameters():
        (path,) = chain.paths(parameter)
        product: np.ndarray | None = None
        for tail, head in zip(path, path[1:], strict=False):
            edge = chain.edge(tail, head)
            rows = [(s, WIDTHS[int(edge["of"].layer)]) for s in edge["of"].indices]
            shape = {"omega": (int(edge["by"].layer) - 1, int(edge["by"].layer))}.get(edge["by"].name, (int(edge["by"].layer),))
            columns = [(s, WIDTHS[k]) for s, k in zip(edge["by"].indices, shape, strict=True)]
            local = _numbers(edge["jacobian"], arrays, rows + columns)
            product = local if product is None else np.tensordot(local, product, axes=1)
        assert product is not None
        np.testing.assert_allclose(product, expected[parameter.replace("^", "")], rtol=0, atol=4e-15)
