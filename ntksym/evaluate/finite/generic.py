"""The tangent kernel of any ``apply_fn(params, x)`` with a pytree of parameters: Jacobian contraction and NTK-vector products."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ntksym.errors import NetworkError, ShapeError
from ntksym.evaluate.finite.contractions import arranged, gram
from ntksym.evaluate.parameters import concrete

Array = Any
Tree = Any
ApplyLike = Callable[[Tree, Array], Array]


@dataclass(frozen=True)
class Split:
    """Which leaves of a pytree are trained."""

    treedef: Any
    trained: tuple[bool, ...]

    def parts(self, params: Tree) -> tuple[list[Array], list[Array]]:
        """The trained leaves, and the others."""
        leaves = jax.tree.leaves(params)
        chosen = [leaf for leaf, flag in zip(leaves, self.trained, strict=True) if flag]
        return chosen, [leaf for leaf, flag in zip(leaves, self.trained, strict=True) if not flag]

    def whole(self, trained: list[Array], others: list[Array]) -> Tree:
        """The pytree again."""
        one, two = iter(trained), iter(others)
        return jax.tree.unflatten(self.treedef, [next(one) if flag else next(two) for flag in self.trained])


def split_of(params: Tree, trainable: Any, where: str) -> Split:
    """The trained leaves: all floats (``trainable`` None), those a predicate (path, leaf) -> bool accepts, or those marked by a pytree of bools."""
    with_paths, treedef = jax.tree_util.tree_flatten_with_path(params)
    for path, leaf in with_paths:
        if not isinstance(leaf, jax.Array | np.ndarray | float | int | complex):
            raise ShapeError(
                f"params{jax.tree_util.keystr(path)} is a {type(leaf).__name__}",
                where=where,
                why="parameters are arrays",
                fix="split the model: eqx.partition(model, eqx.is_array), or nnx.split(model, nnx.Param, ...), and put it together inside apply_fn",
            )
    floats = [jnp.issubdtype(jnp.result_type(leaf), jnp.floating) for _, leaf in with_paths]
    if trainable is None:
        flags = [True] * len(floats)
    elif callable(trainable) and not _marks(trainable):
        flags = [bool(trainable(jax.tree_util.keystr(path), leaf)) for path, leaf in with_paths]
    else:
        try:
            flags = jax.tree.leaves(jax.tree.map(lambda flag, below: jax.tree.map(lambda _: bool(flag), below), trainable, params))
        except (ValueError, TypeError) as error:
            raise ShapeError(
                f"trainable does not fit params: {error}"[:300],
                where=where,
                why="it marks leaves, or whole branches, of params",
                fix="give bools in the structure of params",
            ) from None
    trained = tuple(flag and is_float for flag, is_float in zip(flags, floats, strict=True))
    if not any(trained):
        raise NetworkError(
            "nothing is trained", where=where, why="the tangent kernel of no parameters is 0", fix="mark at least one array of floats as trainable"
        )
    return Split(treedef, trained)


def _marks(trainable: Any) -> bool:
    """Whether it is a pytree of bools; one in the structure of an Equinox model can be called as well."""
    return all(isinstance(leaf, bool | np.bool_) for leaf in jax.tree.leaves(trainable))


def require_stateless(apply_fn: ApplyLike, params: Tree, x: Array, where: str) -> int:
    """The number of outputs k; errors where ``apply_fn`` returns a state, or where the output of an example depends on the other examples."""
    known = concrete((params, x))
    out = apply_fn(params, x) if known else jax.eval_shape(apply_fn, params, x)  # a state that is written to shows with numbers only
    fix = "evaluate with stored statistics: use_running_average=True (Flax), eqx.nn.inference_mode(model) (Equinox), and bind the state inside apply_fn"
    if isinstance(out, tuple | list | dict):
        raise NetworkError(
            f"apply_fn returns a {type(out).__name__}",
            where=where,
            why="a function that hands back a state is no function of (params, x) alone",
            fix=f"return the outputs only; {fix}",
        )
    if not hasattr(out, "shape") or len(out.shape) != 2 or out.shape[0] != len(x):
        raise ShapeError(
            f"apply_fn returns shape {getattr(out, 'shape', None)} for {len(x)} inputs",
            where=where,
            why="the kernel has an axis of examples and one of outputs",
            fix="return (N, k)",
        )
    if known and len(x) > 1:
        together, alone = np.asarray(out[:1]), np.asarray(apply_fn(params, x[:1]))
        if np.abs(together - alone).max() > float(jnp.finfo(out.dtype).eps) ** 0.5 * max(np.abs(alone).max(), np.abs(together).max()):
            raise NetworkError(
                f"the output for one example changes with the other examples, by {np.abs(together - alone).max():.2g}",
                where=where,
                why="statistics over the batch (BatchNorm) couple the examples, so there is no kernel of two inputs; or the function draws random numbers",
                fix=fix,
            )
    return out.shape[1]


def jacobian_factors(apply_fn: ApplyLike, split: Split, params: Tree, x: Array) -> list[Array]:
    """Of every trained leaf: the Jacobian (N, k, p) of the outputs."""
    trained, others = split.parts(params)

    def one(row: Array) -> list[Array]:
        out, pull = jax.vjp(lambda leaves: apply_fn(split.whole(leaves, others), row[None])[0], trained)
        return jax.vmap(pull)(jnp.eye(len(out), dtype=out.dtype))[0]

    return [leaf.reshape(*leaf.shape[:2], math.prod(leaf.shape[2:])) for leaf in jax.vmap(one)(x)]


def jacobian_kernel(first: list[Array], second: list[Array], outputs: str, layerwise: bool) -> Array:
    """J J'^T, summed over the leaves or one each."""
    terms = [gram(one, two, outputs) for one, two in zip(first, second, strict=True)]
    return jnp.stack([arranged(term, outputs) for term in terms]) if layerwise else arranged(sum(terms[1:], terms[0]), outputs)


def vector_product_kernel(apply_fn: ApplyLike, split: Split, params: Tree, x1: Array, x2: Array, outputs: str, layerwise: bool, size: int | None) -> Array:
    """Column by column: the gradient of one output at one second input, pushed forward at all first inputs."""
    trained, others = split.parts(params)
    _, push = jax.linearize(lambda leaves: apply_fn(split.whole(leaves, others), x1), trained)

    def column(row: Array) -> Array:
        out, pull = jax.vjp(lambda leaves: apply_fn(split.whole(leaves, others), row[None])[0], trained)

        def pushed(direction: Array) -> Array:
            (gradient,) = pull(direction)
            if not layerwise:
                return push(gradient)[None]
            return jnp.stack([push([g if k == chosen else jnp.zeros_like(g) for k, g in enumerate(gradient)]) for chosen in range(len(gradient))])

        found = jax.vmap(pushed, out_axes=-1)(jnp.eye(len(out), dtype=out.dtype))  # (layers, N1, k, k)
        if outputs == "full":
            return found
        diagonal = jnp.diagonal(found, axis1=-2, axis2=-1)
        return diagonal if outputs == "diagonal" else jnp.mean(diagonal, axis=-1)

    columns = jax.lax.map(column, x2) if size is None else jax.lax.map(column, x2, batch_size=size)
    kernel = jnp.moveaxis(columns, 0, 2)
    return kernel if layerwise else kernel[0]
