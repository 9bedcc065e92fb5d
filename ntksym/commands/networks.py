"""How a network is described on the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ntksym.catalogue import Activation
from ntksym.errors import NtksymError
from ntksym.network import Network, Pointwise, fcn
from ntksym.parse import parse_number

TARGETS = ("jacobian", "nngp", "ntk")


class Number(click.ParamType):
    """A number, exactly as written: 1.5, 3/2, sqrt(2)."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return parse_number(value) if isinstance(value, str) else value


def network_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--depth, --sigma-w, --sigma-b, --derivative."""
    for option in reversed(
        (
            click.option("--depth", type=int, default=3, show_default=True, help="Number of hidden layers."),
            click.option("--sigma-w", type=Number(), default="1", show_default=True, help="Standard deviation of the weights, e.g. 1.5 or sqrt(2)."),
            click.option("--sigma-b", type=Number(), default="0", show_default=True, help="Standard deviation of the biases; 0 means no biases."),
            click.option(
                "--derivative",
                type=click.Choice(["almost_everywhere", "distributional"]),
                help="Which derivative of an activation with jumps is meant.",
            ),
        )
    ):
        command = option(command)
    return command


def read_network(phi: Activation, depth: int, sigma_w: Any, sigma_b: Any, derivative: str | None) -> Network:
    """The fully connected network the options describe."""
    return fcn(depth, Pointwise(phi, derivative=derivative), sigma_w=sigma_w, sigma_b=sigma_b)


def require_values(phi: Activation) -> None:
    """Raise where a parameter of ``phi`` has no number, so that nothing can be computed."""
    known = {symbol for symbol, _ in phi.defaults}
    missing = [symbol.name for symbol in phi.parameters if symbol not in known]
    if missing:
        raise NtksymError(
            f"the parameter {', '.join(missing)} has no value",
            where=f"activation {phi.name}",
            why="numbers on data need a number for every parameter",
            fix=f"add --param {missing[0]}=0.5, say",
        )
