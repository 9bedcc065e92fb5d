"""``empirical_ntk_fn`` and ``empirical_ntk_vp_fn``: the tangent kernel of given parameters, by the structure of the network or for any function."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ntksym.errors import NetworkError, ShapeError
from ntksym.evaluate.finite import generic, structured
from ntksym.evaluate.finite.blocks import blocked, require_batch_size
from ntksym.evaluate.finite.checks import checked_inputs, checked_params
from ntksym.evaluate.finite.contractions import require_outputs
from ntksym.evaluate.finite.model import Finite, finite, require_key, row_keys
from ntksym.evaluate.finite.network_functions import ApplyFn
from ntksym.network import Network

Array = Any
Tree = Any
METHODS = (None, "structured", "jacobian", "vector_products")
SECOND = 2**31 - 1  # the masks of x2 come from fold_in(key, SECOND): no example has this number


class NetworkNtk:
    """``f(params, x1, x2=None, *, layerwise=False, outputs="full", batch_size=None, key=None)`` of a network, by its structure."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._compiled = jax.jit(self._kernel, static_argnames=("layerwise", "outputs", "size"))

    def __call__(
        self,
        params: Tree,
        x1: Array,
        x2: Array | None = None,
        *,
        layerwise: bool = False,
        outputs: str = "full",
        batch_size: int | None = None,
        key: Array | None = None,
    ) -> Array:
        where = "empirical_ntk_fn"
        require_outputs(outputs, where)
        size = require_batch_size(batch_size, where)
        params, x1, x2 = checked_call(self.network, params, x1, x2, key, where)
        return self._compiled(params, x1, x2, key, layerwise=bool(layerwise), outputs=outputs, size=size)

    def _kernel(self, params: Tree, x1: Array, x2: Array | None, key: Array | None, *, layerwise: bool, outputs: str, size: int | None) -> Array:
        model = finite(self.network, x1.shape[1])
        rows1 = (x1, row_keys(key, len(x1)))
        rows2 = None if x2 is None else (x2, row_keys(second_key(key), len(x2)))
        return blocked(
            lambda rows: structured.factors(model, params, *rows),
            lambda first, second: structured.kernel(model, first, second, outputs, layerwise),
            rows1,
            rows2,
            size,
            int(layerwise),
        )

    def __repr__(self) -> str:
        return 'empirical_ntk(params, x1, x2=None, *, layerwise=False, outputs="full", batch_size=None, key=None)'


class FunctionNtk:
    """``f(params, x1, x2=None, *, layerwise=False, outputs="full", batch_size=None)`` of any function of a pytree and a batch."""

    def __init__(self, apply_fn: generic.ApplyLike, trainable: Any, method: str) -> None:
        self._apply, self._trainable, self._method = apply_fn, trainable, method
        self._compiled = jax.jit(self._kernel, static_argnames=("split", "layerwise", "outputs", "size"))

    def __call__(
        self, params: Tree, x1: Array, x2: Array | None = None, *, layerwise: bool = False, outputs: str = "full", batch_size: int | None = None
    ) -> Array:
        where = "empirical_ntk_fn"
        require_outputs(outputs, where)
        size = require_batch_size(batch_size, where)
        x1, x2 = _batches(x1, x2, where)
        split = generic.split_of(params, self._trainable, where)
        generic.require_stateless(self._apply, params, x1, where)
        return self._compiled(params, x1, x2, split=split, layerwise=bool(layerwise), outputs=outputs, size=size)

    def _kernel(self, params: Tree, x1: Array, x2: Array | None, *, split: generic.Split, layerwise: bool, outputs: str, size: int | None) -> Array:
        if self._method == "vector_products":
            return generic.vector_product_kernel(self._apply, split, params, x1, x1 if x2 is None else x2, outputs, layerwise, size)
        return blocked(
            lambda rows: generic.jacobian_factors(self._apply, split, params, rows),
            lambda first, second: generic.jacobian_kernel(first, second, outputs, layerwise),
            x1,
            x2,
            size,
            int(layerwise),
        )

    def __repr__(self) -> str:
        return 'empirical_ntk(params, x1, x2=None, *, layerwise=False, outputs="full", batch_size=None)'


