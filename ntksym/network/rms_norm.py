"""Root mean square normalization."""

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
class RMSNorm(Coordinatewise):
    r"""$\dfrac{u_a}{\sqrt{\overline{u^2} + \epsilon}}$, the average over the channels of one example.

    Nothing in it is trained (Zhang and Sennrich 2019).
    """

    epsilon: Any = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "epsilon", values.exact(self.epsilon, "epsilon", "RMSNorm", "it is part of the network"))
        if self.epsilon.is_negative:
            raise NetworkError(f"epsilon={self.epsilon} is negative", where="RMSNorm", why="it keeps the root away from zero", fix="give epsilon >= 0")

    def formula(self, u: Signal) -> sp.Expr:
        return u.here / sp.sqrt(u.mean(lambda t: t**2) + self.epsilon)
