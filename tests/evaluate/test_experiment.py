"""The run on real data, with a kernel file written here by hand: a linear kernel, whose regression is known."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pytest
from sklearn.linear_model import Ridge

from ntksym.errors import DataError, NtksymError
from ntksym.evaluate.data import load_data, split
from ntksym.evaluate.experiment import load_kernel_file, run_kernel_file

LINEAR = """
def kernel_fn(x1, x2=None, get="ntk"):
    x2 = x1 if x2 is None else x2
    return x1 @ x2.T * (2.0 if get == "ntk" else 1.0)
"""


def _write(folder: Path, text: str) -> Path:
    path = folder / "kernel.py"
    path.write_text(text, encoding="utf-8")
    return path


def test_linear_kernel_is_ridge_regression(tmp_path: Path) -> None:
    data = load_data("diabetes")
    result = run_kernel_file(_write(tmp_path, LINEAR), data, seed=4, ridge=0.5)
    parts = split(data, seed=4)
    theirs = Ridge(alpha=0.5, fit_intercept=False).fit(parts.x_train, parts.y_train - parts.y_train.mean())
    error = np.sqrt(np.mean((theirs.predict(parts.x_test).reshape(-1, 1) + parts.y_train.mean() - parts.y_test) ** 2))
    nngp, ntk = result.scores
    assert (nngp.kernel, ntk.kernel, nngp.measure, nngp.ridge) == ("nngp", "ntk", "RMSE", 0.5)
    assert nngp.value == pytest.approx(error, rel=1e-10) and ntk.value != nngp.value
    assert result.baseline == pytest.approx(np.sqrt(np.mean((parts.y_test - parts.y_train.mean()) ** 2)))
    assert result.peak_memory_mib is None or result.peak_memory_mib > 10
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kernel.py"]


def test_classes_and_singular_kernel(tmp_path: Path) -> None:
    result = run_kernel_file(_write(tmp_path, LINEAR), load_data("iris"), seed=0)
    assert result.task == "classification" and result.n_train == 120 and result.n_test == 30
    assert all(score.ridge_reason and score.ridge > 0 and 0.5 < score.value <= 1.0 for score in result.scores)


def test_double_precision_inside_and_no_switch_left(tmp_path: Path) -> None:
    watch = (
        "import jax.numpy as jnp\ndef kernel_fn(x1, x2, get):\n    assert x1.dtype == jnp.float64\n    x2 = x1 if x2 is None else x2\n    return x1 @ x2.T\n"
    )
    before = jax.config.jax_enable_x64
    run_kernel_file(_write(tmp_path, watch), load_data("iris"))
    assert jax.config.jax_enable_x64 == before


def test_files_that_are_no_kernel(tmp_path: Path) -> None:
    with pytest.raises(NtksymError, match="kernel_fn"):
        load_kernel_file(_write(tmp_path, "x = 1\n"))
    with pytest.raises(DataError, match="no Python file"):
        load_kernel_file(tmp_path / "absent.py")
