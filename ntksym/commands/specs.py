"""How an activation is described on the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ntksym.activations import activation
from ntksym.catalogue import Activation


def activation_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--variable, --param."""
    command = click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter of the activation; may be given again.")(command)
    return click.option("--variable", metavar="NAME", help="Which symbol of a formula is the variable, where it is not x.")(command)


def read_activation(spec: str, params: tuple[str, ...] = (), variable: str | None = None) -> Activation:
    """The activation named or written by ``spec``, with NAME=VALUE parameters; ``variable`` names the variable of a formula."""
    values: dict[str, Any] = {}
    for entry in params:
        name, equals, value = entry.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise click.BadParameter(f"{entry!r} is not of the form NAME=VALUE", param_hint="--param")
        text = value.strip()
        values[name.strip()] = int(text) if text.lstrip("-").isdecimal() else text
    return activation(spec, variable=variable, **values)
