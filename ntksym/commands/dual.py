"""``ntksym dual``: the dual activation and its derivative, with the derivation."""

from __future__ import annotations

import json

import click

from ntksym.commands.output import show_json
from ntksym.commands.page import show_derivation
from ntksym.commands.specs import activation_options, read_activation
from ntksym.duals import dual


@click.command("dual")
@click.argument("spec")
@click.option("--psi", metavar="SPEC", help="A second activation: derive E[phi(u) psi(v)].")
@activation_options
@click.option("--detail", type=click.Choice(["result", "outline", "full"]), default="full", show_default=True, help="How much of the derivation to show.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def dual_command(spec: str, psi: str | None, variable: str | None, params: tuple[str, ...], detail: str, as_json: bool) -> None:
    """Derive V(q11, q12, q22) = E[phi(u) phi(v)] for a centred Gaussian pair, and dV/dq12.

    SPEC is a name from `ntksym list` or a formula in x, such as "max(0, x)".
    """
    phi = read_activation(spec, params, variable)
    made = dual(phi) if psi is None else dual(phi, read_activation(psi))
    if as_json:
        show_json({"schema_version": 1, "spec": spec, "verdict": made.verdict.name, "derivation": json.loads(made.to_json())})
    else:
        show_derivation(made, detail)
