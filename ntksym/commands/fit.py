"""``ntksym fit``: the infinitely wide network, fitted to data and scored at several times of training."""

from __future__ import annotations

import io
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from ntksym.cli import load
from ntksym.commands.networks import Number, is_network_file, read_network, require_values
from ntksym.commands.output import say, show_json, write_file
from ntksym.commands.specs import activation_options
from ntksym.errors import OutputError
from ntksym.evaluate.data import NAMES, TASKS, load_data

OUTPUTS = (".json", ".npz")


class NumberOrAuto(Number):
    """A number, or the word auto."""

    name = "number|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return "auto" if value == "auto" else super().convert(value, param, ctx)


class Times(click.ParamType):
    """Times t >= 0, separated by commas; inf is the end of training."""

    name = "t,t,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        found = []
        for entry in value.split(","):
            try:
                t = float(entry)
            except ValueError:
                self.fail(f"{entry.strip()!r} is no time; give numbers such as 1,10,100,inf", param, ctx)
            if not t >= 0:
                self.fail(f"t = {entry.strip()}: time starts at 0; give numbers such as 1,10,100,inf", param, ctx)
            found.append(t)
        return tuple(dict.fromkeys(found))


def _positive(ctx: click.Context, param: click.Parameter, value: float) -> float:
    if not (math.isfinite(value) and value > 0):
        raise click.BadParameter(f"{value} is no positive number")
    return value


def _fraction(ctx: click.Context, param: click.Parameter, value: float) -> float:
    if not 0 < value < 1:
        raise click.BadParameter(f"{value} does not lie between 0 and 1")
    return value


def _ridge(ctx: click.Context, param: click.Parameter, value: Any) -> float | str | None:
    if value is None or value == "auto":
        return value
    number = float(value)
    if not (math.isfinite(number) and number >= 0):
        raise click.BadParameter(f"{value} is no number >= 0")
    return number


