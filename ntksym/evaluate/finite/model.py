"""A finite network from its wiring: ``init_fn`` draws the parameters, ``apply_fn`` runs the nodes in order."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp

from ntksym import notation
from ntksym.errors import NetworkError, ShapeError
from ntksym.evaluate.finite.expressions import expression_values
from ntksym.evaluate.finite.functions import scalar_function
from ntksym.network import Network, Node, Weights
from ntksym.network.signal import HERE
from ntksym.network.wiring import AFFINE, CONCAT
from ntksym.nodes import Applied, Entry, Width

Array = Any
Params = list[tuple[Array, Array]]


@dataclass(frozen=True)
class Use:
    """One use of the parameters ``slot``: at the node ``name``; ``scale`` times the input times w, ``shift`` times beta.

    ``input`` is None for biases alone.
    """

    name: str
    slot: int
    input: str | None
    transposed: bool
    scale: float
    shift: float


class Finite:
    """The network at one number of inputs: shapes, uses of the parameters, and the forward pass."""

    def __init__(self, network: Network, n_in: int) -> None:
        self.network, self.wiring = network, network.wiring
        self._sizes = self._known_sizes(n_in)
        self._require_widths()
        self.shapes = tuple(self._shapes(weights) for weights in self.wiring.weights)
        self.places = tuple(next(node.where for node in self.wiring.nodes if node.weights == weights.slot) for weights in self.wiring.weights)
        self.uses = tuple(self._use(node) for node in self.wiring.nodes if node.weights is not None)
        self.trainable = tuple(weights.slot for weights in self.wiring.weights if not weights.frozen)
        self.heads = tuple((head, self.width(self.wiring.node(name))) for head, name in self.wiring.outputs)
        self.has_noise = any(node.mask is not None for node in self.wiring.nodes)
        self._use_at = {use.name: use for use in self.uses}
        self._formulas = {node.name: self._formula(node) for node in self.wiring.nodes[1:] if node.op not in (AFFINE, CONCAT)}

    def width(self, node: Node) -> int:
        """The number of channels of a node."""
        return int(node.width.xreplace(self._sizes))

    # -- numbers -----------------------------------------------------------------------------------------------------------

    def _known_sizes(self, n_in: int) -> dict[sp.Basic, sp.Integer]:
        known: dict[sp.Basic, sp.Integer] = {width: sp.Integer(number) for width, number in self.wiring.sizes}
        at_input = self.wiring.nodes[0].width
        declared = at_input.xreplace(known)
        if isinstance(declared, Width):
            known[declared] = sp.Integer(n_in)
        elif declared != n_in and declared.is_Integer:
            raise ShapeError(
                f"{n_in} inputs",
                where="finite network",
                why=f"the wiring joins the input with a tensor of width {declared}",
                fix=f"give inputs of {declared} columns",
            )
        return known

    def _require_widths(self) -> None:
        open_at = [(node.where, node.width) for node in self.wiring.nodes if not node.width.xreplace(self._sizes).is_Integer]
        if open_at:
            first = next((where for where, width in open_at if isinstance(width, Width)), open_at[0][0])
            raise NetworkError(
                "a finite network without a width",
                where=first or "Network",
                why="the layer leaves its number of outputs open, which is meant for the limit of infinite width",
                fix="give it: Dense(..., width=512), or fcn(..., widths=512)",
            )

    def _shapes(self, weights: Weights) -> tuple[tuple[int, ...], tuple[int, ...]]:
        inputs, outputs = (int(width.xreplace(self._sizes)) for width in (weights.inputs, weights.outputs))
        return (inputs, outputs), (outputs,)

    def _use(self, node: Node) -> Use:
        weights = self.wiring.weights[node.weights]
        if node.op != AFFINE:
            return Use(node.name, weights.slot, None, False, 0.0, 1.0)  # its taps stand at beta
        sigma_w, sigma_b = (_deviation(getattr(weights.layer, name), name, node.where) for name in ("sigma_w", "sigma_b"))
        fan_in = self.width(self.wiring.node(node.parents[0]))
        transposed = bool(node.layer.transposed)
        if weights.layer.parameterization == "standard":  # w holds W = sigma_w omega/sqrt(n), n the fan-in of the plain use
            own = self.shapes[weights.slot][0][0]
            return Use(node.name, weights.slot, node.parents[0], transposed, (own / fan_in) ** 0.5, float(weights.has_bias and not transposed))
        return Use(node.name, weights.slot, node.parents[0], transposed, sigma_w / fan_in**0.5, 0.0 if transposed else sigma_b)

    def _formula(self, node: Node) -> sp.Expr:
        """The node's formula with sizes and the numbers of its parameters in place."""
        numbers: dict[sp.Basic, sp.Basic] = {**self._sizes}
        activation = getattr(node.layer, "phi", None)
        numbers.update(dict(getattr(activation, "defaults", ())))
        if node.weights is not None:
            numbers[notation.sigma_b] = self.wiring.weights[node.weights].layer.sigma_b
        formula = node.value.xreplace(numbers)
        for applied in formula.atoms(Applied):
            if applied.function.expr.has(sp.core.function.AppliedUndef):
                raise NetworkError(
                    "phi is left open", where=node.where, why="a finite network computes with a definite activation", fix="give one by name or formula"
                )
        free = sorted(str(s) for s in _numbers_missing(formula))
        if free:
            raise NetworkError(
                f"{', '.join(free)} has no number",
                where=node.where,
                why="a finite network computes with numbers",
                fix="give the number where the layer is made",
            )
        return formula

    # -- parameters and the forward pass -----------------------------------------------------------------------------------

    def draw(self, key: Array, dtype: np.dtype) -> Params:
        """Parameters from N(0, 1); in the standard parameterization the products with sigma_w/sqrt(fan_in) and sigma_b themselves."""
        sizes = [math.prod(shape) for pair in self.shapes for shape in pair]
        numbers = iter(jnp.split(jax.random.normal(key, (sum(sizes),), dtype), np.cumsum(sizes)[:-1]))
        params: Params = []
        for weights, (of_w, of_beta) in zip(self.wiring.weights, self.shapes, strict=True):
            w, beta = next(numbers).reshape(of_w), next(numbers).reshape(of_beta)
            if getattr(weights.layer, "parameterization", "ntk") == "standard":
                w, beta = w * (float(weights.layer.sigma_w) / of_w[0] ** 0.5), beta * float(weights.layer.sigma_b)
            params.append((w, beta))
        return params

    def run(self, params: Params, x: Array, keys: Array | None, taps: dict[str, Array] | None = None) -> tuple[Array, dict[str, Array]]:
        """The outputs (N, k), heads side by side, and every tensor by name.

        ``keys``: one per row, for the masks.  ``taps``: arrays added to h of a Dense, and to beta of a Bias, per example; the gradient by them is the
        backward pass.
        """
        taps = taps or {}
        values = {self.wiring.nodes[0].name: x}
        held = {w.slot: tuple(jax.lax.stop_gradient(p) for p in params[w.slot]) if w.frozen else params[w.slot] for w in self.wiring.weights}
        for position, node in enumerate(self.wiring.nodes[1:], 1):
            parents = [values[name] for name in node.parents]
            use = self._use_at.get(node.name)
            if node.op == AFFINE:
                assert use is not None
                w, beta = held[use.slot]
                out = use.scale * jnp.matmul(parents[0], w.T if use.transposed else w, precision=jax.lax.Precision.HIGHEST)
                out = out + use.shift * beta[None, :] if use.shift else out
                out = out + taps[node.name] if node.name in taps else out
            elif node.op == CONCAT:
                out = jnp.concatenate(parents, axis=1)
            else:
                tensors = {f"_{k}": parent for k, parent in enumerate(parents)}
                if use is not None:
                    beta = held[use.slot][1][None, :]
                    tensors["beta"] = beta + taps[node.name] if node.name in taps else beta
                if node.mask is not None:
                    tensors["xi"] = _mask(keys, position, float(node.layer.keep), parents[0])
                out = _formula_values(self._formulas[node.name], tensors, node.where)
            values[node.name] = out
        outputs = [values[name] for _, name in self.wiring.outputs]
        return outputs[0] if len(outputs) == 1 else jnp.concatenate(outputs, axis=1), values


