"""How a network is described on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ntksym.commands.specs import read_activation
from ntksym.errors import DataError, NtksymError
from ntksym.network import Network, Pointwise, fcn
from ntksym.parse import parse_number
from ntksym.serialize import from_json

TARGETS = ("jacobian", "nngp", "ntk", "linearized", "flow", "ensemble")


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


_ACTIVATION_ONLY = ("variable", "depth", "sigma_w", "sigma_b", "params", "derivative")
_LARGEST_FILE = 10_000_000  # bytes


def is_network_file(spec: str) -> bool:
    """Whether SPEC names a file that holds a network."""
    return spec.lower().endswith(".json")


def read_network(
    ctx: click.Context, spec: str, variable: str | None, params: tuple[str, ...], depth: int, sigma_w: Any, sigma_b: Any, derivative: str | None
) -> Network:
    """The network that SPEC and the options describe: fully connected with an activation, or one of any wiring from a file."""
    if not is_network_file(spec):
        phi = read_activation(spec, params, variable)
        return fcn(depth, Pointwise(phi, derivative=derivative), sigma_w=sigma_w, sigma_b=sigma_b)
    refuse_activation_options(ctx)
    found = from_json(read_text(spec))
    if not isinstance(found, Network):
        raise DataError(f"the file holds a {type(found).__name__}", where=spec, fix="give a file that Network.to_json wrote")
    return found


def refuse_activation_options(ctx: click.Context) -> None:
    """A file says all of the network: an option that would be ignored is refused."""
    for name in _ACTIVATION_ONLY:
        if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            option = "--param" if name == "params" else "--" + name.replace("_", "-")
            raise click.UsageError(f"{option} does not apply to a file, which says all of the network.")


def read_text(name: str) -> str:
    """The text of a JSON file; DataError where it cannot be read."""
    file = Path(name)
    try:
        if file.stat().st_size > _LARGEST_FILE:
            raise DataError(f"it is larger than {_LARGEST_FILE // 1_000_000} MB", where=name, fix="give what Network.to_json wrote")
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror or error})", where=name, fix="give a file that Network.to_json wrote") from error
    except UnicodeDecodeError as error:
        raise DataError("this is no text", where=name, fix="give a file that Network.to_json wrote") from error


def require_values(network: Network) -> None:
    """Raise where a parameter of an activation has no number, so that nothing can be computed."""
    for pointwise in network.pointwises:
        phi = pointwise.phi
        known = {symbol for symbol, _ in phi.defaults}
        missing = [symbol.name for symbol in phi.parameters if symbol not in known]
        if missing:
            raise NtksymError(
                f"the parameter {', '.join(missing)} has no value",
                where=f"activation {phi.name}",
                why="numbers on data need a number for every parameter",
                fix=f"add --param {missing[0]}=0.5, say",
            )
