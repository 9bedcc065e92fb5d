"""Finite networks of several widths against the derived kernels: the fits on made-up numbers of known law, then small networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import mpmath
import numpy as np
import pytest

from ntksym.errors import NetworkError, NtksymError, OutputError, ShapeError
from ntksym.evaluate.convergence import WidthScaling, picture, scaling, width_scaling
from ntksym.evaluate.convergence.statistics import ChiSquare, chi_square_tail, fit_bias_exponent, fit_exponent, fit_line, joint_test
from ntksym.evaluate.finite import apply_fn, empirical_ntk_fn, init_fn
from ntksym.network import Dense, Heads, Network, Pointwise, fcn

WIDTHS = np.array([16.0, 32, 64, 128])
X = np.array([[1.0, -2.0, 0.5], [0.3, 0.4, -1.0]], dtype=np.float32)


# -- fits ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dof", [1, 2, 3, 6, 17])
@pytest.mark.parametrize("chi2", [0.0, 0.3, 5.0, 40.0, 300.0])
def test_the_tail_of_chi_square(chi2: float, dof: int) -> None:
    assert chi_square_tail(chi2, dof) == pytest.approx(float(mpmath.gammainc(dof / 2, chi2 / 2, mpmath.inf, regularized=True)), rel=1e-12)
    if dof == 1:
        assert ChiSquare(chi2, 1).z == pytest.approx(chi2**0.5, abs=1e-7)


def made_up(rng: np.random.Generator, repeats: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Means (repeats, m, 3) of 3 entries with law Theta + c/n, and the covariances (m, 3, 3) they were drawn with."""
    root = rng.standard_normal((3, 3))
    covariances = np.stack([(root @ root.T + np.eye(3)) / n * 1e-3 for n in WIDTHS])
    theta, c = rng.standard_normal((2, 3))
    exact = theta + c / WIDTHS[:, None]
    noise = np.stack([rng.multivariate_normal(np.zeros(3), cov, size=repeats) for cov in covariances], axis=1)
    return exact[None] + noise, covariances, theta, c


def test_intercepts_scatter_as_their_covariance_says(rng: np.random.Generator) -> None:
    """Over 2000 repeats both sums of squares have the mean of their chi-square law, within 4 of its standard errors."""
    means, covariances, theta, c = made_up(rng, 2000)
    lines = [fit_line(WIDTHS, m, covariances) for m in means]
    tests = [joint_test(line.intercept - theta, line.covariance) for line in lines]
    for seen, dof in ((tests, 3), ([line.misfit for line in lines], 6)):
        assert {test.dof for test in seen} == {dof}
        assert abs(np.mean([test.chi2 for test in seen]) - dof) < 4 * (2 * dof / 2000) ** 0.5
    scatter = np.cov([line.intercept for line in lines], rowvar=False)
    size = np.sqrt(np.diag(lines[0].covariance))
    assert np.abs((scatter - lines[0].covariance) / np.outer(size, size)).max() < 4 * (2 / 2000) ** 0.5
    assert np.abs(np.mean([line.slope for line in lines], axis=0) - c).max() < 0.1


def test_a_curve_is_no_line(rng: np.random.Generator) -> None:
    means, covariances, *_ = made_up(rng, 1)
    assert fit_line(WIDTHS, means[0], covariances).misfit.z < 4.5
    assert fit_line(WIDTHS, means[0] + 60 / WIDTHS[:, None] ** 2, covariances).misfit.z > 6


def test_what_does_not_vary_has_to_agree() -> None:
    assert joint_test(np.array([0.0, 1e-7]), np.diag([1.0, 0.0])).z < 0.2
    assert joint_test(np.array([0.0, 1e-3]), np.diag([1.0, 0.0])).z > 100


@pytest.mark.parametrize("correction", [False, True])
def test_exponents_scatter_as_their_error_says(correction: bool, rng: np.random.Generator) -> None:
    exact = 3 * WIDTHS**-0.5 * np.exp(2 / WIDTHS if correction else 0)
    errors = 0.01 * exact
    found = [fit_exponent(WIDTHS, exact + errors * rng.standard_normal(4), errors, correction=correction) for _ in range(1000)]
    pulls = np.array([one.z(-0.5) for one in found])
    assert abs(pulls.mean()) < 4 / 1000**0.5 and abs(pulls.std() - 1) < 4 / 2000**0.5