def _deviation(value: sp.Expr, name: str, where: str) -> float:
    if value.free_symbols:
        raise NetworkError(
            f"{name}={value} has no number", where=where, why="a finite network computes with numbers", fix="give the number where the layer is made"
        )
    return float(value)


def _numbers_missing(formula: sp.Expr) -> set[sp.Basic]:
    """Symbols that are neither an index nor the variable of an activation."""
    found: set[sp.Basic] = set()
    for applied in formula.atoms(Applied):
        found |= applied.function.free_symbols
    bare = formula.replace(lambda node: isinstance(node, Applied), lambda node: node.argument)
    entries = {entry: sp.S.One for entry in bare.atoms(Entry)}
    return found | bare.xreplace(entries).free_symbols - {HERE}


def _formula_values(formula: sp.Expr, tensors: dict[str, Array], where: str) -> Array:
    """A layer's formula at arrays (N, n); an average over channels runs over the last axis and keeps it."""

    def total(node: sp.Sum, value: Callable[[sp.Basic], Array]) -> Array:
        ((index, _, size),) = node.limits
        if any(entry.indices != sp.Tuple(index) for entry in node.function.atoms(Entry)):
            raise NetworkError(f"the sum {node} couples two channels", where=where, why="code is made for averages of functions of one channel", fix="use such")
        terms = value(node.function)
        return jnp.sum(terms, axis=-1, keepdims=True) if isinstance(terms, jax.Array) else terms * int(size)

    def apply(node: Applied, value: Callable[[sp.Basic], Array]) -> Array:
        return scalar_function(node.function(notation.x), where)(value(node.argument))

    return expression_values(formula, {Entry: lambda node, _: tensors[node.name], Applied: apply, sp.Sum: total}, where)


def _mask(keys: Array | None, position: int, keep: float, like: Array) -> Array:
    """Which neurons stay: drawn per example and coordinate, from the example's own key."""
    assert keys is not None
    rows = jax.vmap(lambda key: jax.random.bernoulli(jax.random.fold_in(key, position), keep, like.shape[1:]))(keys)
    return rows.astype(like.dtype)


def row_keys(key: Array | None, rows: int) -> Array | None:
    """One key per example, so that its masks do not depend on what else is in the batch."""
    return None if key is None else jax.vmap(lambda row: jax.random.fold_in(key, row))(jnp.arange(rows))


@functools.lru_cache(maxsize=64)
def finite(network: Network, n_in: int) -> Finite:
    """The network at ``n_in`` inputs."""
    return Finite(network, n_in)


def require_network(network: Any, where: str) -> Network:
    """NetworkError for anything else."""
    if not isinstance(network, Network):
        raise NetworkError(
            f"{network!r} is no network"[:200], where=where, fix="make one with ntksym.fcn(depth, activation, widths=...) or ntksym.Network([...])"
        )
    return network


def require_key(model: Finite, key: Array | None, where: str) -> None:
    """NetworkError where masks are to be drawn and there is nothing to draw them from."""
    if model.has_noise and key is None:
        raise NetworkError("no key", where=where, why="the network has Dropout, whose masks are drawn anew in every call", fix="give key=jax.random.key(0)")
