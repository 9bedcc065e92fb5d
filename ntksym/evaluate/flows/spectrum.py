"""The spectrum of a kernel matrix: factor once, then any number of times, rates and test inputs."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ntksym.errors import DataError, ShapeError
from ntksym.evaluate.flows.checks import checked_number, checked_square
from ntksym.evaluate.flows.source import training_module
from ntksym.evaluate.parameters import concrete

_ROUNDING = 100.0  # times the cut-off: below it an eigenvalue is negative by more than rounding


class Spectrum(NamedTuple):
    """Eigenvalues (n,), increasing, and eigenvectors (n, n) of a kernel matrix; n = N, or N k for a kernel (N, N, k, k) in the order (example, output).

    An eigenvalue that rounding cannot tell from zero, below max(10, sqrt(n)) eps lambda_max, is zero here: its mode is never learned.
    """

    values: jax.Array
    vectors: jax.Array


def factorize(k_train_train: Any) -> Spectrum:
    r"""The eigendecomposition $K(\mathcal X, \mathcal X) = U \operatorname{diag}(\lambda) U^\top$, accepted wherever ``k_train_train`` is.

    ``k_train_train`` is (N, N), or (N, N, k, k); float32 or float64, and so is the Spectrum.  It costs one ``eigh``; every call after it only products.
    ShapeError for other shapes; DataError for NaN, an asymmetric matrix, or an eigenvalue negative beyond rounding (values of tracers are not looked at).

        spectrum = ntksym.factorize(k(x, None, "ntk"))
        flow(spectrum, y, t=[1.0, 10.0, 100.0])
    """
    return decomposed(checked_square(k_train_train, "k_train_train", "factorize"))


def decomposed(kernel: jax.Array) -> Spectrum:
    """The Spectrum of a kernel that has been checked; DataError for an eigenvalue negative beyond rounding."""
    module = training_module("gradient_flow")
    values, vectors = jax.jit(module["decompose"])(kernel)
    smallest = module["cutoff"](values)
    if concrete(kernel):
        _require_semidefinite(values, float(smallest))
    return Spectrum(jnp.where(values > smallest, values, jnp.zeros_like(values)), vectors)


def _require_semidefinite(values: jax.Array, smallest: float) -> None:
    lowest, top = float(values[0]), float(values[-1])
    if top <= 0 or lowest < -_ROUNDING * smallest:
        raise DataError(
            f"the kernel matrix has an eigenvalue {lowest:.3g}, the largest being {top:.3g}",
            where="factorize",
            why=f"a kernel matrix is positive semidefinite, and rounding explains {-_ROUNDING * smallest:.1g} at most",
            fix="check that the kernel was computed in the precision it is stored in, and that the inputs are not all zero",
        )


def spectrum_of(kernel: Any, where: str) -> Spectrum:
    """A Spectrum as it is, a kernel factorized; ShapeError for any other tuple."""
    if not isinstance(kernel, tuple):
        return factorize(kernel)
    if len(kernel) != 2 or jnp.ndim(kernel[0]) != 1 or jnp.shape(kernel[1]) != (jnp.shape(kernel[0])[0],) * 2:
        raise ShapeError("k_train_train is a tuple, but no Spectrum", where=where, fix="give an array, or what ntksym.factorize returned")
    return Spectrum(*kernel)


def largest_eigenvalue(kernel: Spectrum | jax.Array) -> jax.Array:
    """lambda_max of a Spectrum, or of a kernel (N, N) or (N, N, k, k) that has been checked."""
    if isinstance(kernel, Spectrum):
        return kernel.values[-1]
    n = kernel.shape[0] * (kernel.shape[2] if kernel.ndim == 4 else 1)
    matrix = kernel if kernel.ndim == 2 else jnp.moveaxis(kernel, 2, 1).reshape(n, n)
    return jnp.linalg.eigvalsh((matrix + matrix.T) / 2)[-1]


def max_learning_rate(k: Any, *, loss_scale: float = 1.0, momentum: float = 0.0) -> Any:
    r"""The stability edge $2(1+\mu) / (c\,\lambda_{\max})$: gradient descent on a linearized network converges if and only if the learning rate is below it.

    ``k`` is the kernel on the training inputs, (N, N) or (N, N, k, k), or its Spectrum.  ``loss_scale`` c multiplies the summed loss $\tfrac12\|f-y\|^2$:
    for a mean over N examples it is 1/N, and 1/(N k) for a mean over examples and outputs.  ``momentum`` is that of the heavy ball.  A ridge r counts as part
    of the kernel: its edge is that of K + r I.  DataError, ShapeError as :func:`factorize`; NetworkError for a scale that is not positive.  Derived in
    ``ntksym.derivations()["squared_loss_heavy_ball"]``.

        eta = 0.5 * ntksym.max_learning_rate(k(x, None, "ntk"))
    """
    checked_number(loss_scale, "loss_scale", "max_learning_rate", positive=True)
    checked_number(momentum, "momentum", "max_learning_rate", below=1.0)
    where = "max_learning_rate"
    top = largest_eigenvalue(spectrum_of(k, where) if isinstance(k, tuple) else checked_square(k, "k", where))
    if concrete(top) and not float(top) > 0:
        raise DataError(f"the largest eigenvalue is {float(top):.3g}", where="max_learning_rate", why="nothing is learned", fix="check the inputs")
    return 2 * (1 + momentum) / (loss_scale * top)


def vec(outputs: Any) -> jax.Array:
    """Outputs (..., N, k) as one column (..., N k) in the order (example, output): entry n k + i is output i of example n."""
    outputs = jnp.asarray(outputs)
    if outputs.ndim < 2:
        raise ShapeError(f"outputs have shape {outputs.shape}", where="vec", why="they are (N, k)", fix="give two axes")
    return outputs.reshape(*outputs.shape[:-2], -1)


def unvec(column: Any, k: int) -> jax.Array:
    """The inverse of :func:`vec`: (..., N k) as (..., N, k)."""
    column = jnp.asarray(column)
    if column.ndim < 1 or k < 1 or column.shape[-1] % k:
        raise ShapeError(f"a column of shape {column.shape}", where="unvec", why=f"its length is not a multiple of k={k}", fix="give (N k,)")
    return column.reshape(*column.shape[:-1], -1, k)
