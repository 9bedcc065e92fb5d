"""``width_scaling``: sampled networks at several widths against the kernels derived for infinite width."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import click
import jax
import jax.numpy as jnp
import numpy as np

from ntksym.errors import NetworkError
from ntksym.evaluate.convergence.networks import NetworkOfWidth, network_of_width
from ntksym.evaluate.convergence.statistics import ChiSquare, Exponent, fit_bias_exponent, fit_exponent, fit_line, joint_test
from ntksym.evaluate.finite.checks import checked_inputs
from ntksym.evaluate.finite.model import finite
from ntksym.evaluate.finite.monte_carlo import monte_carlo_kernel_fn, sample_kernels
from ntksym.evaluate.kernels import kernel_fn
from ntksym.network import Network

Array = Any
WHERE = "width_scaling"
# Networks per entry and width, at least.  A covariance from few is noisy, and its inverse too large: measured on normal numbers, 3 widths and 6 entries, the
# mean of the sum of squares is 15 % too large at 5 per entry, 5 % (4 widths) at 17.
PER_ENTRY = 5
EXPECTED = {"ntk": -0.5, "nngp": 0.0}  # exponent of the spread: Theta-hat concentrates, the product of two outputs of one network stays random


@dataclass(frozen=True, eq=False)
class KernelScaling:
    r"""One kernel at all widths.  m widths, N inputs; entries are in units of $\sqrt{\Theta_{ii}\Theta_{jj}}$, the derived kernel at that width.

    ``derived``, ``mean``, ``standard_error``: (m, N, N).  ``spread``: (m,), the root mean square over entries of the deviation of one network from the mean,
    with its standard error ``spread_error``.  ``intercept`` (N, N): of the straight line in 1/n through mean - derived, 0 in theory, with its
    ``intercept_error`` and ``slope``; ``test`` of all its entries together, ``misfit`` of the means against the lines.  ``scale``: (m, N), sqrt(Theta_ii).
    ``spread_exponent`` is p of a n^p, ``spread_exponent_corrected`` that of a n^p (1 + b/n), which allows for the next order at a larger standard error.
    """

    kernel: str
    widths: tuple[int, ...]
    n_samples: tuple[int, ...]
    scale: np.ndarray
    derived: np.ndarray
    mean: np.ndarray
    standard_error: np.ndarray
    spread: np.ndarray
    spread_error: np.ndarray
    intercept: np.ndarray
    intercept_error: np.ndarray
    slope: np.ndarray
    test: ChiSquare
    misfit: ChiSquare
    spread_exponent: Exponent
    spread_exponent_corrected: Exponent
    bias_exponent: Exponent | None

    @property
    def expected_spread_exponent(self) -> float:
        """-1/2 for a tangent kernel, 0 for a product of outputs."""
        return EXPECTED[self.kernel.split("_")[0]]

    def agrees(self, *, intercept: float = 3.0, spread: float = 2.0) -> bool:
        """Whether the intercept is the derived kernel within so many standard errors, and the spread's exponent (corrected) the expected one.

        Of agreeing kernels, 3 and 2 standard errors pass all but 0.3 % and 5 %.
        """
        return self.test.z <= intercept and abs(self.spread_exponent_corrected.z(self.expected_spread_exponent)) <= spread

    def __str__(self) -> str:
        symbol = "Theta" if self.kernel.startswith("ntk") else "K"
        rows = [
            f"  {n:>12} {networks:9d} {np.abs(mean - derived).max():17.5f} {error.max():10.5f} {spread:9.4f} +- {spread_error:.4f}"
            for n, networks, mean, derived, error, spread, spread_error in zip(
                self.widths, self.n_samples, self.mean, self.derived, self.standard_error, self.spread, self.spread_error, strict=True
            )
        ]
        bias = "not told from zero" if self.bias_exponent is None else f"n^({self.bias_exponent})"
        lines = [
            f"{self.kernel}, in units of sqrt({symbol}_ii {symbol}_jj) as derived; the largest entries",
            f"  {'width':>12} {'networks':>9} {'|mean - derived|':>17} {'its error':>10} {'spread':>19}",
            *rows,
            f"  {'to infinity':>12} {'':9} {np.abs(self.intercept).max():17.5f} {self.intercept_error.max():10.5f}",
            f"  joint test of the intercept: chi2 = {self.test.chi2:.1f} on {self.test.dof}, z = {self.test.z:.2f}",
            f"  left by the lines in 1/n:    chi2 = {self.misfit.chi2:.1f} on {self.misfit.dof}, z = {self.misfit.z:.2f}",
            f"  spread ~ n^({self.spread_exponent}), expected {self.expected_spread_exponent:g}",
            f"  with a term of the next order n^({self.spread_exponent_corrected})",
            f"  bias ~ {bias}",
        ]
        return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class WidthScaling:
    """Every kernel of a network at all widths; ``result["ntk"]`` is one of them.  Printing it shows the tables."""

    kernels: tuple[KernelScaling, ...]
    seconds: float

    def __getitem__(self, kernel: str) -> KernelScaling:
        for one in self.kernels:
            if one.kernel == kernel:
                return one
        raise NetworkError(f"no kernel {kernel!r}", where=WHERE, why=f"there are {', '.join(one.kernel for one in self.kernels)}", fix="ask for one of them")

    def __iter__(self) -> Iterator[KernelScaling]:
        return iter(self.kernels)

    def agrees(self, *, intercept: float = 3.0, spread: float = 2.0) -> bool:
        """Whether every tangent kernel agrees with what is derived (see :meth:`KernelScaling.agrees`)."""
        return all(one.agrees(intercept=intercept, spread=spread) for one in self.kernels if one.kernel.startswith("ntk"))

    def __str__(self) -> str:
        return "\n".join(map(str, self.kernels))


def width_scaling(
    network: Network | NetworkOfWidth,
    key: Array,
    x: Array,
    *,
    widths: Sequence[int] = (64, 128, 256, 512),
    n_samples: int | Sequence[int] = 1000,
    at_once: int = 8,
    progress: bool | None = None,
) -> WidthScaling:
    r"""Finite networks of several widths against the derived limit: $\mathbb E\hat\Theta_n = \Theta + c/n$, spread of $\hat\Theta_n \sim n^{-1/2}$.

    ``network``: a function of the width, or a Network whose open widths are replaced.  At each of ``widths`` (three or more), ``n_samples`` networks (a number,
    or one per width) are drawn from ``key`` and their tangent kernels (mean over outputs) and products of outputs computed on x (N, d), ``at_once`` together.
    Per kernel (each head has its own; see :class:`KernelScaling`): mean and spread at each width; the intercept at 1/n = 0 of a weighted straight line through
    every entry's mean, with one chi-square test of its upper triangle against the derived kernel; the exponents in n of spread and bias with standard errors.

    Everything is relative to the derived kernel *at that width*, entry by entry in units of sqrt(Theta_ii Theta_jj): in the standard parameterization Theta
    grows with n, and it is the ratio that tends to the derived one.  Sources: Jacot et al. 2018 (limit), Huang and Yau 2020 (orders in n).
    ``progress``: a bar on stderr; None shows it on a terminal.

    NetworkError for fewer than three widths, fewer than 20 networks or 5 per entry, a width left open, a kernel that vanishes; ShapeError for bad inputs.

        print(ntksym.width_scaling(ntksym.fcn(2, "relu"), jax.random.key(0), x, widths=(64, 128, 256), n_samples=500))
    """
    begin = time.perf_counter()
    at_width = network_of_width(network, WHERE)
    widths, counts = _checked_widths(widths, n_samples)
    if isinstance(at_once, bool) or not hasattr(at_once, "__index__") or int(at_once) < 1:
        raise NetworkError(f"at_once={at_once!r}", where=WHERE, fix="give a positive integer")
    x = checked_inputs(x, "x", WHERE)
    entries = len(x) * (len(x) + 1) // 2
    if min(counts) < PER_ENTRY * entries:
        raise NetworkError(
            f"{min(counts)} networks for {entries} entries",
            where=WHERE,
            why="one test of all entries needs their covariance, which that many networks do not tell",
            fix=f"give n_samples={PER_ENTRY * entries} or more, or fewer inputs",
        )
    networks = [at_width(width) for width in widths]
    names = monte_carlo_kernel_fn(networks[0]).kernels
    for one in networks:
        finite(one, x.shape[1])
        if monte_carlo_kernel_fn(one).kernels != names:
            raise NetworkError("other heads at another width", where=WHERE, why="the kernels of one network are followed", fix="let only widths change")
    derived = [{name: np.asarray(kernel_fn(one)(x, get=name), dtype=float) for name in names} for one in networks]
    for name in names:
        _require_kernel(name, [each[name] for each in derived])
    drawn = []
    # Time goes as the square of the width, so the bar counts that.
    with _bar(sum(c * w**2 for c, w in zip(counts, widths, strict=True)), progress) as advance:
        for one, width, count in zip(networks, widths, counts, strict=True):
            drawn.append(_draw(one, jax.random.fold_in(key, width), x, names, count, int(at_once), lambda done, w=width: advance(done * w**2)))
    found = tuple(_scaling(name, widths, [each[name] for each in derived], [each[name] for each in drawn]) for name in names)
    return WidthScaling(found, time.perf_counter() - begin)


def _checked_widths(widths: Any, n_samples: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    def whole(value: Any, least: int) -> bool:
        return not isinstance(value, bool) and hasattr(value, "__index__") and int(value) >= least

    if not isinstance(widths, Sequence | np.ndarray) or len(set(widths)) != len(widths) or len(widths) < 3 or not all(whole(w, 1) for w in widths):
        raise NetworkError(
            f"widths={widths!r}", where=WHERE, why="a line through the means and what it leaves need three", fix="give three or more distinct widths"
        )
    counts = [n_samples] * len(widths) if hasattr(n_samples, "__index__") else list(n_samples)
    if len(counts) != len(widths) or not all(whole(c, 20) for c in counts):
        raise NetworkError(
            f"n_samples={n_samples!r}",
            where=WHERE,
            why="covariances are estimated from the networks at each width",
            fix="give 20 or more, or one number per width",
        )
    pairs = sorted((int(w), int(c)) for w, c in zip(widths, counts, strict=True))
    return tuple(w for w, _ in pairs), tuple(c for _, c in pairs)


def _require_kernel(name: str, derived: list[np.ndarray]) -> None:
    for matrix in derived:
        diagonal = np.diagonal(matrix)
        if not (np.isfinite(matrix).all() and (diagonal > 0).all()):
            raise NetworkError(
                f"the derived kernel {name} has {diagonal.min():.3g} on its diagonal",
                where=WHERE,
                why="deviations are measured in units of it",
                fix="leave a layer trained, and no input zero where there are no biases",
            )


def _draw(network: Network, key: Array, x: Array, names: tuple[str, ...], count: int, at_once: int, advance: Callable[[int], None]) -> dict[str, np.ndarray]:
    """Kernels of ``count`` networks, (count, N, N) each, in float64."""
    block = min(count, 25 * at_once)
    run = _sampler(network, x.shape[1], names, block, at_once)
    parts = []
    for first in range(0, count, block):
        parts.append({name: np.asarray(kernel, dtype=float) for name, kernel in run(key, x, jnp.asarray(first)).items()})
        advance(min(block, count - first))
    return {name: np.concatenate([part[name] for part in parts])[:count] for name in names}


@functools.lru_cache(maxsize=64)
def _sampler(network: Network, n_in: int, names: tuple[str, ...], block: int, at_once: int) -> Callable[[Array, Array, Array], dict[str, Array]]:
    """Kernels of the networks number ``first`` to ``first + block`` of a key, compiled once."""
    model = finite(network, n_in)

    @jax.jit
    def run(key: Array, x: Array, first: Array) -> dict[str, Array]:
        numbers = first + jnp.arange(block)
        return jax.lax.map(lambda n: sample_kernels(model, jax.random.fold_in(key, n), x1=x, x2=None, get=names), numbers, batch_size=at_once)

    return run


def _scaling(name: str, widths: tuple[int, ...], derived: list[np.ndarray], drawn: list[np.ndarray]) -> KernelScaling:
    """The statistics of one kernel."""
    size = derived[0].shape[0]
    at = np.triu_indices(size)
    n = np.asarray(widths, dtype=float)
    scales = [np.sqrt(np.diagonal(matrix)) for matrix in derived]
    limits = np.stack([matrix / np.outer(scale, scale) for matrix, scale in zip(derived, scales, strict=True)])
    entries = [(kernels / np.outer(scale, scale))[:, *at] for kernels, scale in zip(drawn, scales, strict=True)]
    means = np.stack([e.mean(axis=0) for e in entries])
    covariances = np.stack([np.atleast_2d(np.cov(e, rowvar=False)) / len(e) for e in entries])
    # Mean square over entries of each network's deviation, whose own scatter gives the error of the spread.
    squares = [((e - e.mean(axis=0)) ** 2).mean(axis=1) * len(e) / (len(e) - 1) for e in entries]
    spread = np.array([q.mean() ** 0.5 for q in squares])
    spread_error = np.array([q.std(ddof=1) / len(q) ** 0.5 / (2 * s) if s > 0 else 0.0 for q, s in zip(squares, spread, strict=True)])
    if not (spread_error > 0).all():
        raise NetworkError(
            f"the kernel {name} does not vary", where=WHERE, why="no power of n is in a spread of zero", fix="use a network with random hidden layers"
        )
    biases = means - np.stack([limit[at] for limit in limits])
    line = fit_line(n, biases, covariances)

    def matrix(upper: np.ndarray) -> np.ndarray:
        full = np.zeros((size, size))
        full[at] = upper
        return full + np.triu(full, 1).T

    return KernelScaling(
        kernel=name,
        widths=widths,
        n_samples=tuple(len(e) for e in entries),
        scale=np.stack(scales),
        derived=limits,
        mean=np.stack([matrix(m) for m in means]),
        standard_error=np.stack([matrix(np.sqrt(np.diagonal(c))) for c in covariances]),
        spread=spread,
        spread_error=spread_error,
        intercept=matrix(line.intercept),
        intercept_error=matrix(np.sqrt(np.diagonal(line.covariance))),
        slope=matrix(line.slope),
        test=joint_test(line.intercept, line.covariance),
        misfit=line.misfit,
        spread_exponent=fit_exponent(n, spread, spread_error),
        spread_exponent_corrected=fit_exponent(n, spread, spread_error, correction=True),
        bias_exponent=fit_bias_exponent(n, biases, covariances),
    )


def _bar(length: int, progress: bool | None) -> Any:
    """A context whose value is called with the work just done."""
    if progress is None:
        progress = sys.stderr.isatty()
    return _ClickBar(length) if progress else nullcontext(lambda done: None)


class _ClickBar:
    """click's progress bar on stderr."""

    def __init__(self, length: int) -> None:
        self._bar = click.progressbar(length=length, label="networks", file=sys.stderr)

    def __enter__(self) -> Callable[[int], None]:
        return self._bar.__enter__().update

    def __exit__(self, *raised: Any) -> None:
        self._bar.__exit__(*raised)
