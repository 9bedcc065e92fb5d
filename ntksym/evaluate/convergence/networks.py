"""One network at several widths."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from ntksym.errors import NetworkError
from ntksym.network import Dense, Network
from ntksym.network.layer import Layer

NetworkOfWidth = Callable[[int], Network]


def network_of_width(given: Network | NetworkOfWidth, where: str) -> NetworkOfWidth:
    """``given`` as a function of the width: itself, or the network with every width that it leaves open replaced.  NetworkError for anything else."""
    if isinstance(given, Network):
        return _with_open_widths(given, where)
    if not callable(given):
        raise NetworkError(
            f"{given!r} is neither a network nor a function of the width"[:200], where=where, fix="give lambda n: ntksym.fcn(2, 'relu', widths=n)"
        )

    def checked(width: int) -> Network:
        network = given(width)
        if not isinstance(network, Network):
            raise NetworkError(f"the function of the width returns a {type(network).__name__}", where=where, fix="let it return a ntksym.Network")
        return network

    return checked


def _with_open_widths(network: Network, where: str) -> NetworkOfWidth:
    wiring = network.wiring
    for head, name in wiring.outputs:
        node = wiring.node(name)
        if wiring.size(node.width) is None:
            raise NetworkError(
                f"the output{f' {head}' if head else ''} has no width",
                where=f"{where}, {node.where}",
                why="the widths that are left open grow, the number of outputs does not",
                fix="give it: Dense(..., width=1) at the readout",
            )
    if _filled(network, 1) == network:
        raise NetworkError(
            "no width is left open", where=where, why="there is none to grow", fix="leave the hidden widths open, or give a function of the width"
        )
    return lambda width: _filled(network, width)


def _filled(part: Any, width: int) -> Any:
    """The layers with ``width`` in the place of every open one."""
    if isinstance(part, tuple):
        return tuple(_filled(item, width) for item in part)
    if not isinstance(part, Layer | Network):
        return part
    if isinstance(part, Dense):
        return dataclasses.replace(part, width=width) if part.width is None else part
    return dataclasses.replace(part, **{f.name: _filled(getattr(part, f.name), width) for f in dataclasses.fields(part)})
