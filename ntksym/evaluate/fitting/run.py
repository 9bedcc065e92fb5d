"""Fit the infinitely wide network to data: the NNGP posterior, and the tangent kernel's ensemble at several times of training, with scores and uncertainty.

Everything is computed in float64 under a context manager; no global switch is touched.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter as clock

import jax
import jax.numpy as jnp
import numpy as np

from ntksym.errors import DataError, PrecisionWarning
from ntksym.evaluate.data import Dataset, Split, split
from ntksym.evaluate.experiment import peak_memory_mib
from ntksym.evaluate.fitting.scores import class_log_probabilities, coverage, expected_calibration_error, negative_log_density
from ntksym.evaluate.fitting.spectra import ensemble_at, left_out
from ntksym.evaluate.gaussian_processes import Kernels, LikelihoodMaximum, leave_one_out, maximize_marginal_likelihood, posterior
from ntksym.evaluate.gaussian_processes.selection import best_noise
from ntksym.evaluate.kernel_matrices import least_ridge, require_semidefinite, rounding
from ntksym.evaluate.kernels import KernelFn, kernel_fn
from ntksym.evaluate.regression import accuracy, root_mean_square
from ntksym.network import Network

MODELS = ("nngp", "ntk")
# Closer than in general: a large sigma only moves the scale into the readout, and the learning rate of the tangent kernel with it.
BOUNDS = {"sigma_w": (0.1, 5.0), "sigma_b": (1e-3, 5.0)}
SUBSET = 500  # rows that sigma_w and sigma_b are chosen on: every evaluation factors a kernel anew


@dataclass(frozen=True)
class Score:
    """One model on the test rows: ``model`` "nngp" or "ntk" at ``time`` (None for the posterior).

    ``value`` of the run's measure; ``nlpd``: mean negative log probability of the right class, or log density of a target; ``calibration``: expected
    calibration error, or coverage of the 90 % interval; ``scale``: the factor of the variances chosen on leave-one-out residuals; ``seconds`` of this row.
    """

    model: str
    time: float | None
    value: float
    nlpd: float
    calibration: float
    scale: float
    seconds: float


@dataclass(frozen=True)
class Model:
    """One kernel: its keywords, the ridge (noise of the NNGP) with why, the spectrum's ends, and the seconds of kernel and factorization."""

    name: str
    keywords: Mapping[str, float]
    ridge: float
    ridge_reason: str
    condition: float
    largest: float
    smallest: float
    kernel_seconds: float
    choice_seconds: float
    likelihood: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fit:
    """A run: data, split, models, scores.  ``edge`` is 2 / lambda_max of the tangent kernel, above which gradient descent with ``learning_rate`` diverges."""

    data: str
    rows: int
    columns: int
    scaling: str
    task: str
    measure: str
    n_train: int
    n_test: int
    seed: int | None
    baseline: float
    learning_rate: float
    edge: float | None
    models: tuple[Model, ...]
    scores: tuple[Score, ...]
    peak_memory_mib: float | None
    device: str
    arrays: Mapping[str, np.ndarray] = field(repr=False, compare=False, default_factory=dict)


@dataclass(frozen=True)
class _Targets:
    """Targets as they are fitted: centred and in units of their spread where they are real numbers."""

    y: np.ndarray
    offset: np.ndarray
    spread: np.ndarray