def test_the_exponent_of_a_bias(rng: np.random.Generator) -> None:
    covariances = np.stack([np.eye(3) * 1e-6] * 4)
    for power in (-1.0, -0.5):
        biases = np.array([1.0, -2, 0.3]) * WIDTHS[:, None] ** power + 1e-3 * rng.standard_normal((4, 3))
        found = fit_bias_exponent(WIDTHS, biases, covariances)
        assert found is not None and abs(found.z(power)) < 4.5 and found.error < 0.1
    assert fit_bias_exponent(WIDTHS, 1e-3 * rng.standard_normal((4, 3)), covariances) is None


# -- networks ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def result() -> WidthScaling:
    """Two heads, one of them in the standard parameterization; open widths."""
    heads = Heads({"a": [Dense(1.2, 0.1, 1)], "b": [Dense(0.8, 0, 2, parameterization="standard")]})
    return width_scaling(Network([Dense(1.5, 0.1), Pointwise("erf"), heads]), jax.random.key(7), X, widths=(64, 16, 32), n_samples=(400, 900, 600))


def test_networks_tend_to_what_is_derived(result: WidthScaling) -> None:
    print(result)
    assert [one.kernel for one in result] == ["nngp_a", "nngp_b", "ntk_a", "ntk_b"]
    assert result.agrees(intercept=4.5, spread=4.5)
    for one in result:
        assert one.widths == (16, 32, 64) and one.n_samples == (900, 600, 400)
        assert one.test.z < 4.5 and one.test.dof == 3
        assert one.mean.shape == (3, 2, 2) and np.array_equal(one.intercept, one.intercept.T)
        if one.kernel.startswith("ntk"):
            assert one.intercept_error.max() < 0.05
            assert abs(one.spread_exponent.value + 0.5) < 0.2
    grown = result["ntk_b"].scale ** 2
    assert (np.diff(grown, axis=0) > 1).all()  # Theta of the standard head grows with n
    with pytest.raises(NetworkError, match="there are nngp_a, nngp_b, ntk_a, ntk_b"):
        _ = result["ntk"]


def test_the_samples_are_networks_of_that_width(result: WidthScaling) -> None:
    """Mean and spread at width 16 from the same networks, drawn one by one with the functions a user has."""
    one = result["ntk_a"]
    heads = Heads({"a": [Dense(1.2, 0.1, 1)], "b": [Dense(0.8, 0, 2, parameterization="standard")]})
    network, key = Network([Dense(1.5, 0.1, 16), Pointwise("erf"), heads]), jax.random.fold_in(jax.random.key(7), 16)
    samples, outputs = [], []
    for k in range(900):
        params = init_fn(network)(jax.random.split(jax.random.fold_in(key, k))[0], 3)
        samples.append(np.asarray(empirical_ntk_fn(network)(params, X, outputs="diagonal"), dtype=float)[:, :, 0])
        outputs.append(np.asarray(apply_fn(network)(params, X), dtype=float)[:, 0])
    scaled = np.stack(samples) / np.outer(one.scale[0], one.scale[0])
    assert np.allclose(one.mean[0], scaled.mean(axis=0), atol=1e-5)
    assert np.allclose(one.standard_error[0], scaled.std(axis=0, ddof=1) / 30, atol=1e-6)
    upper = scaled[:, *np.triu_indices(2)]
    assert np.isclose(one.spread[0], upper.var(axis=0, ddof=1).mean() ** 0.5, atol=1e-5)
    second = np.einsum("si,sj->ij", outputs, outputs) / 900
    assert np.allclose(result["nngp_a"].mean[0], second / np.outer(result["nngp_a"].scale[0], result["nngp_a"].scale[0]), atol=1e-4)


