"""What is written down at every recorded time."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from ntksym.errors import DataError
from ntksym.evaluate.finite import empirical_ntk_fn
from ntksym.evaluate.training.checks import WHERE
from ntksym.evaluate.training.problem import Data, Problem, observe
from ntksym.evaluate.training.spectrum import kernel_top

Array = Any
Tree = Any
COLUMNS = ("loss", "loss_lin", "f_train", "f_test", "f_lin_train", "f_lin_test", "layer_movement", "layer_movement_lin", "kernel_change", "lambda_max")


@functools.lru_cache(maxsize=64)
def _kernel_of(given: Any) -> Any:
    return empirical_ntk_fn(given)  # one for a function, so that it compiles once


class Recorder:
    """Columns that grow by one entry a time; ``kernel_norm`` is that of the tangent kernel at the start."""

    def __init__(self, given: Any, data: Data, x_test: Array | None, record: Sequence[str], force: bool) -> None:
        self._data, self._x_test, self._record, self._force = data, x_test, record, force
        self._columns: dict[str, list[Any]] = {}
        self.kernel_norm: float | None = None
        if "ntk" in record:
            self._kernel = _kernel_of(given)
            self._start = self._kernel(data.origin, data.x)
            self.kernel_norm = float(jnp.linalg.norm(self._start.ravel()))

    def see(self, t: float, problem: Problem, params: Tree) -> float:
        """Outputs, loss and movement of the function or of its linearization; the loss.  DataError where it is not finite, unless forced."""
        lin = "_lin" if problem.linear else ""
        sight = observe(problem, self._data, params, self._x_test)
        loss = float(sight.loss)
        if not math.isfinite(loss) and not self._force:
            raise DataError(
                f"the loss {'of the linearization ' if lin else ''}is {loss} at t = {t:g}",
                where=WHERE,
                why="the training diverged: steps that are too large overshoot by more every time",
                fix="take a smaller learning_rate, or force=True to keep the record",
            )
        self._add(f"loss{lin}", loss)
        if "outputs" in self._record:
            self._add(f"f{lin}_train", np.asarray(sight.f_train))
            if sight.f_test is not None:
                self._add(f"f{lin}_test", np.asarray(sight.f_test))
        if "parameters" in self._record:
            self._add(f"layer_movement{lin}", np.asarray(sight.norms))
        return loss

    def see_kernel(self, params: Tree) -> None:
        """How far the tangent kernel is from the start, and its top."""
        if self.kernel_norm is not None:
            kernel = self._kernel(params, self._data.x)
            self._add("kernel_change", float(jnp.linalg.norm((kernel - self._start).ravel())) / self.kernel_norm if self.kernel_norm else math.nan)
            self._add("lambda_max", kernel_top(kernel))

    def columns(self) -> dict[str, np.ndarray | None]:
        """An array for every column, None where there is none."""
        return {name: np.asarray(self._columns[name]) if name in self._columns else None for name in COLUMNS}

    def _add(self, name: str, entry: Any) -> None:
        self._columns.setdefault(name, []).append(entry)
