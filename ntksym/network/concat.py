"""Branches side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ntksym.network.layer import Layer, read_branches
from ntksym.network.wiring import Builder
from ntksym.serialize import register


@register
@dataclass(frozen=True)
class Concat(Layer):
    """The channels of every branch, one after the other, as in dense nets; an empty list of layers is the identity.

    In the limit the shares of the channels stay as declared; branches of open width count alike.
    """

    branches: tuple[tuple[Any, ...], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "branches", read_branches(self.branches, "Concat"))

    @property
    def inner(self) -> tuple[Any, ...]:
        return tuple(layer for branch in self.branches for layer in branch)

    def place(self, wiring: Builder, source: str) -> str:
        ends = tuple(wiring.run(branch, source, f"branch {k}, ") for k, branch in enumerate(self.branches, 1))
        return wiring.concat(self, ends)
