"""``ntksym graph``: the chain-rule graph of a network, to look at or to keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ntksym.commands.networks import is_network_file, network_options, read_network, read_text, refuse_activation_options
from ntksym.commands.output import can_show_unicode, say, width, write_file
from ntksym.commands.specs import activation_options
from ntksym.network import ChainGraph, Network, chain_graph
from ntksym.serialize import from_json

FORMATS = ("tree", "mermaid", "tikz", "svg", "png", "json")
_SUFFIXES = {".txt": "tree", ".mmd": "mermaid", ".mermaid": "mermaid", ".tex": "tikz", ".tikz": "tikz", ".svg": "svg", ".png": "png", ".json": "json"}


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
    chain = _read_chain(spec) if is_network_file(spec) else chain_graph(read_network(ctx, spec, variable, params, depth, sigma_w, sigma_b, derivative))
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
    if is_network_file(spec):
        refuse_activation_options(ctx)
    if fragment and form != "tikz":
        raise click.UsageError(f"--fragment is for --format tikz, not {form}.")
    if only_ascii and form != "tree":
        raise click.UsageError(f"--ascii is for --format tree, not {form}.")
    if form == "json" and (path is not None or not jacobians):
        raise click.UsageError("--path and --no-jacobians do not apply to json, which holds the whole graph.")
    if form == "png" and out is None:
        raise click.UsageError("A PNG is no text: give --out FILE.png.")


def _read_chain(name: str) -> ChainGraph:
    """The graph that a file holds, or that of the network it holds."""
    text = read_text(name)
    found = from_json(text)
    return chain_graph(found) if isinstance(found, Network) else ChainGraph.from_json(text)