@click.command("fit")
@click.option("--data", required=True, metavar="NAME|FILE", help=f"{', '.join(NAMES)}, a .npz with x and y (or x_train, ...), or a .csv.")
@click.option("--label", metavar="NAME", help="The column of a .csv that is the target; the last one by default.")
@click.option("--task", type=click.Choice(TASKS), default="auto", show_default=True, help="Whether the targets of a file are classes or real numbers.")
@click.option("--activation", metavar="SPEC", help="A name of the catalogue or a formula in x.")
@click.option("--network", "file", metavar="FILE.json", help="A network of any wiring, as Network.to_json wrote it, instead of --activation.")
@activation_options
@click.option("--depth", type=int, default=3, show_default=True, help="Number of hidden layers.")
@click.option("--sigma-w", type=NumberOrAuto(), default="1", show_default=True, help="Standard deviation of the weights; auto: by marginal likelihood.")
@click.option("--sigma-b", type=NumberOrAuto(), default="0", show_default=True, help="Standard deviation of the biases; 0: none; auto: as above.")
@click.option("--derivative", type=click.Choice(["almost_everywhere", "distributional"]), help="Which derivative of an activation with jumps is meant.")
@click.option("--kernel", type=click.Choice(["ntk", "nngp", "both"]), default="both", show_default=True, help="Trained networks, the Bayesian one, or both.")
@click.option("--time", "times", type=Times(), default="inf", show_default=True, help="Times of training, e.g. 1,10,100,inf.")
@click.option("--learning-rate", type=float, default=1.0, show_default=True, callback=_positive, help="eta; only eta t matters.")
@click.option(
    "--ridge",
    type=NumberOrAuto(),
    callback=_ridge,
    help="Absolute ridge, for the NNGP the noise variance; auto: by marginal likelihood (the default where a sigma is auto). "
    "Otherwise 0, raised only where the kernel matrix is singular.",
)
@click.option("--split", "fraction", type=float, default=0.2, show_default=True, callback=_fraction, help="Fraction of the rows held out as test set.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of that split.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", help="Draw the scores against time (.png, .pdf, .svg).")
@click.option(
    "--output", "outputs", type=click.Path(path_type=Path), multiple=True, metavar="FILE", help="Write scores (.json) or predictions (.npz); may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def fit_command(
    ctx: click.Context,
    data: str,
    label: str | None,
    task: str,
    activation: str | None,
    file: str | None,
    variable: str | None,
    params: tuple[str, ...],
    depth: int,
    sigma_w: Any,
    sigma_b: Any,
    derivative: str | None,
    kernel: str,
    times: tuple[float, ...],
    learning_rate: float,
    ridge: float | str | None,
    fraction: float,
    seed: int,
    plot: Path | None,
    outputs: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Fit the infinitely wide network to data: test scores with uncertainty.

    The NNGP is the posterior of the Bayesian network; the NTK is the ensemble of networks trained by gradient flow until time t, for the loss
    sum 1/2 ||f - y||^2 and the learning rate eta.  Variances are scaled by leave-one-out residuals of the training rows.
    """
    if (activation is None) == (file is None):
        raise click.UsageError("Give one of --activation SPEC and --network FILE.json.")
    if file is not None and not is_network_file(file):
        raise click.UsageError(f"--network takes a .json file that Network.to_json wrote, not {file!r}.")
    if activation is not None and is_network_file(activation):
        raise click.UsageError("--activation takes a name or a formula; a file goes to --network.")
    models = ("nngp", "ntk") if kernel == "both" else (kernel,)
    for name, option in (("times", "--time"), ("learning_rate", "--learning-rate")):
        if kernel == "nngp" and _given(ctx, name):
            raise click.UsageError(f"{option} does not apply to --kernel nngp: the posterior has no time.")
    _require_places(outputs, plot)
    dataset = load_data(data, label=label, task=task)
    for name, option in (("seed", "--seed"), ("fraction", "--split")):
        if dataset.held_out and _given(ctx, name):
            raise click.UsageError(f"{option} does not apply to {data}, which brings its own test rows.")
    choose = tuple(name for name, value in (("sigma_w", sigma_w), ("sigma_b", sigma_b)) if value == "auto")
    spec = activation if file is None else file
    assert spec is not None
    network = read_network(ctx, spec, variable, params, depth, _start(sigma_w, "1"), _start(sigma_b, "1/10"), derivative)
    require_values(network)
    if plot is not None:
        load("fit_picture").require_picture(plot)
    say(f"deriving the kernels of {spec} ...")
    result = load("fitting").run_fit(
        network,
        dataset,
        times=times,
        learning_rate=learning_rate,
        models=models,
        ridge=ridge,
        choose=choose,
        seed=seed,
        test_fraction=fraction,
        progress=say,
    )
    value = {"schema_version": 1, "network": spec, **told_json(result)}
    # All files are made before the first is written.
    made: dict[Path, str | bytes] = {path: json.dumps(value, indent=2) if path.suffix.lower() == ".json" else _archive(result.arrays) for path in outputs}
    if plot is not None:
        made[plot] = load("fit_picture").picture(result, plot)
    for path, content in made.items():
        write_file(path, content)
        say(f"wrote {path}")
    if as_json:
        show_json(value)
    else:
        click.echo(told(result))


def told(result: Any) -> str:
    """A run in a table."""
    classes = result.task == "classification"
    lines = [
        f"{result.data}: {result.rows} x {result.columns}, {result.scaling}; float64 on {result.device}",
        f"split: {result.n_train} training rows, {result.n_test} test rows"
        + (", as they came" if result.seed is None else f", seed {result.seed} (numpy.random.default_rng({result.seed}).permutation)"),
        f"targets: one-hot minus 1/k; the most frequent class alone scores {result.baseline:.4f}"
        if classes
        else f"targets: centred, in units of their spread; the training mean alone has RMSE {result.baseline:.4g}",
    ]
    for model in result.models:
        name = model.name.upper()
        words = [f"{key} {value:.4g}" for key, value in model.keywords.items()]
        noise = "noise variance" if model.name == "nngp" else "ridge"
        words.append(f"{noise} {model.ridge:.3g}" + (f" ({model.ridge_reason})" if model.ridge_reason else ""))
        words += [f"condition {model.condition:.2e}", f"kernel {model.kernel_seconds:.2f} s", f"factorization and choices {model.choice_seconds:.2f} s"]
        lines.append(f"{name}: {', '.join(words)}")
        lines += [f"{name}: {note}" for note in model.notes]
    if result.edge is not None:
        eta, ntk = result.learning_rate, next(model for model in result.models if model.name == "ntk")
        slowest = 1 / (eta * (max(ntk.smallest, 0.0) + ntk.ridge)) if ntk.smallest > 0 or ntk.ridge > 0 else math.inf
        lines.append(
            f"time: eta = {eta:g}; modes decay in t = 1/(eta (lambda + ridge)), from {1 / (eta * (ntk.largest + ntk.ridge)):.3g} to {slowest:.3g}; "
            f"gradient descent needs eta < 2/lambda_max = {result.edge:.3g}" + ("" if eta < result.edge else ", so this is gradient flow only")
        )
    measure = "accuracy" if classes else "RMSE"
    lines += ["", f"  {'model':<6}{'time t':>10}{measure:>11}{'-log p':>10}{'ECE' if classes else '90 % cover':>12}{'scale':>10}{'seconds':>9}"]
    for score in result.scores:
        value = f"{score.value:.4f}" if classes else f"{score.value:.4g}"
        time = "" if score.time is None else f"{score.time:g}"
        lines.append(f"  {score.model.upper():<6}{time:>10}{value:>11}{score.nlpd:>10.4f}{score.calibration:>12.4f}{score.scale:>10.3g}{score.seconds:>9.2f}")
    if result.peak_memory_mib is not None:
        lines.append(f"\npeak memory of this process: {result.peak_memory_mib:.0f} MiB")
    return "\n".join(lines)


def told_json(result: Any) -> dict[str, Any]:
    """A run as plain values; a time without end is the text "inf"."""
    found = asdict(result)
    del found["arrays"]
    for score in found["scores"]:
        score["time"] = "inf" if score["time"] == math.inf else score["time"]
    for model in found["models"]:
        model["condition"] = "inf" if model["condition"] == math.inf else model["condition"]
    return found


def _given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT


def _start(value: Any, start: str) -> Any:
    """Where the choice of a deviation begins: it must not be 0, which would take the biases out of the network."""
    return Number().convert(start, None, None) if value == "auto" else value


def _require_places(outputs: tuple[Path, ...], plot: Path | None) -> None:
    """OutputError where a file cannot be written, before anything is computed."""
    for path in (*outputs, *(() if plot is None else (plot,))):
        if not path.absolute().parent.is_dir() or path.is_dir():
            raise OutputError("cannot write here", where=str(path), why="the folder does not exist, or this is one", fix="name a file in a folder that exists")
    for path in outputs:
        if path.suffix.lower() not in OUTPUTS:
            raise OutputError(f"the ending is {path.suffix!r}", where=str(path), fix="name a .json file for the scores or a .npz file for the predictions")


def _archive(arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()
