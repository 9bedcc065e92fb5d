"""Branches multiplied: gates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import sympy as sp

from ntksym.network.layer import Layer, Signal, read_branches
from ntksym.network.wiring import Builder
from ntksym.serialize import register


def multiply(*signals: Signal) -> sp.Expr:
    """The product at the own coordinate."""
    return sp.Mul(*(signal.here for signal in signals))


@register
@dataclass(frozen=True)
class Product(Layer):
    r"""$F_1(u) \odot F_2(u)$, coordinate by coordinate: a gate.  An empty list of layers is the identity."""

    json_head: ClassVar[str] = "ProductOfBranches"  # SymPy has the other name
    branches: tuple[tuple[Any, ...], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "branches", read_branches(self.branches, "Product"))

    @property
    def inner(self) -> tuple[Any, ...]:
        return tuple(layer for branch in self.branches for layer in branch)

    def place(self, wiring: Builder, source: str) -> str:
        ends = tuple(wiring.run(branch, source, f"branch {k}, ") for k, branch in enumerate(self.branches, 1))
        return wiring.map(self, ends, multiply)
