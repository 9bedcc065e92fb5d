"""``ntksym derive``: the main job, end to end."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from ntksym.cli import load
from ntksym.commands.networks import TARGETS, is_network_file, network_options, read_network, require_values
from ntksym.commands.output import folder_in_the_making, say, show_json, write_files
from ntksym.commands.page import show_derivation
from ntksym.commands.specs import activation_options
from ntksym.errors import NtksymError
from ntksym.evaluate.data import NAMES, load_data
from ntksym.evaluate.emission import emit
from ntksym.library import derivations
from ntksym.network import chain_graph
from ntksym.proof import Derivation
from ntksym.report import document, html, latex, markdown
from ntksym.report.diagram import Diagram
from ntksym.theory import derive

FILES = ("derivation.tex", "derivation.md", "derivation.html", "derivation.json", "kernel.py")


@click.command("derive")
@click.argument("spec")
@activation_options
@network_options
@click.option("--target", type=click.Choice(TARGETS), default="ntk", show_default=True, help="What to derive.")
@click.option("--detail", type=click.Choice(["result", "outline", "full"]), default="full", show_default=True, help="How much of the derivation to show.")
@click.option("--data", metavar="NAME|FILE", help=f"Run the emitted kernel on {', '.join(NAMES)}, a .npz with x and y, or a .csv.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help=f"Write {', '.join(FILES)} here; other files there are left alone.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the split into training and test rows.")
@click.option("--ridge", type=float, help="Absolute ridge of the regression; default 0, raised only where the kernel matrix is singular.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def derive_command(
    ctx: click.Context,
    spec: str,
    variable: str | None,
    depth: int,
    sigma_w: Any,
    sigma_b: Any,
    params: tuple[str, ...],
    derivative: str | None,
    target: str,
    detail: str,
    data: str | None,
    out: Path | None,
    seed: int,
    ridge: float | None,
    as_json: bool,
) -> None:
    """Derive the kernel recursion of a network, show every step and how it was checked.

    SPEC is the id of a derivation (see `ntksym list`), an activation of a fully connected network (a name of the catalogue or a formula in x),
    or a .json file that Network.to_json wrote, of any wiring. With --out the derivation and the emitted code are written; with --data that
    code is run: kernel regression with the NNGP and the NTK.
    """
    if spec in derivations():
        _refuse_network_options(ctx, spec)
        made, source = derivations()[spec], None
        diagram = None
        dataset = None
    else:
        dataset = None if data is None else load_data(data)
        network = read_network(ctx, spec, variable, params, depth, sigma_w, sigma_b, derivative)
        if dataset is not None:
            if target == "jacobian":
                raise click.UsageError("--data needs a kernel: use --target nngp or ntk.")
            require_values(network)
        say(f"deriving {_WORDS.get(target, target.upper())} of {spec}{'' if is_network_file(spec) else f', depth {depth}'} ...")
        made = derive(network, target)
        diagram = chain_graph(network).diagram()
        source = _source(network, target, needed=dataset is not None)
    kernels = ("nngp",) if target == "nngp" else ("nngp", "ntk")
    written: list[str] = []
    result = None
    with TemporaryDirectory(prefix="ntksym-") as scratch:
        path = Path(scratch) / "kernel.py"
        if out is not None:
            with folder_in_the_making(out, FILES) as making:
                files = _files(made, source, diagram)
                write_files(making, files)
            written = [str(out / name) for name in files]
            path = out / "kernel.py"
        elif source is not None and dataset is not None:
            write_files(Path(scratch), {"kernel.py": source})
        if not as_json:
            show_derivation(made, detail)
        for name in written:
            say(f"wrote {name}")
        if dataset is not None:
            say(f"running {path if out is not None else 'the emitted kernel'} on {dataset.name} ...")
            result = load("experiment").run_kernel_file(path, dataset, seed=seed, ridge=ridge, kernels=kernels)
    if as_json:
        show_json(
            {
                "schema_version": 1,
                "spec": spec,
                "verdict": made.verdict.name,
                "derivation": json.loads(made.to_json()),
                "files": written,
                "data": None if result is None else asdict(result),
            }
        )
    elif result is not None:
        click.echo("\n" + told(result))


def told(result: Any) -> str:
    """A run on real data in a few lines."""
    lines = [
        f"{result.data}: {result.rows} x {result.columns}, {result.scaling}; float64 on {result.device}",
        f"split: {result.n_train} training rows, {result.n_test} test rows, seed {result.seed} (numpy.random.default_rng({result.seed}).permutation)",
    ]
    if result.task == "classification":
        lines.append(f"kernel regression on one-hot minus 1/k; the most frequent class alone scores {result.baseline:.4f}")
    else:
        lines.append(f"kernel regression on centred targets; the training mean alone has RMSE {result.baseline:.4g}")
    measure = "test accuracy" if result.task == "classification" else "test RMSE"
    lines.append("")
    lines.append(f"  {'kernel':<8}{measure:>14}{'condition':>12}{'ridge':>10}{'kernel s':>10}{'fit s':>8}")
    for score in result.scores:
        value = f"{score.value:.4f}" if result.task == "classification" else f"{score.value:.4g}"
        lines.append(
            f"  {score.kernel.upper():<8}{value:>14}{score.condition:>12.2e}{score.ridge:>10.3g}{score.kernel_seconds:>10.2f}{score.fit_seconds:>8.2f}"
        )
    lines += [f"  {score.kernel.upper()}: a ridge was added because {score.ridge_reason}" for score in result.scores if score.ridge_reason]
    if result.peak_memory_mib is not None:
        lines.append(f"\npeak memory of this process: {result.peak_memory_mib:.0f} MiB")
    return "\n".join(lines)


_WORDS = {
    "jacobian": "the Jacobian",
    "nngp": "the NNGP",
    "ntk": "the NTK",
    "linearized": "the linearized training",
    "flow": "the linearized training",
    "ensemble": "the trained ensemble",
}


def _source(network: Any, target: str, *, needed: bool) -> str | None:
    """The emitted module, or None where there is none to emit (and none is needed)."""
    if target == "jacobian":
        return None
    try:
        return emit(network, target)
    except NtksymError as error:
        if needed:
            raise
        say(f"no kernel.py: {error}")
        return None


def _files(made: Derivation, source: str | None, diagram: Diagram | None) -> dict[str, str]:
    page = document(made, diagram=diagram)
    files = {
        "derivation.tex": latex.render(page),
        "derivation.md": markdown.render(page),
        "derivation.html": html.render(page),
        "derivation.json": made.to_json(),
    }
    return files if source is None else {**files, "kernel.py": source}


def _refuse_network_options(ctx: click.Context, spec: str) -> None:
    """A theorem is general: an option that describes a network or data would be ignored, so it is refused."""
    for name in ("variable", "depth", "sigma_w", "sigma_b", "params", "derivative", "target", "data", "seed", "ridge"):
        if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            option = "--param" if name == "params" else "--" + name.replace("_", "-")
            raise click.UsageError(f"{option} does not apply to the derivation {spec!r}, which is general; give an activation instead.")
