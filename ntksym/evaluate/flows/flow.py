"""``flow_fn``: outputs of a linearized network in training; the squared loss by the derived closed form, other losses by their law."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from ntksym.errors import NetworkError, PrecisionWarning, ShapeError
from ntksym.evaluate.arrays import same_dtype
from ntksym.evaluate.flows import checks, losses
from ntksym.evaluate.flows.rates import checked_rates, require_below_edge
from ntksym.evaluate.flows.source import DISCRETE, checked_dynamics, training_module, training_source
from ntksym.evaluate.flows.spectrum import Spectrum, decomposed, spectrum_of
from ntksym.evaluate.parameters import concrete

_GETS = {"both": ("train", "test"), "train": ("train",), "test": ("test",)}
_MEANINGLESS = 0.05  # how much of a mode may be missing before it is said


class FlowFn:
    """``f(k_train_train, y_train, t, *, k_test_train=None, ...) -> (train, test)``; made by :func:`flow_fn`.  ``source`` is the module that runs ("mse")."""

    def __init__(self, loss: str | Callable[..., Any], dynamics: str) -> None:
        self.loss, self.dynamics = loss, dynamics
        self.source = training_source(dynamics) if loss == "mse" else ""
        self.__name__ = "flow"

    def __repr__(self) -> str:
        return f"flow_fn(loss={self.loss!r}, dynamics={self.dynamics!r})"

    def __call__(
        self,
        k_train_train: Any,
        y_train: Any,
        t: Any,
        *,
        k_test_train: Any = None,
        f_train_0: Any = None,
        f_test_0: Any = None,
        learning_rate: Any = 1.0,
        momentum: Any = 0.0,
        ridge: Any = 0.0,
        get: str = "both",
        force: bool = False,
        tolerance: float | None = None,
        max_steps: int | None = None,
    ) -> Any:
        """See :func:`flow_fn`."""
        where = "flow"
        if get not in _GETS:
            raise NetworkError(f"get={get!r}", where=where, fix=f"use one of {', '.join(_GETS)}")
        if "train" not in _GETS[get] and k_test_train is None:
            raise ShapeError("no k_test_train", where=where, why='get="test" asks for test outputs', fix="give the kernel between test and training inputs")
        discrete = self.dynamics in DISCRETE
        t = checks.checked_times(t, discrete, where)
        numbers = checked_rates(self.dynamics, learning_rate, momentum, ridge, where)
        kernel = spectrum_of(k_train_train, where) if isinstance(k_train_train, tuple) else checks.checked_square(k_train_train, "k_train_train", where)
        dtype = kernel.vectors.dtype if isinstance(kernel, Spectrum) else kernel.dtype
        y_train = checks.checked_targets(y_train, self._rows(kernel, y_train), where, one_hot=self.loss == "cross_entropy")
        same_dtype(y_train, "y_train", dtype, where)
        rows, k = y_train.shape
        self._check_outputs(kernel, rows, k)
        f_train_0 = checks.checked_start(f_train_0, "f_train_0", (rows, k), dtype, where)
        if k_test_train is not None:
            k_test_train = self._checked_cross(kernel, k_test_train, rows, k, dtype)
            f_test_0 = checks.checked_start(f_test_0, "f_test_0", (k_test_train.shape[0], k), dtype, where)
        elif f_test_0 is not None:
            raise ShapeError("f_test_0 without k_test_train", where=where, why="test outputs need the kernel between test and training inputs", fix="give both")
        rest: dict[str, Any] = {"k_test_train": k_test_train, "f_train_0": f_train_0, "f_test_0": f_test_0}
        if self.loss != "mse":
            budget = {"tolerance": tolerance, "max_steps": max_steps}
            return losses.train(self.loss, self.dynamics, kernel, y_train, t, get=_GETS[get], force=force, **numbers, **rest, **budget)
        if tolerance is not None or max_steps is not None:
            raise NetworkError("a tolerance or step budget", where=where, why="the squared loss is solved in closed form", fix="leave it out")
        if concrete(kernel):
            kernel = kernel if isinstance(kernel, Spectrum) else decomposed(kernel)
            if discrete and not force:
                require_below_edge(
                    self.dynamics,
                    kernel.values[-1],
                    numbers,
                    where,
                    named="the stability edge ",
                    why="a mode whose eigenvalue times the rate exceeds 2 (1 + momentum) grows without bound",
                    fix="take a smaller rate (ntksym.max_learning_rate gives the edge), or force=True to see it diverge",
                )
            self._check_digits(kernel, t, numbers)
        return training_module(self.dynamics)["flow"](kernel, y_train, jnp.asarray(t, dtype), get=_GETS[get], **numbers, **rest)

    def _rows(self, kernel: Any, y_train: Any) -> int:
        """The number of training inputs: a Spectrum of a kernel (N, N, k, k) knows only N k."""
        if not isinstance(kernel, Spectrum):
            return kernel.shape[0]
        n, shape = kernel.values.shape[0], np.shape(y_train)
        return shape[0] if len(shape) == 2 and shape[0] * shape[1] == n else n

    def _check_outputs(self, kernel: Any, rows: int, k: int) -> None:
        if not isinstance(kernel, Spectrum) and kernel.ndim == 4 and kernel.shape[2] != k:
            raise ShapeError(
                f"y_train has {k} outputs, the kernel {kernel.shape[2]}", where="flow", why="they belong to one network", fix="give labels of that many columns"
            )

    def _checked_cross(self, kernel: Any, k_test_train: Any, rows: int, k: int, dtype: Any) -> Any:
        cross = checks.checked_kernel(k_test_train, "k_test_train", "flow")
        same_dtype(cross, "k_test_train", dtype, "flow")
        whole = kernel.values.shape[0] if isinstance(kernel, Spectrum) else rows * (kernel.shape[2] if kernel.ndim == 4 else 1)
        wide = cross.ndim == 4
        if cross.shape[1] != rows or wide and cross.shape[2] != k or (whole == rows) is wide and not (wide and k == 1):
            raise ShapeError(
                f"k_test_train has shape {cross.shape} for {rows} training inputs and {k} outputs",
                where="flow",
                why="it is (M, N), or (M, N, k, k) where the kernel of the training inputs is (N, N, k, k)",
                fix="give the same kernel function's values at (test, train)",
            )
        return cross

    def _check_digits(self, spectrum: Spectrum, t: Any, numbers: dict[str, Any]) -> None:
        """In float32 an ill-conditioned kernel leaves no digits: said, with the remedy."""
        if spectrum.values.dtype != jnp.float32 or not all(concrete(number) for number in (t, *numbers.values())):
            return
        values, ridge = np.asarray(spectrum.values, dtype=float), float(numbers["ridge"])
        latest = float(numbers["learning_rate"]) * float(np.max(np.asarray(t, dtype=float)))
        smallest = float(training_module(self.dynamics)["cutoff"](spectrum.values))
        lost = int(np.sum(values == 0))
        # What rounding moves by ``smallest`` is multiplied by the filter, which is 1 / (lambda + r) at most, and eta t at most.
        if lost and ridge < smallest and latest * smallest > _MEANINGLESS:
            warnings.warn(
                f"{lost} of {len(values)} eigenvalues of the kernel are below {smallest:.2g}, zero for float32: their modes are not learned. "
                f"Compute the kernel and the flow in float64 (`with jax.enable_x64(True):`), or take a ridge above {10 * smallest:.2g}.",
                PrecisionWarning,
                stacklevel=3,
            )


def flow_fn(loss: str | Callable[..., Any] = "mse", dynamics: str = "gradient_flow") -> FlowFn:
    r"""Outputs of a linearized (or infinitely wide) network in training, as a function of its kernel:

    $f_t(x) = f_0(x) + K(x, \mathcal X)\,\psi_t(K)\,(\mathcal Y - f_0(\mathcal X))$ for the squared loss, with $\psi_t$ derived in
    ``ntksym.derivations()["squared_loss_gradient_flow"]`` and its neighbours.

    ``loss``: "mse" (the sum of $\tfrac12\|f-y\|^2$), "cross_entropy" (one-hot labels), or a callable (f (N, k), y (N, k)) -> a scalar, the sum over the
    examples.  ``dynamics``: "gradient_flow", "gradient_descent", "momentum" (heavy ball, integer steps from rest), "momentum_flow" (the equation whose unit
    step is the heavy ball).  Time counts steps of the same learning rate in all four.

    Returns ``f(k_train_train, y_train, t, *, k_test_train=None, f_train_0=None, f_test_0=None, learning_rate=1.0, momentum=0.0, ridge=0.0, get="both",
    force=False, tolerance=None, max_steps=None) -> (train, test)``, a named tuple.  ``k_train_train`` is (N, N), meaning the same for every output, or
    (N, N, k, k), or what :func:`ntksym.factorize` made of it; ``k_test_train`` (M, N) or (M, N, k, k); y_train (N, k); ``t`` a number or (T,), inf allowed.
    Outputs are (N, k) and (M, k), with T in front where t is (T,); ``get`` "train" or "test" leaves the other out.  ``f_*_0`` None is 0.  ``ridge`` r adds
    $\tfrac r2\|\theta-\theta_0\|^2$ to the loss.  Everything is computed in the dtype of the kernel, float32 or float64.

    The kernel is never inverted: a singular one is fine, modes below the cut-off of :class:`Spectrum` are not learned.  Works under jit, vmap and grad, the
    gradient with respect to the kernel included ("mse").  For "mse" the law is solved in closed form; other losses go step by step, or by an ODE solver with
    ``tolerance`` (1e-10 in float64, 1e-5 in float32) and ``max_steps`` (extra ``flow``), and say so with a ToleranceWarning where they stop short.

    Errors: ShapeError, DataError or NetworkError for arrays, times and numbers that cannot be meant; a learning rate beyond the stability edge in
    gradient descent unless ``force``; PrecisionWarning where float32 leaves no digit.  Source: Lee et al. 2019 (arXiv:1902.06720).

        flow = ntksym.flow_fn()
        train, test = flow(k(x, None, "ntk"), y, [1.0, 10.0, float("inf")], k_test_train=k(x_test, x, "ntk"), learning_rate=0.1)
    """
    if not callable(loss) and loss not in ("mse", "cross_entropy"):
        raise NetworkError(f"loss {loss!r}", where="flow_fn", fix='use "mse", "cross_entropy", or a function (f, y) -> the summed loss')
    return FlowFn(loss, checked_dynamics(dynamics, "flow_fn"))
