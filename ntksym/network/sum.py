"""Branches added up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import sympy as sp

from ntksym.network.layer import Layer, Signal, read_branches
from ntksym.network.wiring import Builder
from ntksym.serialize import register


def add(*signals: Signal) -> sp.Expr:
    """The sum at the own coordinate."""
    return sp.Add(*(signal.here for signal in signals))


@register
@dataclass(frozen=True)
class Sum(Layer):
    r"""$F_1(u) + F_2(u) + \dots$, one list of layers per branch; an empty list is the identity, so ``Sum([[], []])`` is $2u$."""

    json_head: ClassVar[str] = "SumOfBranches"  # SymPy has the other name
    branches: tuple[tuple[Any, ...], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "branches", read_branches(self.branches, "Sum"))

    @property
    def inner(self) -> tuple[Any, ...]:
        return tuple(layer for branch in self.branches for layer in branch)

    def place(self, wiring: Builder, source: str) -> str:
        ends = tuple(wiring.run(branch, source, f"branch {k}, ") for k, branch in enumerate(self.branches, 1))
        return wiring.map(self, ends, add)