def run_fit(
    network: Network,
    data: Dataset,
    *,
    times: tuple[float, ...] = (np.inf,),
    learning_rate: float = 1.0,
    models: tuple[str, ...] = MODELS,
    ridge: float | str | None = None,
    choose: tuple[str, ...] = (),
    seed: int = 0,
    test_fraction: float = 0.2,
    progress: Callable[[str], None] = lambda text: None,
) -> Fit:
    """Fit ``network`` to ``data`` and score it on the test rows.

    ``times``: of gradient flow, df/dt = -eta Theta (f - y) with eta the ``learning_rate``, for the loss sum 1/2 ||f - y||^2; inf allowed.
    ``ridge``: absolute; None is 0, raised only where the kernel is singular; "auto" takes the largest marginal likelihood.
    For the NNGP it is the noise variance.
    ``choose``: "sigma_w", "sigma_b", chosen per kernel by marginal likelihood on at most 500 training rows.
    """
    parts = split(data, seed=seed, test_fraction=test_fraction)
    targets = _targets(parts, data.is_classification)
    found_models: list[Model] = []
    scores: list[Score] = []
    arrays: dict[str, np.ndarray] = {"y_train": parts.y_train, "y_test": parts.y_test}
    arrays |= {} if parts.labels_test is None else {"labels_test": parts.labels_test}
    with jax.enable_x64(True):
        k = kernel_fn(network, "nngp" if models == ("nngp",) else "ntk")
        for name in models:
            progress(f"{name.upper()}: kernel and factorization of {len(parts.x_train)} rows ...")
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", PrecisionWarning)
                model, predictions = _run_model(k, name, parts, targets, times, learning_rate, ridge, choose)
            found_models.append(Model(**{**model.__dict__, "notes": (*model.notes, *sorted({str(w.message) for w in caught}))}))
            for t, mean, variance, scale, seconds in predictions:
                scores.append(_score(name, t, mean, variance, scale, seconds, parts, targets))
                tag = name if t is None else f"ntk_t{t:g}"
                arrays[f"{tag}_mean"] = mean * targets.spread + targets.offset
                arrays[f"{tag}_variance"] = variance[:, None] * scale * targets.spread**2
    constant = np.broadcast_to(parts.y_train.mean(axis=0), parts.y_test.shape)
    largest = [model.largest for model in found_models if model.name == "ntk"]
    return Fit(
        data=data.name,
        rows=data.shape[0],
        columns=data.shape[1],
        scaling=data.scaling,
        task="classification" if data.is_classification else "regression",
        measure="accuracy" if data.is_classification else "RMSE",
        n_train=len(parts.x_train),
        n_test=len(parts.x_test),
        seed=None if data.held_out else seed,
        baseline=root_mean_square(constant, parts.y_test) if parts.labels_test is None else accuracy(constant, parts.labels_test),
        learning_rate=learning_rate,
        edge=2 / largest[0] if largest else None,
        models=tuple(found_models),
        scores=tuple(scores),
        peak_memory_mib=peak_memory_mib(),
        device=str(jax.devices()[0]),
        arrays=arrays,
    )


def _targets(parts: Split, classes: bool) -> _Targets:
    y = parts.y_train
    if classes:
        return _Targets(y, np.zeros(y.shape[1]), np.ones(y.shape[1]))
    spread = y.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    return _Targets((y - y.mean(axis=0)) / spread, y.mean(axis=0), spread)


def _run_model(
    k: KernelFn,
    name: str,
    parts: Split,
    targets: _Targets,
    times: tuple[float, ...],
    learning_rate: float,
    ridge: float | str | None,
    choose: tuple[str, ...],
) -> tuple[Model, list[tuple[float | None, np.ndarray, np.ndarray, np.ndarray, float]]]:
    """The model, and for every row of the table: time, mean (M, k), variance (M,), scale of the variance, seconds."""
    x, z, y = jnp.asarray(parts.x_train), jnp.asarray(parts.x_test), jnp.asarray(targets.y)
    begin = clock()
    best = _chosen(k, name, x, y, ridge, choose) if choose else None
    keywords = {} if best is None else {key: float(value) for key, value in best.keywords.items()}
    if best is not None and ridge is None:
        ridge = "auto"
    middle = clock()
    get = ("nngp",) if name == "nngp" else ("nngp", "ntk")
    train, cross = k(x, None, get, **keywords), k(z, x, get, **keywords)
    own = k(z, None, "nngp", **keywords) if name == "nngp" else k(z, None, "nngp", diagonal=True, **keywords)
    jax.block_until_ready((train, cross, own))
    made = clock()
    kernel = getattr(train, name)
    values, vectors = jnp.linalg.eigh(kernel)
    bottom, top = float(values[0]), float(values[-1])
    require_semidefinite(bottom, top, 1e3 * rounding(len(x), top), name.upper())
    reason = likelihood = None
    if ridge == "auto":
        found = best_noise(kernel, y, amplitude=True)
        number, likelihood = found.noise_variance, found.log_marginal_likelihood
        reason = "largest marginal likelihood" + (", at the end of its range" if found.at_bound else "")
    elif ridge is None:
        number, reason = least_ridge(bottom, top, len(x))
    else:
        number = float(ridge)
        if bottom + number <= 0:
            raise DataError(
                f"the kernel matrix plus the ridge {number:.3g} is singular, smallest eigenvalue {bottom:.3g}",
                where=name.upper(),
                why="the training rows repeat, or there are more of them than independent features",
                fix="give a larger ridge, or --ridge auto",
            )
    values = jnp.maximum(values, 0)
    ready = clock()
    classes = parts.labels_test is not None
    rows = []
    if name == "nngp":
        alone = leave_one_out(kernel, y, noise_variance=number)
        mean, cov = posterior(Kernels(kernel, cross.nngp, own), y, noise_variance=number)
        variance = jnp.maximum(jnp.diagonal(cov), 0) + number
        rows.append((None, np.asarray(mean), np.asarray(variance), _scale(y - alone.mean, alone.variance, classes), clock() - ready))
    else:
        for t in times:
            start = clock()
            tau = learning_rate * t
            mean, variance = ensemble_at(values, vectors, (train.nngp, cross.nngp, own), cross.ntk, y, tau, number)
            residual, alone = left_out(values, vectors, train.nngp, y, tau, number)
            rows.append((t, np.asarray(mean), np.asarray(variance), _scale(residual, alone, classes), clock() - start))
    model = Model(
        name=name,
        keywords=keywords,
        ridge=number,
        ridge_reason=reason or "",
        condition=(top + number) / (max(bottom, 0.0) + number) if bottom > 0 or number > 0 else float("inf"),
        largest=top,
        smallest=bottom,
        kernel_seconds=made - middle,
        choice_seconds=middle - begin + ready - made,
        likelihood=likelihood,
        notes=() if best is None else _notes(best, len(x)),
    )
    return model, rows


