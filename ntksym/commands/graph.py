"""``ntksym graph``: the chain-rule graph of a network, to look at or to keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ntksym.commands.networks import network_options, read_network
from ntksym.commands.output import can_show_unicode, say, width, write_file
from ntksym.commands.specs import activation_options, read_activation
from ntksym.errors import DataError
from ntksym.network import ChainGraph, Network, chain_graph
from ntksym.serialize import from_json

FORMATS = ("tree", "mermaid", "tikz", "svg", "png", "json")
_SUFFIXES = {".txt": "tree", ".mmd": "mermaid", ".mermaid": "mermaid", ".tex": "tikz", ".tikz": "tikz", ".svg": "svg", ".png": "png", ".json": "json"}
_ACTIVATION_ONLY = ("variable", "depth", "sigma_w", "sigma_b", "params", "derivative")
_LARGEST_FILE = 10_000_000  # bytes


@click.command("graph")
@click.argument("spec")
@activation_options
@network_options
@click.option("--format", "form", type=click.Choice(FORMATS), help="How to show it; by default what the name of --out says, else tree.")
@click.option(
    "--path", metavar="NAME", help="Light every path from this parameter to the output and write the derivative out: omega^2, or theta^2 for layer 2."
)
@click.option("--no-jacobians", "jacobians", is_flag=True, flag_value=False, default=True, help="Leave the local Jacobians off the arrows.")
@click.option("--fragment", is_flag=True, help="With tikz: the tikzpicture alone, for a document of your own.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write here instead of stdout.")
@click.option("--ascii", "only_ascii", is_flag=True, help="With tree: ASCII only.")
@click.pass_context
def graph_command(
    ctx: click.Context,
    spec: str,
    variable: str | None,
    params: tuple[str, ...],
    depth: int,
    sigma_w: Any,
    sigma_b: Any,
    derivative: str | None,
    form: str | None,
    path: str | None,
    jacobians: bool,
    fragment: bool,
    out: Path | None,
    only_ascii: bool,
) -> None:
    """Show the chain-rule graph: tensors and parameters, with the local Jacobian on every arrow.

    SPEC is an activation (a name of the catalogue or a formula in x), or a .json file that Network.to_json or ChainGraph.to_json wrote.
    """
    form = form or (_SUFFIXES.get(out.suffix.lower(), "tree") if out is not None else "tree")
    _refuse(ctx, spec, form, path, jacobians, fragment, only_ascii, out)
    chain = (
        _read_chain(spec)
        if spec.lower().endswith(".json")
        else chain_graph(read_network(read_activation(spec, params, variable), depth, sigma_w, sigma_b, derivative))
    )
    shown: str | bytes
    if form == "tree":
        shown = chain.tree(path, jacobians=jacobians, width=width(), ascii=only_ascii or (out is None and not can_show_unicode()))
    elif form == "tikz":
        shown = chain.tikz(path, jacobians=jacobians, fragment=fragment)
    elif form == "json":
        shown = chain.to_json(indent=2)
    else:
        shown = {"mermaid": chain.mermaid, "svg": chain.svg, "png": chain.png}[form](path, jacobians=jacobians)
    if out is not None:
        write_file(out, shown)
        say(f"wrote {out}")
    else:
        click.echo(shown, nl=False)


def _refuse(ctx: click.Context, spec: str, form: str, path: str | None, jacobians: bool, fragment: bool, only_ascii: bool, out: Path | None) -> None:
    """An option that would be ignored is refused."""
    if spec.lower().endswith(".json"):
        for name in _ACTIVATION_ONLY:
            if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
                option = "--param" if name == "params" else "--" + name.replace("_", "-")
                raise click.UsageError(f"{option} does not apply to a file, which says all of the network.")
    if fragment and form != "tikz":
        raise click.UsageError(f"--fragment is for --format tikz, not {form}.")
    if only_ascii and form != "tree":
        raise click.UsageError(f"--ascii is for --format tree, not {form}.")
    if form == "json" and (path is not None or not jacobians):
        raise click.UsageError("--path and --no-jacobians do not apply to json, which holds the whole graph.")
    if form == "png" and out is None:
        raise click.UsageError("A PNG is no text: give --out FILE.png.")


def _read_chain(name: str) -> ChainGraph:
    file = Path(name)
    try:
        if file.stat().st_size > _LARGEST_FILE:
            raise DataError(f"it is larger than {_LARGEST_FILE // 1_000_000} MB", where=name, fix="give what Network.to_json wrote")
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror or error})", where=name, fix="give a file that Network.to_json wrote") from error
    except UnicodeDecodeError as error:
        raise DataError("this is no text", where=name, fix="give a file that Network.to_json wrote") from error
    found = from_json(text)
    if isinstance(found, Network):
        return chain_graph(found)
    return ChainGraph.from_json(text)
