"""Several outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ntksym.errors import NetworkError
from ntksym.network.layer import Layer, read_layers
from ntksym.network.wiring import Builder
from ntksym.serialize import register


@register
@dataclass(frozen=True)
class Heads(Layer):
    """Outputs with names, each a list of layers on the same tensor: ``Heads({"value": [Dense(width=1)], "policy": [Dense(width=8)]})``; the last layer only.

    The kernel of head ``value`` is ``get="ntk_value"``; kernels between heads vanish, since their readouts are independent.  A finite network returns the
    heads side by side.
    """

    heads: Any

    def __post_init__(self) -> None:
        pairs = tuple(self.heads.items()) if isinstance(self.heads, Mapping) else self.heads
        if not isinstance(pairs, list | tuple) or not pairs or any(not isinstance(p, list | tuple) or len(p) != 2 for p in pairs):
            raise NetworkError(
                f"heads is {self.heads!r}", where="Heads", fix='give a dictionary: Heads({"value": [Dense(width=1)], "policy": [Dense(width=8)]})'
            )
        for name, _ in pairs:
            if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
                raise NetworkError(f"the head {name!r}", where="Heads", why='its kernels are asked for as get="ntk_" + name', fix="give an identifier")
        if len({name for name, _ in pairs}) != len(pairs):
            raise NetworkError("two heads of one name", where="Heads", fix="give each head a name of its own")
        object.__setattr__(self, "heads", tuple((name, read_layers(layers, f"Heads[{name!r}]")) for name, layers in pairs))

    @property
    def inner(self) -> tuple[Any, ...]:
        return tuple(layer for _, layers in self.heads for layer in layers)

    def place(self, wiring: Builder, source: str) -> str:
        for name, layers in self.heads:
            wiring.output(name, wiring.run(layers, source, f"head {name!r}, "))
        return wiring.outputs[-1][1]
