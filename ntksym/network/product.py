"""Branches multiplied: gates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import sympy as sp

from ntksym.network.layer import Branching
from ntksym.network.signal import Signal
from ntksym.network.wiring import Builder
from ntksym.serialize import register


def multiply(*signals: Signal) -> sp.Expr:
    """The product at the own coordinate."""
    return sp.Mul(*(signal.here for signal in signals))


@register
@dataclass(frozen=True)
class Product(Branching):
    r"""$F_1(u) \odot F_2(u)$, coordinate by coordinate: a gate.  An empty list of layers is the identity."""

    json_head: ClassVar[str] = "ProductOfBranches"  # SymPy has the other name

    def place(self, wiring: Builder, source: str) -> str:
        return wiring.map(self, self.ends(wiring, source), multiply)