def empirical_ntk_fn(network_or_apply_fn: Network | generic.ApplyLike, *, trainable: Any = None, method: str | None = None) -> NetworkNtk | FunctionNtk:
    r"""The tangent kernel of a finite network at given parameters, $\hat\Theta(x, x')_{ij} = \langle\nabla_\theta f_i(x), \nabla_\theta f_j(x')\rangle$.

    Returns ``f(params, x1, x2=None, *, layerwise=False, outputs="full", batch_size=None)``; x1 (N1, d), x2 (N2, d) or None for x1 again, in float32 or
    float64.  "full" is (N1, N2, k, k); "trace" (N1, N2), the mean over k, which tends to Theta; "diagonal" (N1, N2, k).  ``layerwise`` puts an axis in front,
    one entry for each pair (w, beta) that is trained.  ``batch_size`` rows of x1 and of x2 are worked on at a time.

    For a Network (or its ``apply_fn``) the sum over its matrices of $(\frac{\sigma_w^2}{n} z \cdot z' + \sigma_b^2)(B \cdot B')$ is computed, with one backward
    pass per output and no Jacobian by parameters: memory O(N^2 k^2 + N k n).  Parameters that are frozen are left out; a shared matrix has terms between its
    uses.  With Dropout, ``key=`` is needed: x1 has the masks of ``apply_fn(params, x1, key=key)``, x2 masks of its own.

    Any other function ``apply_fn(params, x) -> (N, k)`` may have any pytree of arrays as ``params``; ``layerwise`` is then by its trained leaves, in order.
    ``trainable``: None (all floats), a pytree of bools (whole branches may be marked by one), or a predicate of a leaf's path and the leaf.  ``method``:
    "vector_products" (the default: a vector-Jacobian and a Jacobian-vector product per column, ``batch_size`` rows of x2 together, one without it) or
    "jacobian" (contraction of per-example Jacobians, k times the work for fully connected layers, less for convolutions with few outputs).
    A function that returns a state, or whose output for one example depends on the others (BatchNorm), is refused.

    NetworkError, ShapeError for what does not fit.  Source: Novak, Sohl-Dickstein, Schoenholz 2022 (structured derivatives); theory: Jacot et al. 2018.

        kernel = ntksym.empirical_ntk_fn(network)(params, x, outputs="trace")
    """
    where = "empirical_ntk_fn"
    if method not in METHODS:
        raise NetworkError(f"method={method!r}", where=where, fix="use None, 'jacobian' or 'vector_products'")
    network = network_of(network_or_apply_fn)
    if network is not None and method in (None, "structured"):
        if trainable is not None:
            raise NetworkError(
                "trainable with a Network", where=where, why="which layers are trained is part of the network", fix="use Dense(..., frozen=True)"
            )
        return _network_ntk(network)
    if not callable(network_or_apply_fn) or method == "structured":
        raise NetworkError(
            f"{network_or_apply_fn!r} is no network" if method else f"{network_or_apply_fn!r} is neither a network nor a function",
            where=where,
            fix="give a ntksym.Network, or a function apply_fn(params, x)",
        )
    return FunctionNtk(network_or_apply_fn, trainable, method or "vector_products")


