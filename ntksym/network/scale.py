"""A tensor times a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from ntksym.network import values
from ntksym.network.layer import Coordinatewise
from ntksym.network.signal import Signal
from ntksym.serialize import register


@register
@dataclass(frozen=True)
class Scale(Coordinatewise):
    r"""$\alpha\,u$, ``factor`` a number (kept exact) or a real SymPy symbol, whose value is then a keyword of the kernel."""

    factor: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "factor", values.exact(self.factor, "factor", "Scale", "it is part of the network"))

    def formula(self, u: Signal) -> sp.Expr:
        return self.factor * u.here
