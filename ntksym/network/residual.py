"""The residual block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ntksym.network.layer import Layer, read_layers
from ntksym.network.sum import add
from ntksym.network.wiring import Builder
from ntksym.serialize import register


@register
@dataclass(frozen=True)
class Residual(Layer):
    r"""$u + F(u)$: the layers' output added to their input.  The last Dense inside has the width of the input."""

    layers: tuple[Any, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", read_layers(self.layers, "Residual"))

    @property
    def inner(self) -> tuple[Any, ...]:
        return self.layers

    def place(self, wiring: Builder, source: str) -> str:
        return wiring.map(self, (source, wiring.run(self.layers, source)), add)
