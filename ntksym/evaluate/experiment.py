"""Run an emitted kernel file on real data: load it from disk, fit kernel regression, report how well and at what cost.

Everything is computed in float64 under a context manager; no global switch is touched.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np

from ntksym.errors import DataError, NtksymError
from ntksym.evaluate.data import Dataset, split
from ntksym.evaluate.regression import accuracy, fit, root_mean_square

try:
    import resource
except ImportError:  # Windows has no such module; peak memory is then not reported
    resource = None

KERNELS = ("nngp", "ntk")


@dataclass(frozen=True)
class Score:
    """One kernel on one split: ``value`` of ``measure`` on the test rows, what the fit needed, and the seconds of kernel and fit."""

    kernel: str
    measure: str
    value: float
    condition: float
    ridge: float
    ridge_reason: str
    kernel_seconds: float
    fit_seconds: float


@dataclass(frozen=True)
class Result:
    """All kernels on one split of one data set; ``baseline`` is the score of the best constant prediction."""

    data: str
    rows: int
    columns: int
    scaling: str
    task: str
    n_train: int
    n_test: int
    seed: int
    baseline: float
    scores: tuple[Score, ...]
    peak_memory_mib: float | None
    device: str


def run_kernel_file(path: Path, data: Dataset, *, seed: int = 0, ridge: float | None = None, kernels: tuple[str, ...] = KERNELS) -> Result:
    """Fit kernel regression on ``data`` with the ``kernel_fn`` of the Python file at ``path``, in float64."""
    kernel_fn = load_kernel_file(path).kernel_fn
    parts = split(data, seed=seed)
    measure = "accuracy" if data.is_classification else "RMSE"
    scores: list[Score] = []
    with jax.enable_x64(True):
        x_train, x_test = jnp.asarray(parts.x_train), jnp.asarray(parts.x_test)
        for name in kernels:
            begin = time.perf_counter()
            k_train = np.asarray(kernel_fn(x_train, None, name))
            k_test = np.asarray(kernel_fn(x_test, x_train, name))
            middle = time.perf_counter()
            fitted = fit(k_train, parts.y_train, ridge=ridge, centre=not data.is_classification)
            predictions = fitted.predict(k_test)
            value = root_mean_square(predictions, parts.y_test) if parts.labels_test is None else accuracy(predictions, parts.labels_test)
            end = time.perf_counter()
            scores.append(Score(name, measure, value, fitted.condition, fitted.ridge, fitted.ridge_reason, middle - begin, end - middle))
    constant = np.broadcast_to(parts.y_train.mean(axis=0), parts.y_test.shape)
    baseline = root_mean_square(constant, parts.y_test) if parts.labels_test is None else accuracy(constant, parts.labels_test)
    return Result(
        data=data.name,
        rows=data.shape[0],
        columns=data.shape[1],
        scaling=data.scaling,
        task="classification" if data.is_classification else "regression",
        n_train=len(parts.x_train),
        n_test=len(parts.x_test),
        seed=seed,
        baseline=baseline,
        scores=tuple(scores),
        peak_memory_mib=peak_memory_mib(),
        device=str(jax.devices()[0]),
    )


def load_kernel_file(path: Path) -> ModuleType:
    """The module in the file at ``path``, run as it stands on the disk; no bytecode is written beside it."""
    spec = spec_from_file_location(f"ntksym_emitted_{path.stem}", path)
    if spec is None or not path.is_file():
        raise DataError("no Python file to run", where=str(path))
    module = module_from_spec(spec)
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
    if not callable(getattr(module, "kernel_fn", None)):
        raise NtksymError("the file defines no function kernel_fn", where=str(path), fix="write it with `ntksym emit`")
    return module


def peak_memory_mib() -> float | None:
    """Largest resident size of this process so far, in MiB; None where the system does not tell."""
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
