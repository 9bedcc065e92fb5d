"""The picture of a training.  Needs matplotlib (the extra ``plot``)."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ntksym.errors import NtksymError
from ntksym.evaluate.figures import save_figure
from ntksym.evaluate.training.record import Training

try:
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
except ImportError:  # an extra; said when a picture is asked for
    Figure = None

POINTS = 4  # outputs drawn, so that lines keep apart
LAYERS = 6
NET, LIN = {"linewidth": 1.6}, {"linewidth": 1.4, "linestyle": (0, (4, 2)), "color": "0.15"}


def plot_training(training: Training, path: str | os.PathLike[str] | None = None) -> Any:
    r"""Loss, outputs, parameters and tangent kernel of a training over one time axis, as a matplotlib ``Figure``; written to ``path`` if one is given.

    Dashed lines are the linearization: its loss, $f^{\mathrm{lin}}_t$ on the first test points (training points where there are none), $\|w_t\|$.
    Thin lines are single layers.  The axis is logarithmic from the first time after 0 on.  A panel is left out where nothing was recorded for it.
    NtksymError without matplotlib, OutputError where ``path`` cannot be written.

        ntksym.plot_training(training, "training.png")
    """
    if Figure is None:
        raise NtksymError("matplotlib is not installed", where="plot_training", why="it draws the picture", fix='pip install "ntksym[plot]"')
    panels = [_draw_loss]
    panels += [_draw_outputs] if training.f_train is not None else []
    panels += [_draw_parameters] if training.layer_movement is not None else []
    panels += [_draw_kernel] if training.kernel_change is not None else []
    rows, columns = (2, 2) if len(panels) == 4 else (1, len(panels))
    figure = Figure(figsize=(4.8 * columns, 3.1 * rows + 0.3), dpi=150, layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
    for axes, draw in zip(grid.flat, panels, strict=True):
        draw(axes, training)
        axes.set_title(axes.get_title(), fontsize="medium")
        axes.spines[["top", "right"]].set_visible(False)
    for axes in grid[-1]:
        _time_axis(axes, training)
    save_figure(figure, path)
    return figure


def _time_axis(axes: Any, training: Training) -> None:
    """Logarithmic from the first positive time on, with 0 at the left where it was recorded."""
    times = training.t[np.isfinite(training.t)]
    positive = times[times > 0]
    axes.set_xlabel("step $t$" if not training.dynamics.endswith("flow") else "time $t$")
    if len(positive) < 2 or positive[-1] / positive[0] < 20:
        return
    low, high = float(positive[0]), float(positive[-1])
    has_zero = times[0] == 0
    axes.set_xscale("symlog", linthresh=low, linscale=0.25) if has_zero else axes.set_xscale("log")
    decades = np.arange(np.ceil(np.log10(low) - 1e-9), np.floor(np.log10(high) + 1e-9) + 1)
    decades = decades[:: max(1, round(len(decades) / 6))]
    axes.xaxis.set_major_locator(FixedLocator(([0.0] if has_zero else []) + [float(10.0**d) for d in decades]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if 1e-3 < value < 1e5 or value == 0 else f"$10^{{{np.log10(value):.0f}}}$"))
    axes.set_xlim(0 if has_zero else low, high * 1.05)


def _draw_loss(axes: Any, training: Training) -> None:
    axes.plot(training.t, training.loss, color="C0", label="network", **NET)
    if training.loss_lin is not None:
        axes.plot(training.t, training.loss_lin, label="linearization", **LIN)
    finite = training.loss[np.isfinite(training.loss)]
    if len(finite) and finite.min() > 0:
        axes.set_yscale("log")
    axes.set_title("Loss")
    axes.set_ylabel(r"$\mathcal{L}$")
    axes.legend(frameon=False, fontsize="small")


def _draw_outputs(axes: Any, training: Training) -> None:
    f, lin, points = (training.f_train, training.f_lin_train, "training") if training.f_test is None else (training.f_test, training.f_lin_test, "test")
    assert f is not None
    pairs = [(i, j) for j in range(f.shape[2]) for i in range(f.shape[1])]
    pairs = pairs[:POINTS]
    for number, (i, j) in enumerate(pairs):
        name = rf"$f_t(x_{{{i + 1}}})$" if f.shape[2] == 1 else rf"$f_t(x_{{{i + 1}}})_{{{j + 1}}}$"
        axes.plot(training.t, f[:, i, j], color=f"C{number}", label=name, **NET)
        if lin is not None:
            axes.plot(training.t, lin[:, i, j], label=r"$f^{\mathrm{lin}}_t$" if number == len(pairs) - 1 else None, **LIN)
    axes.set_title(f"Outputs on {points} points")
    axes.set_ylabel("$f_t(x)$")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + (0.18 if f.shape[2] == 1 else 0.3) * (high - low))  # room for the legend
    axes.legend(frameon=False, fontsize="small", ncols=5 if f.shape[2] == 1 else 3, loc="upper left", handlelength=1.5, columnspacing=1.0)


def _draw_parameters(axes: Any, training: Training) -> None:
    assert training.layer_movement is not None
    axes.plot(training.t, training.movement, color="C0", label=r"$\|\theta_t - \theta_0\|$", **NET)
    if training.movement_lin is not None:
        axes.plot(training.t, training.movement_lin, label=r"$\|w_t\|$, linearization", **LIN)
    if len(training.layers) <= LAYERS:
        for number, name in enumerate(training.layers):
            axes.plot(training.t, training.layer_movement[:, number], color=f"C{number + 1}", linewidth=0.9, label=name)
    axes.set_title("Movement of the parameters")
    axes.set_ylabel("distance from the start")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize="small", loc="upper left")


def _draw_kernel(axes: Any, training: Training) -> None:
    assert training.kernel_change is not None and training.lambda_max is not None
    axes.plot(training.t, 100 * training.kernel_change, color="C3", label=r"$\|\hat\Theta_t - \hat\Theta_0\|_F \,/\, \|\hat\Theta_0\|_F$", **NET)
    top = training.lambda_max / training.lambda_max[0] - 1
    axes.plot(training.t, 100 * top, color="C4", linewidth=1.2, label=r"$\lambda_{\max}(\hat\Theta_t) \,/\, \lambda_{\max}(\hat\Theta_0) - 1$")
    axes.axhline(0, color="0.15", linewidth=0.8, linestyle=(0, (4, 2)), label="linearization: none")
    axes.set_title("Change of the tangent kernel")
    axes.set_ylabel("per cent")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.42 * (high - low))  # room for the legend
    axes.legend(frameon=False, fontsize="small", loc="upper left")
