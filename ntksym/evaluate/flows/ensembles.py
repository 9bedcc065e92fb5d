"""``ensemble_fn``: the law of the outputs of infinitely wide networks after training."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from ntksym.errors import ShapeError
from ntksym.evaluate.arrays import same_dtype
from ntksym.evaluate.flows import checks
from ntksym.evaluate.flows.rates import checked_rates, require_below_edge
from ntksym.evaluate.flows.source import DISCRETE, checked_dynamics, training_module, training_source
from ntksym.evaluate.flows.spectrum import Spectrum, decomposed, spectrum_of
from ntksym.evaluate.parameters import concrete

_FIELDS = ("train_train", "test_train", "test_test")


class EnsembleFn:
    """``f(nngp, ntk, y_train, t, *, learning_rate=1.0, momentum=0.0, ridge=0.0) -> (mean, cov)``; made by :func:`ensemble_fn`."""

    def __init__(self, dynamics: str) -> None:
        self.dynamics = dynamics
        self.source = training_source(dynamics)
        self.__name__ = "ensemble"

    def __repr__(self) -> str:
        return f"ensemble_fn(dynamics={self.dynamics!r})"

    def __call__(
        self, nngp: Any, ntk: Any, y_train: Any, t: Any, *, learning_rate: Any = 1.0, momentum: Any = 0.0, ridge: Any = 0.0, force: bool = False
    ) -> Any:
        """See :func:`ensemble_fn`."""
        where = "ensemble"
        t = checks.checked_times(t, self.dynamics in DISCRETE, where)
        rates = checked_rates(self.dynamics, learning_rate, momentum, ridge, where)
        nngp = self._checked(nngp, "nngp")
        ntk = self._checked(ntk, "ntk")
        kernel = ntk.train_train
        rows, dtype = nngp.train_train.shape[0], nngp.train_train.dtype
        y_train = checks.checked_targets(y_train, rows, where)
        same_dtype(y_train, "y_train", dtype, where)
        if nngp.test_train.shape != ntk.test_train.shape:
            raise ShapeError(
                f"nngp.test_train is {nngp.test_train.shape}, ntk.test_train {ntk.test_train.shape}",
                where=where,
                why="both are on the same inputs",
                fix="compute both at once",
            )
        if concrete(kernel):
            kernel = kernel if isinstance(kernel, Spectrum) else decomposed(kernel)
            if self.dynamics in DISCRETE and not force:
                require_below_edge(
                    self.dynamics,
                    kernel.values[-1],
                    rates,
                    where,
                    named="the stability edge ",
                    why="a mode beyond it grows without bound",
                    fix="take a smaller rate, or force=True",
                )
            ntk = ntk._replace(train_train=kernel)
        run = training_module(self.dynamics)["ensemble"]
        return run(nngp, ntk, y_train, jnp.asarray(t, dtype), **rates)

    def _checked(self, kernels: Any, name: str) -> Any:
        """A named tuple of kernels (N, N), (M, N), (M, M) of one dtype."""
        missing = [field for field in _FIELDS if not hasattr(kernels, field)]
        if missing or not hasattr(kernels, "_replace"):
            raise ShapeError(
                f"{name} is no named tuple with {', '.join(missing or _FIELDS)}",
                where="ensemble",
                why=f"its fields are the kernels on {', '.join(_FIELDS)}",
                fix="make one of that form",
            )
        given = kernels.train_train
        square = (
            spectrum_of(given, "ensemble") if isinstance(given, tuple) and name == "ntk" else checks.checked_square(given, f"{name}.train_train", "ensemble")
        )
        rows, dtype = (square.values.shape[0], square.values.dtype) if isinstance(square, Spectrum) else (square.shape[0], square.dtype)
        cross = checks.checked_kernel(kernels.test_train, f"{name}.test_train", "ensemble")
        corner = checks.checked_square(kernels.test_test, f"{name}.test_test", "ensemble")
        for kernel in (cross, corner, *(() if isinstance(square, Spectrum) else (square,))):
            same_dtype(kernel, name, dtype, "ensemble")
            if kernel.ndim != 2:
                raise ShapeError(
                    f"{name} has a kernel of shape {kernel.shape}", where="ensemble", why="at infinite width the outputs share one kernel", fix="give (N1, N2)"
                )
        if cross.shape != (corner.shape[0], rows):
            raise ShapeError(
                f"{name}.test_train has shape {cross.shape}",
                where="ensemble",
                why=f"{corner.shape[0]} test and {rows} training inputs",
                fix="give K(test, train)",
            )
        return type(kernels)(**{field: value for field, value in zip(_FIELDS, (square, cross, corner), strict=True)})


def ensemble_fn(dynamics: str = "gradient_flow") -> EnsembleFn:
    r"""The Gaussian law of the test outputs of infinitely wide networks, over the draw of their initial parameters, after training on the squared loss:

    mean $C_t \mathcal Y$ and covariance $K + C_t K(\mathcal X,\mathcal X) C_t^\top - C_t K(\mathcal X,\cdot) - K(\cdot,\mathcal X) C_t^\top$ with
    $C_t(x) = \Theta(x, \mathcal X)\,\psi_t(\Theta)$, derived in ``ntksym.derivations()["ensemble"]``.

    Returns ``f(nngp, ntk, y_train, t, *, learning_rate=1.0, momentum=0.0, ridge=0.0, force=False) -> (mean, cov)``, a named tuple: mean (M, k), cov (M, M),
    the same for every output; with T in front where t is (T,).  ``nngp`` and ``ntk`` are named tuples (train_train (N, N), test_train (M, N),
    test_test (M, M)); ``ntk.train_train`` may be what :func:`ntksym.factorize` made of it.  Times, dynamics, ridge, dtypes and errors as in
    :func:`ntksym.flow_fn`.  This is no Bayesian posterior, at t = inf neither, unless Theta is a multiple of K.  Source: Lee et al. 2019, Eqs. 13-16.

        mean, cov = ntksym.ensemble_fn()(nngp, ntk, y, 10.0, learning_rate=0.1)
    """
    return EnsembleFn(checked_dynamics(dynamics, "ensemble_fn"))