def _chosen(k: KernelFn, name: str, x: jax.Array, y: jax.Array, ridge: float | str | None, choose: tuple[str, ...]) -> LikelihoodMaximum:
    """Deviations (and a noise, which only the search uses) by the marginal likelihood of the first rows; the split has drawn them at random."""
    keywords = k.__signature__.parameters
    fixed = {key: keywords[key].default for key in ("sigma_w", "sigma_b") if key in keywords and key not in choose}
    if isinstance(ridge, float):
        fixed["noise_variance"] = ridge
    return maximize_marginal_likelihood(k, x[:SUBSET], y[:SUBSET], get=name, fixed=fixed, amplitude=True, bounds=BOUNDS)


def _notes(best: LikelihoodMaximum, rows: int) -> tuple[str, ...]:
    chosen = f"sigmas by the marginal likelihood of {min(rows, SUBSET)} training rows, {best.evaluations} evaluations"
    notes = [chosen if best.converged else f"{chosen}; {best.message}"]
    ends = [name for name in best.at_bound if name in BOUNDS]
    return (*notes, *((f"{', '.join(ends)} ended at an end of its range",) if ends else ()))


def _scale(residual: jax.Array, variance: jax.Array, classes: bool) -> np.ndarray:
    """Mean of residual^2 / variance over left-out rows: one factor for class scores, one per output otherwise."""
    ratio = np.asarray(residual) ** 2 / np.asarray(variance)[:, None]
    return np.broadcast_to(ratio.mean(), ratio.shape[1:]) if classes else ratio.mean(axis=0)


def _score(name: str, t: float | None, mean: np.ndarray, variance: np.ndarray, scale: np.ndarray, seconds: float, parts: Split, targets: _Targets) -> Score:
    begin = clock()
    if parts.labels_test is not None:
        logs = class_log_probabilities(mean, variance * scale[0])
        value = accuracy(mean, parts.labels_test)
        nlpd = float(-np.mean(np.take_along_axis(logs, parts.labels_test[:, None], axis=1)))
        calibration = expected_calibration_error(np.exp(logs), parts.labels_test)
    else:
        shown, spread = mean * targets.spread + targets.offset, variance[:, None] * scale * targets.spread**2
        value = root_mean_square(shown, parts.y_test)
        nlpd = negative_log_density(shown, spread, parts.y_test)
        calibration = coverage(shown, spread, parts.y_test)
    return Score(name, t, value, nlpd, calibration, float(np.mean(scale)), seconds + clock() - begin)
