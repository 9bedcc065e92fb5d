"""``ntksym emit``: the derived kernel as a Python module that stands alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ntksym.commands.networks import TARGETS, network_options, read_network
from ntksym.commands.output import say, write_file
from ntksym.commands.specs import activation_options
from ntksym.evaluate.emission import emit


@click.command("emit")
@click.argument("spec")
@activation_options
@network_options
@click.option("--target", type=click.Choice(TARGETS[1:]), default="ntk", show_default=True, help="What the module computes.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write here instead of stdout.")
@click.pass_context
def emit_command(
    ctx: click.Context,
    spec: str,
    variable: str | None,
    depth: int,
    sigma_w: Any,
    sigma_b: Any,
    params: tuple[str, ...],
    derivative: str | None,
    target: str,
    output: Path | None,
) -> None:
    """Write the kernel of the network as one Python module that imports jax only.

    SPEC is an activation (a name from `ntksym list` or a formula in x), or a .json file that Network.to_json wrote.
    """
    source = emit(read_network(ctx, spec, variable, params, depth, sigma_w, sigma_b, derivative), target)
    if output is None:
        click.echo(source, nl=not source.endswith("\n"))
        return
    write_file(output, source)
    say(f"wrote {output}")
