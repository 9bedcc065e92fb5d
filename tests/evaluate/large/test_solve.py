"""Streamed products, solves and eigenvalues against the dense matrix and NumPy's own solvers; honesty of what is reported; refusals."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import ntksym
from ntksym.errors import DataError, NetworkError, ShapeError, ToleranceWarning
from ntksym.evaluate.large import extreme_eigenvalues, kernel_matvec, solve_kernel
from ntksym.evaluate.large.blocks import _product
from ntksym.evaluate.large.checks import prepared
from ntksym.evaluate.large.preconditioner import preconditioner

DROPPED = ntksym.Network([ntksym.Dense(1.2), ntksym.Pointwise("relu"), ntksym.Dropout(0.7), ntksym.Dense(1.0, 0.1)])
NETWORKS = {"relu": ntksym.fcn(1, "relu"), "erf": ntksym.fcn(2, "erf", sigma_w=1.5, sigma_b=0.1), "dropout": DROPPED}


def data(rng: np.random.Generator, rows: int, dtype: str = "float64", outputs: int = 3) -> tuple[np.ndarray, np.ndarray]:
    return rng.standard_normal((rows, 8)).astype(dtype), rng.standard_normal((rows, outputs)).astype(dtype)


def dense(kernel: Any, x: np.ndarray, get: str = "ntk", **keywords: Any) -> np.ndarray:
    """The whole matrix in float64, whatever the dtype of x."""
    with jax.enable_x64(True):
        return np.asarray(kernel(x.astype("float64"), None, get, **keywords))


@pytest.mark.parametrize(("name", "get"), [("relu", "ntk"), ("erf", "nngp"), ("dropout", "ntk")])
def test_products_are_those_of_the_dense_matrix(name: str, get: str, rng: np.random.Generator) -> None:
    """23 rows divide no block; with dropout the diagonal is not k(x, y) at y = x."""
    kernel = ntksym.kernel_fn(NETWORKS[name])
    x, v = data(rng, 23)
    x[5] = x[7]  # equal rows off the diagonal
    with jax.enable_x64(True):
        matrix = np.asarray(kernel(x, None, get))
        for block in (5, 40):
            assert np.abs(np.asarray(kernel_matvec(kernel, x, v, get=get, block_size=block)) - matrix @ v).max() < 1e-13 * np.abs(matrix).sum(1).max()
        test = rng.standard_normal((9, 8))
        found = kernel_matvec(kernel, x, v, x_test=test, get=get, block_size=4)
        assert np.abs(np.asarray(found) - np.asarray(kernel(test, x, get)) @ v).max() < 1e-13


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_solution(dtype: str, rng: np.random.Generator) -> None:
    kernel = ntksym.kernel_fn(NETWORKS["relu"])
    x, y = data(rng, 333, dtype)
    y[:, 1] = 0
    matrix = dense(kernel, x, sigma_w=1.3) + 0.01 * np.eye(len(x))
    with jax.enable_x64(dtype == "float64"):
        found = solve_kernel(kernel, x, y, ridge=0.01, sigma_w=1.3, block_size=50, preconditioner_rank=40)
        assert found.converged and found.coefficients.dtype == dtype and found.products == found.steps + 1
    a = np.asarray(found.coefficients, float)
    true = np.linalg.norm(y - matrix @ a, axis=0) / np.where(np.arange(3) == 1, 1, np.linalg.norm(y, axis=0))
    assert not a[:, 1].any() and found.residuals[1] == 0
    # What is reported is what NumPy finds with the matrix in float64, up to the rounding of the dtype.
    assert np.abs(true - found.residuals).max() < (2e-5 if dtype == "float32" else 1e-12)
    assert true.max() < 1.2e-4
    test = rng.standard_normal((31, 8)).astype(dtype)
    with jax.enable_x64(True):
        wanted = np.asarray(kernel(test.astype("float64"), x.astype("float64"), sigma_w=1.3)) @ a
    assert np.abs(np.asarray(found.predict(test)) - wanted).max() < (1e-4 if dtype == "float32" else 1e-12) * np.abs(wanted).max()


def test_a_tight_tolerance_is_met_in_float64(rng: np.random.Generator) -> None:
    kernel = ntksym.kernel_fn(NETWORKS["erf"])
    x, y = data(rng, 120)
    with jax.enable_x64(True):
        found = solve_kernel(kernel, x, y, ridge=1e-3, tolerance=1e-11, get="nngp")
    wanted = np.linalg.solve(dense(kernel, x, "nngp") + 1e-3 * np.eye(120), y)
    assert found.converged
    assert np.abs(np.asarray(found.coefficients) - wanted).max() < 1e-8 * np.abs(wanted).max()


@pytest.mark.parametrize("rank", [0, 7, 64])
def test_the_preconditioner_changes_the_steps_and_not_the_answer(rank: int, rng: np.random.Generator) -> None:
    """Half of the rows repeat the other half, and one is zero: pivots that coincide, and a row without a kernel."""
    kernel = ntksym.kernel_fn(NETWORKS["relu"])
    x, y = data(rng, 100)
    x = np.concatenate([x[:50], x[:50]])
    x[3] = 0
    wanted = np.linalg.solve(dense(kernel, x) + 0.1 * np.eye(100), y)
    with jax.enable_x64(True):
        found = solve_kernel(kernel, x, y, ridge=0.1, tolerance=1e-10, preconditioner_rank=rank)
    print(rank, found.steps)
    assert found.converged and np.abs(np.asarray(found.coefficients) - wanted).max() < 1e-8 * np.abs(wanted).max()
    assert found.steps <= {0: 130, 7: 95, 64: 3}[rank]


def test_the_preconditioner_is_an_inverse(rng: np.random.Generator) -> None:
    """K - F F^T is semidefinite of rank N - 13 (in rounds of 2 pivots and a last one of 1); the formula is the inverse of F F^T + D."""
    kernel = ntksym.kernel_fn(NETWORKS["relu"])
    x, v = data(rng, 40)
    options: dict[str, Any] = {"block_size": 16, "max_bytes": None, "devices": None, "outputs": 3, "vectors": 4}
    with jax.enable_x64(True):
        matrix, diagonal, _ = prepared(kernel, x, "ntk", {}, "here", **options)
        made = preconditioner(matrix, diagonal, 0.01, 13)
        found = np.asarray(made(matrix.filled(v)))
    factor, inverse = np.asarray(made.factor), np.asarray(made.inverse)
    assert factor.shape == (48, 13) and not factor[40:].any() and not found[40:].any()
    factor, inverse, found = factor[:40], inverse[:40], found[:40]
    left = dense(kernel, x) - factor @ factor.T
    values = np.linalg.eigvalsh(left)
    assert values[0] > -1e-13 * diagonal.sum() and (values < 1e-12).sum() == 13
    tail = np.trace(left) / 40 * np.diag(dense(kernel, x)) / diagonal.mean()
    assert np.abs(1 / inverse[:, 0] - 0.01 - tail).max() < 1e-12
    assert np.abs((factor @ factor.T + np.diag(1 / inverse[:, 0])) @ found - v).max() < 1e-11


def test_what_stops_short_says_so(rng: np.random.Generator) -> None:
    kernel = ntksym.kernel_fn(NETWORKS["relu"])
    x, y = data(rng, 200, "float32")
    with pytest.warns(ToleranceWarning, match="stopped after 2 steps.*larger max_steps"):
        short = solve_kernel(kernel, x, y, ridge=0.001, max_steps=2, preconditioner_rank=0)
    assert not short.converged and short.steps == 2 and short.residuals.max() > 1e-4
    with pytest.warns(ToleranceWarning, match="float32 rounds what is left away.*float64"):
        rounded = solve_kernel(kernel, x, y, ridge=1e-3, tolerance=1e-9)
    matrix = dense(kernel, x) + 1e-3 * np.eye(200)
    true = np.linalg.norm(y - matrix @ np.asarray(rounded.coefficients, float), axis=0) / np.linalg.norm(y, axis=0)
    assert not rounded.converged and rounded.residuals.max() > 1e-9 and rounded.steps < 200
    assert true.max() < 10 * rounded.residuals.max()  # no smaller than the truth by more than float32 kernels allow
    with pytest.warns(ToleranceWarning, match="ridge=0"):
        solve_kernel(kernel, x, y, ridge=0, tolerance=0.01)


def test_extreme_eigenvalues(rng: np.random.Generator) -> None:
    kernel = ntksym.kernel_fn(NETWORKS["relu"])
    x, _ = data(rng, 90)
    values = np.linalg.eigvalsh(dense(kernel, x))
    with jax.enable_x64(True):
        both = extreme_eigenvalues(kernel, x, which="both")
        assert abs(both.smallest - values[0]) <= both.smallest_error < 1e-3 * values[0]
        assert abs(both.largest - values[-1]) < 1e-10 * values[-1]
    x = x.astype("float32")
    top = extreme_eigenvalues(kernel, x)
    assert top.steps < 12 and abs(top.largest - values[-1]) <= top.largest_error < 1e-3 * values[-1]
    with pytest.warns(ToleranceWarning, match="stopped after 3 steps"):
        extreme_eigenvalues(kernel, x, which="smallest", max_steps=3)
    one = extreme_eigenvalues(kernel, np.repeat(x[:1], 3, axis=0), which="both", max_steps=3)  # two eigenvalues, of which one is zero
    assert one.largest == pytest.approx(3 * float(kernel(x[:1])[0, 0]), rel=1e-6) and abs(one.smallest) < 1e-5


def test_memory_is_estimated_and_refused(rng: np.random.Generator, capsys: pytest.CaptureFixture[str]) -> None:
    kernel = ntksym.kernel_fn(NETWORKS["relu"])
    x, y = data(rng, 600, "float32")
    small = solve_kernel(kernel, x, y, ridge=0.1, max_bytes=500_000, preconditioner_rank=20, progress=True)
    assert small.bytes <= 500_000 and small.block_size < 200
    assert "rows in blocks of" in capsys.readouterr().err.splitlines()[0]
    with pytest.raises(DataError, match=r"block_size=600 takes .* MiB, where 488.3 KiB may be used.*block_size=\d+ fits"):
        solve_kernel(kernel, x, y, ridge=0.1, max_bytes=500_000, block_size=600, preconditioner_rank=20)
    with pytest.raises(DataError, match="even with blocks of one row.*smaller preconditioner_rank"):
        solve_kernel(kernel, x, y, ridge=0.1, max_bytes=100_000)


def test_the_estimate_covers_what_the_compiler_takes(rng: np.random.Generator) -> None:
    """Of a product alone: inputs, vectors and temporaries as XLA counts them."""
    for name in ("relu", "erf"):
        kernel = ntksym.kernel_fn(NETWORKS[name])
        x, v = data(rng, 2000, "float32")
        options: dict[str, Any] = {"block_size": 400, "max_bytes": None, "devices": None, "outputs": 3, "vectors": 4}
        matrix, _, taken = prepared(kernel, x, "ntk", {}, "here", **options)
        lowered = _product.lower(matrix.kernel, matrix.mesh, {}, matrix.x, matrix.diagonal, matrix.pairs, matrix.alive, matrix.filled(v))
        analysis = lowered.compile().memory_analysis()
        counted = analysis.temp_size_in_bytes + analysis.argument_size_in_bytes + analysis.output_size_in_bytes
        print(name, taken, counted)
        assert 0.8 * counted < taken < 3 * counted


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"y": np.zeros(4, "float32")}, ShapeError, r"y\[:, None\]"),
        ({"y": np.zeros((5, 1), "float32")}, ShapeError, "for 4 inputs"),
        ({"y": np.full((4, 1), np.nan, "float32")}, DataError, "NaN"),
        ({"y": np.zeros((4, 1), int)}, ShapeError, "dtype"),
        ({"x": np.array([[0.0], [np.nan], [1], [1]], "float32")}, ShapeError, "row 1"),
        ({"x": np.zeros(4, "float32")}, ShapeError, "shape"),
        ({"ridge": -1}, NetworkError, "ridge=-1"),
        ({"kernel": lambda x1, x2=None: x1 @ x2.T}, NetworkError, "no kernel of a network"),
        ({"get": "jacobian"}, NetworkError, "get='jacobian'"),
        ({"get": ("ntk", "nngp")}, NetworkError, "one kernel at a time"),
        ({"batch_size": 3}, NetworkError, "batch_size"),
        ({"sigma_q": 3}, NetworkError, "sigma_q"),
        ({"block_size": 0}, NetworkError, "block_size=0"),
        ({"max_steps": 0}, NetworkError, "max_steps=0"),
        ({"tolerance": 0}, NetworkError, "tolerance=0"),
        ({"devices": []}, NetworkError, "devices"),
        ({"preconditioner_rank": -1}, NetworkError, "preconditioner_rank=-1"),
    ],
)
def test_refusals(changes: dict[str, Any], error: type[Exception], match: str) -> None:
    given: dict[str, Any] = {"kernel": ntksym.kernel_fn(NETWORKS["relu"]), "x": np.eye(4, 3, dtype="float32"), "y": np.ones((4, 1), "float32"), "ridge": 0.1}
    given |= changes
    with pytest.raises(error, match=match):
        solve_kernel(given.pop("kernel"), given.pop("x"), given.pop("y"), **given)


def test_predict_refuses_other_inputs() -> None:
    found = solve_kernel(ntksym.kernel_fn(NETWORKS["relu"]), np.eye(4, 3, dtype="float32"), np.ones((4, 1), "float32"), ridge=0.1)
    with pytest.raises(ShapeError, match="x_test is float32 with 2 columns"):
        found.predict(np.ones((2, 2), "float32"))


def test_a_kernel_made_anew_compiles_nothing(rng: np.random.Generator) -> None:
    x, v = data(rng, 64, "float32")
    kernel_matvec(ntksym.kernel_fn(ntksym.fcn(1, "relu")), x, v, sigma_w=1.0)
    before = _product._cache_size()
    kernel_matvec(ntksym.kernel_fn(ntksym.fcn(1, "relu")), x, v, sigma_w=1.3)
    assert _product._cache_size() == before
