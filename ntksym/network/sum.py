"""Branches added up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import sympy as sp

from ntksym.network.layer import Branching
from ntksym.network.signal import Signal
from ntksym.network.wiring import Builder
from ntksym.serialize import register


def add(*signals: Signal) -> sp.Expr:
    """The sum at the own coordinate."""
    return sp.Add(*(signal.here for signal in signals))


@register
@dataclass(frozen=True)
class Sum(Branching):
    r"""$F_1(u) + F_2(u) + \dots$, one list of layers per branch; an empty list is the identity, so ``Sum([[], []])`` is $2u$."""

    json_head: ClassVar[str] = "SumOfBranches"  # SymPy has the other name

    def place(self, wiring: Builder, source: str) -> str:
        return wiring.map(self, self.ends(wiring, source), add)
