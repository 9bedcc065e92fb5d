"""Deviations, noise and ridge chosen by the marginal likelihood, with SciPy's bounded quasi-Newton method (L-BFGS-B) on their logarithms.

SciPy is a requirement of JAX itself.  Its method is deterministic, keeps to bounds (the likelihood may rise for ever as a noise tends to 0), and says why
it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize

from ntksym.errors import DataError, NetworkError, ShapeError
from ntksym.evaluate.finite.checks import checked_inputs
from ntksym.evaluate.gaussian_processes.arrays import checked_square, checked_targets
from ntksym.evaluate.gaussian_processes.posterior import log_density
from ntksym.evaluate.kernels import KernelFn, kernel_fn
from ntksym.network import Network

WHERE = "maximize_marginal_likelihood"
NOISE = "noise_variance"
BOUNDS = {"sigma_w": (0.05, 20.0), "sigma_b": (1e-3, 20.0)}
OTHER_BOUNDS = (1e-3, 1e3)
LARGEST_NOISE = 1e3  # in units of the mean diagonal of the kernel; the smallest depends on the precision


@dataclass(frozen=True)
class LikelihoodMaximum:
    """What :func:`maximize_marginal_likelihood` found.

    ``values``: every keyword chosen or fixed, with ``noise_variance``.  ``amplitude`` a: the process has kernel a K and noise a s (1 unless asked for).
    ``log_marginal_likelihood`` at these values, ``evaluations`` of it and of its gradient.  ``converged`` says whether the gradient or the progress fell
    below its tolerance; ``message`` says why the search stopped, and ``at_bound`` names the values that ended at an end of their range.
    """

    values: Mapping[str, Any]
    log_marginal_likelihood: float
    evaluations: int
    converged: bool
    message: str
    amplitude: float = 1.0
    at_bound: tuple[str, ...] = field(default=())

    @property
    def keywords(self) -> dict[str, Any]:
        """The values that the kernel takes: all but the noise."""
        return {name: value for name, value in self.values.items() if name != NOISE}

    @property
    def noise_variance(self) -> float:
        """The noise s, for the tangent kernel the ridge, in units of K."""
        return float(self.values[NOISE])


def maximize_marginal_likelihood(
    kernel: KernelFn | Network,
    x: Any,
    y: Any,
    *,
    get: str = "nngp",
    start: Mapping[str, float] | None = None,
    fixed: Mapping[str, Any] | None = None,
    amplitude: bool = False,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    steps: int = 100,
) -> LikelihoodMaximum:
    r"""Choose ``sigma_w``, ``sigma_b`` (one number each, for all layers) and ``noise_variance`` where the :func:`log_marginal_likelihood` is largest.

    ``kernel``: a network or its ``kernel_fn``; ``x`` (N, d), ``y`` (N, k).  ``get="ntk"`` takes the process with the tangent kernel, whose noise is the
    ridge of training.
    ``start``: where to begin (the network's own values by default); a parameter of the activation named here, if positive, is chosen too.
    ``fixed`` values stay.
    ``amplitude``: also choose a factor a of kernel and noise, in closed form $a = \operatorname{tr}Y^\top(K+sI)^{-1}Y/(Nk)$: predictions do not feel it,
    but without it a kernel of the wrong size drags the noise along.  ``bounds``: name -> (low, high), for the noise in units of the mean diagonal of K.
    ``steps``: the most iterations; where they run out, ``converged`` is False.
    The search is local, by gradients; only where the kernel is fixed and the noise alone is open, a grid of 41 values is tried first.
    ShapeError, DataError, NetworkError as in ``kernel_fn`` and :func:`log_marginal_likelihood`.  Source: Rasmussen and Williams 2006, section 5.4.

        best = ntksym.maximize_marginal_likelihood(net, x, y)
        best.keywords, best.noise_variance  # for the kernel function, and for the posterior
    """
    k = kernel_fn(kernel) if isinstance(kernel, Network) else kernel
    x = checked_inputs(x, "x", WHERE)
    y = checked_targets(y, len(x), x.dtype, WHERE)
    fixed = dict(fixed or {})
    own = {name: value for name, value in fixed.items() if name != NOISE}
    open_ = _starts(k, dict(start or {}), fixed)
    if not open_ and (NOISE in fixed or len(x) == 0):
        raise NetworkError("every value is fixed", where=WHERE, why="there is nothing to choose", fix="leave one of them open")
    # One call on numbers: it checks names, values and whether the kernel exists on these inputs.
    first = checked_square(k(x, None, get, **own, **open_), "the kernel", WHERE)
    if not open_:
        found = best_noise(first, y, amplitude=amplitude, bounds=(bounds or {}).get(NOISE), steps=steps)
        return LikelihoodMaximum(
            {**own, **found.values}, found.log_marginal_likelihood, found.evaluations, found.converged, found.message, found.amplitude, found.at_bound
        )
    names = tuple(open_)

    def negative(u: jax.Array, rows: jax.Array, targets: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        matrix = k(rows, None, get, **own, **{name: jnp.exp(u[i]) for i, name in enumerate(names)})
        noise = jnp.asarray(fixed[NOISE], matrix.dtype) if NOISE in fixed else jnp.exp(u[-1]) * jnp.mean(jnp.diagonal(matrix))
        lower = jnp.linalg.cholesky(matrix + noise * jnp.eye(len(rows), dtype=matrix.dtype))
        value, a = _with_amplitude(log_density(lower, targets), _quadratic(lower, targets), targets.size) if amplitude else (log_density(lower, targets), 1.0)
        return -value / targets.size, (noise, jnp.asarray(a, matrix.dtype))

    evaluate = jax.jit(jax.value_and_grad(negative, has_aux=True))
    begin = [float(open_[name]) for name in names]
    ranges = [_range(name, bounds) for name in names]
    if NOISE not in fixed:
        ranges.append((bounds or {}).get(NOISE, _noise_range(len(x), x.dtype)))
        begin.append(float((start or {}).get(NOISE, 1e-2 * float(jnp.mean(jnp.diagonal(first))))) / float(jnp.mean(jnp.diagonal(first))))
    all_names = names if NOISE in fixed else (*names, NOISE)
    return _search(lambda u: evaluate(u, x, y), begin, ranges, all_names, own, y.size, steps, x.dtype)


def best_noise(k: jax.Array, y: jax.Array, *, amplitude: bool = False, bounds: tuple[float, float] | None = None, steps: int = 100) -> LikelihoodMaximum:
    """The noise (or ridge) alone, for a kernel matrix (N, N) that stays: one eigendecomposition, then every evaluation takes O(N k)."""
    values, vectors = jnp.linalg.eigh(k)
    turned = jnp.matmul(vectors.T, y, precision=jax.lax.Precision.HIGHEST)
    values, power = jnp.maximum(values, 0), jnp.sum(turned * turned, axis=1)
    scale = jnp.mean(jnp.diagonal(k))

    @jax.jit
    def negative(u: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        noise = jnp.exp(u[0]) * scale
        quadratic = jnp.sum(power / (values + noise))
        value = -0.5 * quadratic - 0.5 * y.shape[1] * jnp.sum(jnp.log(values + noise)) - 0.5 * y.size * jnp.log(2 * jnp.pi)
        value, a = _with_amplitude(value, quadratic, y.size) if amplitude else (value, jnp.ones((), k.dtype))
        return -value / y.size, (noise, a)

    low, high = bounds or _noise_range(len(k), k.dtype)
    grid = jnp.linspace(np.log(low), np.log(high), 41, dtype=k.dtype)
    begin = float(jnp.exp(grid[jnp.argmin(jax.vmap(lambda v: negative(v[None])[0])(grid))]))
    found = _search(jax.jit(jax.value_and_grad(negative, has_aux=True)), [begin], [(low, high)], (NOISE,), {}, y.size, steps, k.dtype)
    return LikelihoodMaximum(
        found.values, found.log_marginal_likelihood, found.evaluations + len(grid), found.converged, found.message, found.amplitude, found.at_bound
    )


def _search(
    evaluate: Callable[[jax.Array], Any],
    begin: list[float],
    ranges: list[tuple[float, float]],
    names: tuple[str, ...],
    own: Mapping[str, Any],
    size: int,
    steps: int,
    dtype: Any,
) -> LikelihoodMaximum:
    """L-BFGS-B on the logarithms; ``evaluate(u)`` gives ((-log p / size, (noise, amplitude)), gradient)."""
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise NetworkError(f"steps={steps!r}", where=WHERE, fix="give a positive integer")

    def at(u: np.ndarray) -> tuple[float, np.ndarray]:
        (value, _), slope = evaluate(jnp.asarray(u, dtype=dtype))
        # Where a factorization fails the value is NaN; a large one sends the line search back.
        return (float(value), np.asarray(slope, dtype=np.float64)) if np.isfinite(value) and np.isfinite(slope).all() else (1e10, np.zeros(len(u)))

    log_ranges = [(float(np.log(low)), float(np.log(high))) for low, high in ranges]
    u0 = np.clip(np.log(begin), *np.transpose(log_ranges))
    if at(u0)[0] == 1e10:
        raise DataError(
            "the likelihood is not finite at the start", where=WHERE, why="the kernel matrix with its noise is singular there", fix="start from a larger noise"
        )
    eps = float(np.finfo(dtype).eps)
    result = minimize(at, u0, jac=True, method="L-BFGS-B", bounds=log_ranges, options={"maxiter": steps, "ftol": 10 * eps, "gtol": max(1e-7, 100 * eps)})
    (value, (noise, a)), _ = evaluate(jnp.asarray(result.x, dtype=dtype))
    ends = tuple(name for name, u, (low, high) in zip(names, result.x, log_ranges, strict=True) if u <= low + 1e-9 or u >= high - 1e-9)
    chosen = {name: float(np.exp(u)) for name, u in zip(names, result.x, strict=True) if name != NOISE}
    return LikelihoodMaximum(
        values={**own, **chosen, NOISE: float(noise)},
        log_marginal_likelihood=-float(value) * size,
        evaluations=int(result.nfev) + 1,
        converged=bool(result.success),
        message=str(result.message) if result.success else f"stopped short after {result.nit} iterations: {result.message}",
        amplitude=float(a),
        at_bound=ends,
    )


def _starts(k: KernelFn, start: dict[str, float], fixed: Mapping[str, Any]) -> dict[str, float]:
    """Keyword -> where to begin, for every keyword that is chosen."""
    keywords = k.__signature__.parameters
    for name in (*start, *fixed):
        if name != NOISE and (name not in keywords or name in ("x1", "x2", "get", "batch_size", "diagonal")):
            raise NetworkError(f"unknown value {name!r}", where=WHERE, why="the kernel has no such keyword", fix=f"it is {k!r}")
    both = sorted({*start} & {*fixed})
    if both:
        raise NetworkError(f"{', '.join(both)} is both to be chosen and fixed", where=WHERE, fix="name it in one of the two")
    found: dict[str, float] = {}
    for name in ("sigma_w", "sigma_b", *start):
        if name == NOISE or name not in keywords or name in fixed or name in found:
            continue
        given = start.get(name, keywords[name].default)
        # Per-layer defaults begin at their mean; a deviation of zero has no logarithm.
        value = 1.0 if given is keywords[name].empty else float(np.mean(np.asarray(given, dtype=float)))
        found[name] = 0.1 if name == "sigma_b" and value == 0 else value
        if not (np.isfinite(found[name]) and found[name] > 0):
            raise NetworkError(f"{name} starts at {found[name]}", where=WHERE, why="it is chosen by its logarithm", fix="give a positive start, or fix it")
    noise = start.get(NOISE, 1.0)
    if not (np.isfinite(noise) and noise > 0):
        raise ShapeError(f"{NOISE} starts at {noise}", where=WHERE, why="it is chosen by its logarithm", fix="give a positive start, or fix it")
    return found


def _range(name: str, bounds: Mapping[str, tuple[float, float]] | None) -> tuple[float, float]:
    low, high = (bounds or {}).get(name, BOUNDS.get(name, OTHER_BOUNDS))
    if not 0 < low < high < np.inf:
        raise NetworkError(f"{name} in ({low}, {high})", where=WHERE, why="a range is 0 < low < high", fix="give two positive numbers in order")
    return low, high


def _noise_range(n: int, dtype: Any) -> tuple[float, float]:
    """Relative to the mean diagonal: from where a Cholesky factor is still safe."""
    return max(1e-10, 10 * n * float(np.finfo(dtype).eps)), LARGEST_NOISE


def _quadratic(lower: jax.Array, y: jax.Array) -> jax.Array:
    white = jax.scipy.linalg.solve_triangular(lower, y, lower=True)
    return jnp.sum(white * white)


def _with_amplitude(value: jax.Array, quadratic: jax.Array, size: int) -> tuple[jax.Array, jax.Array]:
    """Log p at the best factor a = quadratic / size of kernel and noise, and a."""
    a = quadratic / size
    return value + 0.5 * quadratic - 0.5 * size * (1 + jnp.log(a)), a
