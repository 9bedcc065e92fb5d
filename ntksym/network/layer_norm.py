"""Layer normalization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from ntksym.errors import NetworkError
from ntksym.network import values
from ntksym.network.layer import Coordinatewise
from ntksym.network.signal import Signal
from ntksym.serialize import register


@register
@dataclass(frozen=True)
class LayerNorm(Coordinatewise):
    r"""$\dfrac{u_a - \bar u}{\sqrt{\overline{u^2} - \bar u^2 + \epsilon}}$, averages over the channels of one example.

    Nothing in it is trained (Ba, Kiros, Hinton 2016).
    """

    epsilon: Any = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "epsilon", values.exact(self.epsilon, "epsilon", "LayerNorm", "it is part of the network"))
        if self.epsilon.is_negative:
            raise NetworkError(f"epsilon={self.epsilon} is negative", where="LayerNorm", why="it keeps the root away from zero", fix="give epsilon >= 0")

    def formula(self, u: Signal) -> sp.Expr:
        mean = u.mean(lambda t: t)
        return (u.here - mean) / sp.sqrt(u.mean(lambda t: t**2) - mean**2 + self.epsilon)
