"""What a training refuses, and what it says while it runs."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from ntksym.errors import DataError, NetworkError, NtksymError, OutputError, ShapeError
from ntksym.evaluate.finite import init_fn
from ntksym.evaluate.training import flow, picture, train
from ntksym.evaluate.training.checks import checked_times
from ntksym.evaluate.training.picture import plot_training
from ntksym.network import fcn

NET = fcn(1, "relu", widths=5, out=2)
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((4, 3)).astype(np.float32), RNG.standard_normal((4, 2)).astype(np.float32)
BAD = Y.copy()
BAD[2, 1] = np.nan
FLOW = {"dynamics": "gradient_flow"}


def params() -> Any:
    return init_fn(NET)(jax.random.key(0), 3)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"y": Y[:, 0]}, ShapeError, r"y has shape \(4,\).*y\[:, None\]"),
        ({"y": Y[:3]}, ShapeError, "y has 3 rows, x has 4"),
        ({"y": Y[:, :1]}, ShapeError, "y has 1 columns, the function has 2 outputs"),
        ({"y": BAD}, DataError, r"y holds NaN or infinity \(row 2\)"),
        ({"y": np.array([["a", "b"]] * 4)}, ShapeError, "y has dtype"),
        ({"y": [[0, 1], [1]]}, ShapeError, "ragged"),
        ({"y": np.array([[0, 1], [1, 0], [1, 1], [0, 1]]), "loss": "cross_entropy"}, DataError, r"not one-hot \(row 2 is \[1 1\]\)"),
        ({"x": X[0]}, ShapeError, r"x has shape \(3,\)"),
        ({"x_test": X[:, :2]}, ShapeError, "same d and dtype"),
        ({"params": []}, ShapeError, "params holds no array"),
        ({"params": [(np.ones((3, 5), int), np.ones(5, int))]}, ShapeError, r"params\[0\]\[0\] is a int"),
        ({"t": 2.5}, DataError, "t=2.5 is no number of steps"),
        ({"t": np.inf}, DataError, "t=inf is no number of steps"),
        ({"t": [-1, 3]}, DataError, "t=-1 is negative"),
        ({"t": np.nan}, DataError, "t holds NaN"),
        ({"t": []}, ShapeError, "t has shape"),
        ({"t": [3, 1]}, DataError, "not increasing"),
        ({"t": "soon"}, ShapeError, "t='soon'"),
        ({"t": np.inf, **FLOW}, DataError, "t is inf.*rest="),
        ({"learning_rate": -1.0}, NetworkError, "learning_rate=-1.0.*above 0"),
        ({"momentum": 1.0, "dynamics": "momentum"}, NetworkError, "momentum=1.0"),
        ({"momentum": 0.5}, NetworkError, "dynamics='momentum'"),
        ({"ridge": float("nan")}, NetworkError, "ridge=nan"),
        ({"dynamics": "newton"}, NetworkError, "dynamics='newton'"),
        ({"record": "ntk"}, NetworkError, "record='ntk'"),
        ({"rest": 1e-3}, NetworkError, "rest or tolerance"),
        ({"loss": "hinge"}, NetworkError, "loss='hinge'"),
        ({"loss": lambda f, y: f - y}, ShapeError, "the loss returns float32 of shape"),
        ({"optimizer": 3}, NetworkError, "optimizer=3"),
        ({"learning_rate": 100.0}, DataError, r"is not below the stability edge \d"),
        ({"learning_rate": 100.0, "loss": lambda f, y: ((f - y) ** 4).sum(), "t": 60}, DataError, "diverged"),
        ({"t": 500.0, "max_steps": 16, **FLOW}, DataError, "the network: 16 steps do not reach t = "),
        ({"network": 3}, NetworkError, "neither a network nor a function"),
    ],
)
def test_refused(given: dict[str, Any], error: type[Exception], message: str) -> None:
    if "max_steps" in given:
        pytest.importorskip("diffrax")
    standing = {"network": NET, "params": params() if "params" not in given else None, "x": X, "y": Y, "t": 10, "record": ("outputs",)}
    arguments = {**standing, "learning_rate": 0.05 if "optimizer" not in given else 1.0, **given}
    first = [arguments.pop(name) for name in ("network", "params", "x", "y", "t")]
    with pytest.raises(error, match=message):
        train(*first, **arguments)


def test_a_kernel_that_is_too_large() -> None:
    x = np.ones((9000, 3), np.float32)
    with pytest.raises(DataError, match=r"9000 examples and 2 outputs takes 1\.2 GiB.*record="):
        train(NET, params(), x, np.ones((9000, 2)), 1, learning_rate=1e-6)


def test_a_grid_of_times() -> None:
    assert checked_times(5, True, False, "here").tolist() == [0, 1, 2, 3, 4, 5]
    steps = checked_times(10_000, True, False, "here")
    assert steps[0] == 0 and steps[1] == 1 and steps[-1] == 10_000 and (steps == steps.round()).all() and len(steps) <= 41
    times = checked_times(3.0, False, False, "here")
    assert times[0] == 0 and times[-1] == 3 and len(times) == 41 and np.ptp(np.diff(np.log(times[1:]))) < 1e-12


def test_progress_is_on_standard_error_and_only_if_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    given: dict[str, Any] = {"learning_rate": 0.05, "record": ("outputs",)}
    train(NET, params(), X, Y, 20, **given)
    assert capsys.readouterr() == ("", "")
    train(NET, params(), X, Y, 20, progress=True, **given)
    out, err = capsys.readouterr()
    assert out == "" and "t = 20 of 20, loss " in err and 5 < err.count("\n") < 13


def test_without_the_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "diffrax", None)
    with pytest.raises(NetworkError, match=r"diffrax is not installed.*ntksym\[flow\]"):
        train(NET, params(), X, Y, 1.0, dynamics="gradient_flow")
    monkeypatch.setattr(picture, "Figure", None)
    with pytest.raises(NtksymError, match=r"matplotlib is not installed.*ntksym\[plot\]"):
        plot_training(None)


def test_the_picture(tmp_path: Any) -> None:
    pytest.importorskip("matplotlib")
    training = train(NET, params(), X, Y, 200, x_test=X[:2] + 1, learning_rate=0.05)
    figure = plot_training(training, tmp_path / "training.png")
    assert (tmp_path / "training.png").read_bytes()[1:4] == b"PNG"
    assert [axes.get_title() for axes in figure.axes] == ["Loss", "Outputs on test points", "Movement of the parameters", "Change of the tangent kernel"]
    loss, outputs, movement, kernel = (axes.get_lines() for axes in figure.axes)
    assert (loss[0].get_ydata() == training.loss).all() and (loss[1].get_ydata() == training.loss_lin).all()
    assert len(outputs) == 8 and (outputs[1].get_ydata() == training.f_lin_test[:, 0, 0]).all()
    assert (movement[1].get_ydata() == training.movement_lin).all() and (kernel[0].get_ydata() == 100 * training.kernel_change).all()
    limits = {axes.get_xlim() for axes in figure.axes}
    assert len(limits) == 1 and figure.axes[2].get_xscale() == "symlog"
    short = train(NET, params(), X, Y, 5, learning_rate=0.05, record=(), linearized=False)
    assert [axes.get_title() for axes in plot_training(short).axes] == ["Loss"]
    with pytest.raises(OutputError, match="cannot write the picture"):
        plot_training(training, tmp_path / "nowhere" / "training.png")