def test_a_kernel_that_is_two_per_cent_off_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A linear network has no bias at any width, so that 500 networks of each are enough to tell; with the derived kernel it agrees."""
    run = lambda: width_scaling(Network([Dense(1.3, 0.5), Dense(1.1, 0.2, 4)]), jax.random.key(1), X, widths=(64, 128, 256), n_samples=500)["ntk"]  # noqa: E731
    right = run()
    assert right.test.z < 4.5 and right.bias_exponent is None
    derived = scaling.kernel_fn
    monkeypatch.setattr(scaling, "kernel_fn", lambda network: lambda x, get: np.float32(1.02) * derived(network)(x, get=get))
    assert run().test.z > 4.5


def test_one_input_and_float64() -> None:
    """One entry per matrix; numbers in the dtype of x, and the same networks for the same key."""
    with jax.enable_x64(True):
        run = lambda: width_scaling(Network([Dense(1.3, 0.5), Dense(1.1, 0.2, 4)]), jax.random.key(3), X[:1].astype(float), widths=(8, 16, 32), n_samples=100)  # noqa: E731
        one, again = run()["ntk"], run()["ntk"]
    assert one.test.dof == 1 and one.intercept.shape == (1, 1) and one.test.z < 4.5
    assert np.array_equal(one.mean, again.mean) and str(one) == str(again)


def test_the_table_and_the_bar(result: WidthScaling, capsys: pytest.CaptureFixture[str]) -> None:
    text = str(result)
    assert text.count("joint test") == 4 and max(map(len, text.splitlines())) <= 100
    network = Network([Dense(1.3, 0.5), Dense(1.1, 0.2, 4)])
    width_scaling(network, jax.random.key(0), X, widths=(2, 3, 4), n_samples=20, progress=True)
    told = capsys.readouterr()
    assert "networks" in told.err and not told.out
    width_scaling(network, jax.random.key(0), X, widths=(2, 3, 4), n_samples=20)
    assert capsys.readouterr() == ("", "")  # no terminal, no bar


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda go: go(widths=(4, 8)), NetworkError, ["widths=(4, 8)", "three"]),
        (lambda go: go(widths=(4, 8, 8)), NetworkError, ["distinct"]),
        (lambda go: go(widths=(4, 8, 0)), NetworkError, ["widths=(4, 8, 0)"]),
        (lambda go: go(n_samples=5), NetworkError, ["n_samples=5", "20 or more"]),
        (lambda go: go(x=np.tile(X, (3, 1))), NetworkError, ["50 networks for 21 entries", "n_samples=105"]),
        (lambda go: go(n_samples=(50, 50)), NetworkError, ["one number per width"]),
        (lambda go: go(at_once=0), NetworkError, ["at_once=0"]),
        (lambda go: go("relu"), NetworkError, ["neither a network nor a function"]),
        (lambda go: go(lambda n: n), NetworkError, ["returns a int"]),
        (lambda go: go(lambda n: fcn(1, "relu")), NetworkError, ["without a width"]),
        (lambda go: go(fcn(1, "relu", widths=8)), NetworkError, ["no width is left open"]),
        (lambda go: go(Network([Dense(), Pointwise("relu"), Dense()])), NetworkError, ["the output has no width", "layer 3"]),
        (lambda go: go(x=0 * X), NetworkError, ["on its diagonal", "input zero"]),
        (lambda go: go(x=X[0]), ShapeError, ["x has shape (3,)"]),
        (lambda go: go(Network([Dense(1, 0, 1)]), widths=(2, 3, 4)), NetworkError, ["no width is left open"]),
        (lambda go: go(lambda n: Network([Dense(1, 0, 1)])), NetworkError, ["ntk does not vary"]),
    ],
)
def test_bad_input(call: Callable[[Any], Any], error: type[Exception], words: list[str]) -> None:
    def go(network: Any = fcn(1, "relu"), x: Any = X, widths: Any = (4, 8, 16), **keywords: Any) -> Any:  # noqa: B008
        return width_scaling(network, jax.random.key(0), x, widths=widths, **{"n_samples": 50, **keywords})

    with pytest.raises(error) as caught:
        call(go)
    for word in words:
        assert word in str(caught.value)


def test_the_picture(result: WidthScaling, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    figure = picture.plot_width_scaling(result, tmp_path / "scaling.png")
    assert (tmp_path / "scaling.png").read_bytes().startswith(b"\x89PNG")
    left, right = figure.axes
    assert "1/64" in [label.get_text() for label in right.get_xticklabels()]
    assert f"{result['ntk_a'].spread_exponent.value:.3f}" in left.get_legend().get_texts()[0].get_text() + left.get_legend().get_texts()[-1].get_text()
    assert "head b" in picture.plot_width_scaling(result, kernel="nngp_b").axes[0].get_title()
    with pytest.raises(OutputError, match="cannot write the picture"):
        picture.plot_width_scaling(result, tmp_path / "nowhere" / "scaling.png")
    monkeypatch.setattr(picture, "Figure", None)
    with pytest.raises(NtksymError, match=r"ntksym\[plot\]"):
        picture.plot_width_scaling(result)
