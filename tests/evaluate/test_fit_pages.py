"""What the pages on fitting and on neural-tangents show: the commands exist, the check of the time scale holds."""

from __future__ import annotations

import re
from pathlib import Path

import jax
import numpy as np

import ntksym

DOCS = Path(__file__).parents[2] / "docs"


def test_mean_and_sum_differ_by_the_number_of_entries(rng) -> None:
    """The scales of the table, in NumPy alone: modes of gradient flow on the mean loss decay as exp(-eta lambda t / (N k))."""
    a = rng.normal(size=(5, 5))
    theta, y = a @ a.T, rng.normal(size=(5, 3))
    values, vectors = np.linalg.eigh(theta)
    f, step, t = np.zeros_like(y), 1e-3, 3.0
    for _ in range(round(t / step)):
        f = f - step * theta @ ((f - y) / y.size)
    expected = y - vectors @ (np.exp(-values * t / y.size)[:, None] * (vectors.T @ y))
    assert np.allclose(f, expected, rtol=0, atol=2 * step * (values[-1] / y.size) ** 2 * t * np.abs(y).max())
    assert np.abs(f - (y - vectors @ (np.exp(-values * t)[:, None] * (vectors.T @ y)))).max() > 0.1


def test_the_check_of_the_page(capsys) -> None:
    cell = re.findall(r"^```{code-cell}\n(.*?)^```", (DOCS / "neural-tangents.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[0]
    names: dict[str, object] = {}
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        exec(cell, names)
    assert float(str(names["difference"])) < 2e-5


def test_names_on_the_page_exist() -> None:
    page = (DOCS / "neural-tangents.md").read_text(encoding="utf-8")
    for name in ("posterior", "log_marginal_likelihood", "maximize_marginal_likelihood", "leave_one_out"):
        assert name in page and (name not in ntksym.__all__ or callable(getattr(ntksym, name)))
