"""The picture of a fit: scores against the time of training.  Needs matplotlib (the extra ``plot``)."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from ntksym.errors import NtksymError, OutputError
from ntksym.evaluate.fitting.run import Fit

try:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator
except ImportError:  # an extra; said when a picture is asked for
    Figure = None

FORMATS = ("png", "pdf", "svg")


def require_picture(path: Path) -> None:
    """Raise where no picture can be drawn into ``path``, before anything is computed."""
    if Figure is None:
        raise NtksymError("matplotlib is not installed", where="--plot", why="it draws the picture", fix='pip install "ntksym[plot]"')
    if path.suffix.lower().removeprefix(".") not in FORMATS:
        raise OutputError(f"the ending is {path.suffix!r}", where=str(path), fix="name a .png, .pdf or .svg file")


def picture(result: Fit, path: Path) -> bytes:
    """Accuracy or RMSE, negative log probability and calibration against eta t, as the bytes of a file of the type of ``path``.

    A line at the NNGP posterior's level; a time that is inf stands at the right end of the axis, a time 0 at its left end.
    """
    require_picture(path)
    assert Figure is not None
    figure = Figure(figsize=(9.6, 3.4), dpi=150, layout="constrained")
    classes = result.task == "classification"
    panels = (
        ("value", "test accuracy" if classes else "test RMSE"),
        ("nlpd", r"mean $-\log p$"),
        ("calibration", "expected calibration error" if classes else "coverage of the 90 % interval"),
    )
    trained = [score for score in result.scores if score.time is not None]
    times = result.learning_rate * np.array([score.time for score in trained], dtype=float)
    finite = times[np.isfinite(times) & (times > 0)]
    # Off the logarithmic axis: 0 at its left end, infinity at its right.
    low, high = (finite.min() / 4, finite.max() * 4) if len(finite) else (0.25, 1.0)
    shown = np.clip(times, low, high)
    order = np.argsort(times)
    for axes, (name, title) in zip(figure.subplots(1, len(panels)), panels, strict=True):
        values = np.array([getattr(score, name) for score in trained])
        if len(values):
            axes.plot(shown[order], values[order], "o-", color="C0", label="NTK ensemble")
        for score in result.scores:
            if score.time is None:
                axes.axhline(getattr(score, name), color="C1", linestyle="--", label="NNGP posterior")
        if name == "calibration" and not classes:
            axes.axhline(0.9, color="0.6", linewidth=1)
        axes.set_xscale("log")
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.set_title(title, fontsize="medium")
        axes.set_xlabel(r"time $\eta t$" + (r"  ($\infty$ at the right end)" if np.isinf(times).any() else ""))
    figure.axes[0].legend(frameon=False, fontsize="small")
    figure.suptitle(f"{result.data}: {result.n_train} training rows, {result.n_test} test rows", fontsize="medium")
    stream = io.BytesIO()
    figure.savefig(stream, format=path.suffix.lower().removeprefix("."))
    return stream.getvalue()
