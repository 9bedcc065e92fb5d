"""The picture of a width scaling.  Needs matplotlib (the extra ``plot``)."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ntksym.errors import NtksymError
from ntksym.evaluate.convergence.scaling import KernelScaling, WidthScaling
from ntksym.evaluate.figures import save_figure

try:
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter
except ImportError:  # an extra; said when a picture is asked for
    Figure = None

ENTRIES = 3  # drawn on the right, so that lines and names keep apart


def plot_width_scaling(result: WidthScaling | KernelScaling, path: str | os.PathLike[str] | None = None, *, kernel: str = "") -> Any:
    r"""Spread against n with its power law, and means against 1/n with their lines to 1/n = 0, as a matplotlib ``Figure``; written to ``path`` if one is given.

    ``kernel``: which kernel of ``result``, the first tangent kernel by default.  On the right, three entries: mean and line as differences from the derived
    kernel in per cent of sqrt(Theta_ii Theta_jj), bars of one standard error; the derived value is the horizontal line.
    NtksymError without matplotlib, OutputError where ``path`` cannot be written.

        ntksym.plot_width_scaling(result, "scaling.png")
    """
    if Figure is None:
        raise NtksymError("matplotlib is not installed", where="plot_width_scaling", why="it draws the picture", fix='pip install "ntksym[plot]"')
    one = (
        result
        if isinstance(result, KernelScaling)
        else result[kernel or next((k.kernel for k in result if k.kernel.startswith("ntk")), result.kernels[0].kernel)]
    )
    figure = Figure(figsize=(9.6, 4.0), dpi=150, layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_spread(left, one)
    _draw_means(right, one)
    save_figure(figure, path)
    return figure


def _symbol(one: KernelScaling) -> tuple[str, str]:
    """The sampled kernel and the derived one."""
    return (r"\hat\Theta", r"\Theta") if one.kernel.startswith("ntk") else (r"\hat K", "K")


def _title(text: str, one: KernelScaling) -> str:
    _, _, head = one.kernel.partition("_")
    return f"{text}, head {head}" if head else text


def _draw_spread(axes: Any, one: KernelScaling) -> None:
    n = np.asarray(one.widths, dtype=float)
    hat, derived = _symbol(one)
    axes.errorbar(n, one.spread, one.spread_error, fmt="o", color="C0", capsize=3, label="sampled networks")
    grid, weight = np.geomspace(n[0] / 1.15, n[-1] * 1.15, 50), (one.spread / one.spread_error) ** 2

    def law(power: float) -> np.ndarray:
        """The power law through the points, at its best level."""
        return np.exp((weight * (np.log(one.spread) - power * np.log(n))).sum() / weight.sum()) * grid**power

    fit, expected = one.spread_exponent, one.expected_spread_exponent
    axes.plot(grid, law(fit.value), color="C0", label=rf"fit $n^{{{fit.value:.3f} \pm {fit.error:.3f}}}$")
    axes.plot(grid, law(expected), color="0.5", linestyle="--", label=r"expected $n^{-1/2}$" if expected else "expected: constant")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(FixedLocator(list(one.widths)))
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_locator(NullLocator())
    if one.spread.max() / one.spread.min() < 20:  # hardly a decade: a few plain numbers
        low, high = (one.spread - one.spread_error).min(), (one.spread + one.spread_error).max()
        ticks = [f"{v:#.2g}" for v in np.geomspace(low, high, 5)]
        axes.yaxis.set_major_locator(FixedLocator([float(tick) for tick in ticks]))
        axes.set_yticklabels(ticks)
        axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("width $n$ (neurons)")
    axes.set_ylabel(rf"spread of ${hat}_{{ij}} \,/\, \sqrt{{{derived}_{{ii}} {derived}_{{jj}}}}$")
    axes.set_title(_title("Spread over networks", one), fontsize="medium")
    axes.legend(frameon=False, fontsize="small")


def _draw_means(axes: Any, one: KernelScaling) -> None:
    n = np.asarray(one.widths, dtype=float)
    hat, derived = _symbol(one)
    ends = np.array([0.0, 1 / n[0]])
    size = one.intercept.shape[0]
    pairs = [(i, j) for i in range(size) for j in range(i, size)][:ENTRIES]
    step = 0.025 / n[0]  # bars of several entries stand side by side
    axes.axhline(0, color="0.2", linewidth=1, linestyle="--", label=rf"derived ${derived}_{{ij}}$")
    for number, (i, j) in enumerate(pairs):
        colour, shift = f"C{number}", step * (number - (len(pairs) - 1) / 2)
        bias, error = 100 * (one.mean - one.derived)[:, i, j], 100 * one.standard_error[:, i, j]
        axes.errorbar(1 / n + shift, bias, error, fmt="o", color=colour, markersize=4, capsize=2, label=rf"$i, j = {i + 1}, {j + 1}$")
        start, slope = 100 * one.intercept[i, j], 100 * one.slope[i, j]
        axes.plot(ends, start + slope * ends, color=colour, linewidth=1)
        axes.errorbar([shift - 2 * step], [start], [100 * one.intercept_error[i, j]], fmt="D", color=colour, markerfacecolor="white", markersize=5, capsize=2)
    axes.errorbar([], [], [], fmt="D", color="0.3", markerfacecolor="white", markersize=5, capsize=2, label="intercept of the line")
    axes.set_xlim(-5 * step, ends[1] * 1.06)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.45 * (high - low))  # room for the legend
    axes.xaxis.set_major_locator(FixedLocator([0.0, *(1 / n[::-1])]))
    axes.set_xticklabels(["0", *(f"1/{w}" for w in reversed(one.widths))], fontsize="small", rotation=45, ha="right", rotation_mode="anchor")
    axes.set_xlabel("inverse width $1/n$")
    axes.set_ylabel(rf"$(\mathbb{{E}}{hat}_{{ij}} - {derived}_{{ij}}) \,/\, \sqrt{{{derived}_{{ii}} {derived}_{{jj}}}}$  (%)")
    axes.set_title(_title(f"Mean over networks (joint test: z = {one.test.z:.2f})", one), fontsize="medium")
    axes.legend(frameon=False, fontsize="small", ncols=2, loc="upper left")
