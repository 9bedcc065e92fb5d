"""``init_fn`` and ``apply_fn``: the parameters and the function of a finite network."""

from __future__ import annotations

import functools
from typing import Any

import jax

from ntksym.errors import ShapeError
from ntksym.evaluate.finite.checks import checked_dtype, checked_inputs, checked_params
from ntksym.evaluate.finite.model import Params, finite, require_key, require_network, row_keys
from ntksym.network import Network

Array = Any


class InitFn:
    """``init(key, n_in, dtype=None) -> params``."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._compiled = jax.jit(lambda key, n_in, dtype: finite(network, n_in).draw(key, dtype), static_argnums=(1, 2))

    def __call__(self, key: Array, n_in: int, dtype: Any = None) -> Params:
        if isinstance(n_in, bool) or not hasattr(n_in, "__index__") or int(n_in) < 1:
            raise ShapeError(f"n_in={n_in!r}", where="init_fn", why="it is the number of columns of the inputs", fix="give x.shape[1]")
        finite(self.network, int(n_in))
        return self._compiled(key, int(n_in), checked_dtype(dtype, "init_fn"))

    def __repr__(self) -> str:
        return "init_fn(key, n_in, dtype=None)"


class ApplyFn:
    """``apply(params, x, *, key=None) -> (N, k)``; ``network`` is the network."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._compiled = jax.jit(lambda params, x, key: finite(network, x.shape[1]).run(params, x, row_keys(key, len(x)))[0])

    def __call__(self, params: Params, x: Array, *, key: Array | None = None) -> Array:
        x = checked_inputs(x, "x", "apply_fn")
        model = finite(self.network, x.shape[1])
        require_key(model, key, "apply_fn")
        return self._compiled(checked_params(params, model.shapes, x.dtype, model.places, "apply_fn"), x, key)

    def __repr__(self) -> str:
        return "apply_fn(params, x, *, key=None)"


def init_fn(network: Network) -> InitFn:
    r"""Draw the parameters of a finite network: ``init_fn(network)(key, n_in, dtype=None) -> params``.

    ``params`` is a list with one pair (w, beta) per entry of ``network.wiring.weights``, in construction order: w (n_in, n_out), beta (n_out,), of ``dtype``
    float32 or float64 (None: the default float of JAX).  A shared layer stands once, a frozen one keeps its place, a layer without biases has a beta that
    is not used, a Bias has w of shape (0, n).  Every entry is N(0, 1), and the network multiplies by $\sigma_w/\sqrt{n}$ and $\sigma_b$ (Jacot et al. 2018);
    in the standard parameterization they are $W \sim \mathcal N(0, \sigma_w^2/n)$ and $b \sim \mathcal N(0, \sigma_b^2)$ themselves.

    NetworkError for a width left open (its layer is named), a symbolic depth, a sigma without a number; ShapeError for a bad ``n_in`` or ``dtype``.

        params = ntksym.init_fn(ntksym.fcn(2, "relu", widths=512))(jax.random.key(0), 784)
    """
    return _init(require_network(network, "init_fn"))


def apply_fn(network: Network) -> ApplyFn:
    r"""The function of a finite network: ``apply_fn(network)(params, x, *, key=None)``, x (N, d) -> (N, k), heads side by side, in the dtype of x.

    $h = \frac{\sigma_w}{\sqrt n} z w + \sigma_b \beta$ for a Dense, the layer's own formula for any other.  At a kink the derivative is the one from the right
    (relu'(0) = 1).  Frozen parameters have gradient 0.  ``key`` draws the masks of Dropout: example i has the masks of ``fold_in(key, i)``.
    Works under jit, vmap (over ``params``, or over more than one x of shape (N, d)) and grad of any order.

    ShapeError for arrays of another shape or dtype and for the parameters of another network; NetworkError for Dropout without a key, and as ``init_fn``.
    """
    return _apply(require_network(network, "apply_fn"))


@functools.lru_cache(maxsize=64)
def _init(network: Network) -> InitFn:
    return InitFn(network)


@functools.lru_cache(maxsize=64)
def _apply(network: Network) -> ApplyFn:
    return ApplyFn(network)
