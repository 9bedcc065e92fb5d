"""Kernels of a finite network averaged over its parameters."""

from __future__ import annotations

import functools
from collections import namedtuple
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ntksym.errors import NetworkError
from ntksym.evaluate.finite import structured
from ntksym.evaluate.finite.checks import checked_inputs
from ntksym.evaluate.finite.empirical import require_pair, second_key
from ntksym.evaluate.finite.model import Finite, finite, require_network, row_keys
from ntksym.network import Network

Array = Any


class Estimate(NamedTuple):
    """``mean`` over sampled networks and its ``standard_error``, arrays (N1, N2)."""

    mean: Array
    standard_error: Array


class MonteCarloKernelFn:
    """``k(key, x1, x2=None, get=("nngp", "ntk"), *, n_samples, at_once=1)``."""

    def __init__(self, network: Network) -> None:
        self.network = network
        heads = [head for head, _ in network.wiring.outputs]
        self.kernels = tuple(f"{kind}_{head}" if head else kind for kind in ("nngp", "ntk") for head in heads)
        self._compiled = jax.jit(self._estimate, static_argnames=("get", "n_samples", "at_once"))

    def __call__(self, key: Array, x1: Array, x2: Array | None = None, get: str | tuple[str, ...] | None = None, *, n_samples: int, at_once: int = 1) -> Any:
        where = "monte_carlo_kernel_fn"
        names = self.kernels if get is None else (get,) if isinstance(get, str) else tuple(get)
        if not names or len(set(names)) != len(names) or any(name not in self.kernels for name in names):
            raise NetworkError(
                f"get={get!r}", where=where, why=f"this network has the kernels {', '.join(self.kernels)}", fix="ask for one by name, or for a tuple"
            )
        for name, number, least in (("n_samples", n_samples, 2), ("at_once", at_once, 1)):
            if isinstance(number, bool) or not hasattr(number, "__index__") or int(number) < least:
                raise NetworkError(
                    f"{name}={number!r}", where=where, why="networks are counted, and a standard error needs two", fix=f"give an integer from {least} on"
                )
        x1 = checked_inputs(x1, "x1", where)
        x2 = None if x2 is None else checked_inputs(x2, "x2", where)
        require_pair(x1, x2, where)
        finite(self.network, x1.shape[1])  # what it has to say is said outside of the compiled function
        found = self._compiled(key, x1, x2, get=names, n_samples=int(n_samples), at_once=min(int(at_once), int(n_samples)))
        return found[get] if isinstance(get, str) else _kernels(names)(**found)

    def _estimate(self, key: Array, x1: Array, x2: Array | None, *, get: tuple[str, ...], n_samples: int, at_once: int) -> dict[str, Estimate]:
        model = finite(self.network, x1.shape[1])
        sample = functools.partial(sample_kernels, model, x1=x1, x2=x2, get=get)
        zero = {name: jnp.zeros((len(x1), len(x1 if x2 is None else x2)), x1.dtype) for name in get}
        rounds = -(-n_samples // at_once)

        def step(state: Any, number: Array) -> tuple[Any, None]:
            """Welford's running mean and sum of squares, with several samples at a time (Chan, Golub, LeVeque 1983)."""
            count, mean, squares = state
            numbers = number * at_once + jnp.arange(at_once)
            kept = (numbers < n_samples).astype(x1.dtype)[:, None, None]
            new = jnp.sum(kept)
            drawn = jax.vmap(lambda n: sample(jax.random.fold_in(key, n)))(numbers)
            total = count + new

            def merged(mean: Array, squares: Array, drawn: Array) -> tuple[Array, Array]:
                own = jnp.sum(kept * drawn, axis=0) / new
                shift = own - mean
                spread = jnp.sum(kept * (drawn - own[None]) ** 2, axis=0)
                return mean + shift * (new / total), squares + spread + shift**2 * (count * new / total)

            pairs = {name: merged(mean[name], squares[name], drawn[name]) for name in get}
            return (total, {name: pair[0] for name, pair in pairs.items()}, {name: pair[1] for name, pair in pairs.items()}), None

        (_, mean, squares), _ = jax.lax.scan(step, (jnp.zeros((), x1.dtype), zero, zero), jnp.arange(rounds))
        return {name: Estimate(mean[name], jnp.sqrt(squares[name] / ((n_samples - 1) * n_samples))) for name in get}

    def __repr__(self) -> str:
        return f"monte_carlo_kernel(key, x1, x2=None, get={self.kernels}, *, n_samples, at_once=1)"


@functools.lru_cache(maxsize=64)
def _kernels(names: tuple[str, ...]) -> Any:
    return namedtuple("Kernels", names)


def sample_kernels(model: Finite, key: Array, *, x1: Array, x2: Array | None, get: tuple[str, ...]) -> dict[str, Array]:
    """The kernels of one network, averaged over the outputs of each head."""
    for_params, for_masks = jax.random.split(key)
    params = model.draw(for_params, x1.dtype)
    masks = for_masks if model.has_noise else None
    rows = [(x1, row_keys(masks, len(x1)))] + ([] if x2 is None else [(x2, row_keys(second_key(masks), len(x2)))])
    found: dict[str, Array] = {}
    if any(name.startswith("nngp") for name in get):
        outputs = [model.run(params, *row)[0] for row in rows]
        for head, part in _parts(model):
            first, second = outputs[0][:, part], outputs[-1][:, part]
            found[f"nngp{head}"] = jnp.matmul(first, second.T, precision=jax.lax.Precision.HIGHEST) / first.shape[1]
    if any(name.startswith("ntk") for name in get):
        factors = [structured.factors(model, params, *row) for row in rows]
        for head, part in _parts(model):
            first, second = ({name: (*rest, backward[:, part]) for name, (*rest, backward) in one.items()} for one in (factors[0], factors[-1]))
            found[f"ntk{head}"] = structured.kernel(model, first, second, "trace", False)
    return {name: found[name] for name in get}


def _parts(model: Finite) -> Iterator[tuple[str, slice]]:
    """The outputs of each head."""
    start = 0
    for head, width in model.heads:
        yield (f"_{head}" if head else ""), slice(start, start + width)
        start += width


def monte_carlo_kernel_fn(network: Network) -> MonteCarloKernelFn:
    r"""NNGP and NTK of a finite network, averaged over its parameters: what the derived kernels are the limits of.

    Returns ``k(key, x1, x2=None, get=("nngp", "ntk"), *, n_samples, at_once=1)``: a named tuple by kernel (or one entry, for one name) of ``Estimate(mean,
    standard_error)``, each (N1, N2) in the dtype of x1.  A sample is a network with the widths declared; "nngp" is the mean over its k outputs of f(x) f(x'),
    "ntk" that of the tangent kernel's diagonal; the standard error is over samples, which are independent.  With heads the names are "nngp_value", ...
    ``at_once`` networks are worked on together.  $\mathbb E \hat\Theta = \Theta + c/n + O(n^{-2})$: extrapolate in the width before comparing with the limit.

    NetworkError for a width left open, fewer than two samples, an unknown kernel; ShapeError for arrays that are no inputs.

        estimate = ntksym.monte_carlo_kernel_fn(network)(jax.random.key(0), x, get="ntk", n_samples=1000)
    """
    return _monte_carlo(require_network(network, "monte_carlo_kernel_fn"))


@functools.lru_cache(maxsize=64)
def _monte_carlo(network: Network) -> MonteCarloKernelFn:
    return MonteCarloKernelFn(network)