def empirical_ntk_vp_fn(network_or_apply_fn: Network | generic.ApplyLike, *, trainable: Any = None) -> Callable[..., Callable[[Array], Array]]:
    r"""Products with the tangent kernel: ``g(params, x1, x2=None)`` is the linear map $v \mapsto \hat\Theta v$, (N2, k) -> (N1, k).

    A vector-Jacobian product at x2 and a Jacobian-vector product at x1; no kernel is formed.  For conjugate gradients and power iteration at large N.
    Arguments and errors as in :func:`empirical_ntk_fn` (``key=`` with Dropout).

        theta_v = ntksym.empirical_ntk_vp_fn(network)(params, x)(v)
    """
    where = "empirical_ntk_vp_fn"
    network = network_of(network_or_apply_fn)
    if network is None and not callable(network_or_apply_fn):
        raise NetworkError(
            f"{network_or_apply_fn!r} is neither a network nor a function", where=where, fix="give a ntksym.Network, or a function apply_fn(params, x)"
        )

    def at(params: Tree, x1: Array, x2: Array | None = None, *, key: Array | None = None) -> Callable[[Array], Array]:
        if network is not None:
            params, x1, x2 = checked_call(network, params, x1, x2, key, where)
            apply = ApplyFn(network)
            flags = [[weights.slot in finite(network, x1.shape[1]).trainable] * 2 for weights in network.wiring.weights]
            split = generic.split_of(params, [tuple(pair) for pair in flags], where)
            first, second = functools.partial(apply, key=key), functools.partial(apply, key=key if x2 is None else second_key(key))
        else:
            x1, x2 = _batches(x1, x2, where)
            split = generic.split_of(params, trainable, where)
            first = second = network_or_apply_fn
            generic.require_stateless(first, params, x1, where)
        columns = x1 if x2 is None else x2
        trained, others = split.parts(params)
        out, pull = jax.vjp(lambda leaves: second(split.whole(leaves, others), columns), trained)
        _, push = jax.linearize(lambda leaves: first(split.whole(leaves, others), x1), trained)

        def product(v: Array) -> Array:
            v = jnp.asarray(v)
            if v.shape != out.shape or v.dtype != out.dtype:
                raise ShapeError(
                    f"v has shape {v.shape} and dtype {v.dtype}",
                    where=where,
                    why="it has an entry for every output of x2",
                    fix=f"give {out.shape}, {out.dtype}",
                )
            return push(pull(v)[0])

        return product

    return at


def network_of(given: Any) -> Network | None:
    """The network that is given, itself or by its ``apply_fn``."""
    return given if isinstance(given, Network) else given.network if isinstance(given, ApplyFn) else None


def second_key(key: Array | None) -> Array | None:
    """The key of the masks of x2."""
    return None if key is None else jax.random.fold_in(key, SECOND)


def checked_call(network: Network, params: Tree, x1: Array, x2: Array | None, key: Array | None, where: str) -> tuple[Tree, Array, Array | None]:
    """The arguments of a kernel of a network, checked."""
    x1 = checked_inputs(x1, "x1", where)
    x2 = None if x2 is None else checked_inputs(x2, "x2", where)
    require_pair(x1, x2, where)
    model: Finite = finite(network, x1.shape[1])
    require_key(model, key, where)
    if not model.trainable:
        raise NetworkError("every layer is frozen", where=where, why="the tangent kernel of no parameters is 0", fix="leave one layer trained")
    return checked_params(params, model.shapes, x1.dtype, model.places, where), x1, x2


def require_pair(x1: Array, x2: Array | None, where: str) -> None:
    """ShapeError where two sets of inputs are not of one kind."""
    if x2 is not None and (x1.dtype != x2.dtype or x1.shape[1:] != x2.shape[1:]):
        raise ShapeError(
            f"x1 is {x1.shape} {x1.dtype}, x2 {x2.shape} {x2.dtype}",
            where=where,
            why="both hold inputs of one network",
            fix="give arrays of the same d and dtype",
        )


def _batches(x1: Any, x2: Any, where: str) -> tuple[Array, Array | None]:
    """Inputs of a function: arrays of any rank whose first axis counts examples."""
    x1, x2 = jnp.asarray(x1), None if x2 is None else jnp.asarray(x2)
    for name, x in (("x1", x1), ("x2", x2)):
        if x is not None and (x.ndim < 1 or 0 in x.shape):
            raise ShapeError(f"{name} has shape {np.shape(x)}", where=where, why="its first axis counts examples", fix="give at least one example")
    require_pair(x1, x2, where)
    return x1, x2


@functools.lru_cache(maxsize=64)
def _network_ntk(network: Network) -> NetworkNtk:
    return NetworkNtk(network)
