"""How an activation is described on the command line."""

from __future__ import annotations

from typing import Any

import click

from ntksym.activations import activation
from ntksym.catalogue import Activation


def read_activation(spec: str, params: tuple[str, ...] = ()) -> Activation:
    """The activation named or written by ``spec``, with NAME=VALUE parameters."""
    values: dict[str, Any] = {}
    for entry in params:
        name, equals, value = entry.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise click.BadParameter(f"{entry!r} is not of the form NAME=VALUE", param_hint="--param")
        text = value.strip()
        values[name.strip()] = int(text) if text.lstrip("-").isdecimal() else text
    return activation(spec, **values)
