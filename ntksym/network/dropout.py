"""Dropout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ntksym.errors import NetworkError
from ntksym.network import values
from ntksym.network.layer import Layer
from ntksym.network.wiring import Builder
from ntksym.serialize import register


@register
@dataclass(frozen=True)
class Dropout(Layer):
    r"""$\xi_a u_a/\rho$ with $\xi_a = 1$ with probability $\rho$ (``keep``), else 0, drawn anew for every example (Srivastava et al. 2014).

    The kernel is that of two examples with masks of their own; on the diagonal an example meets itself under one mask.
    """

    keep: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "keep", values.exact(self.keep, "keep", "Dropout", "it is part of the network"))
        if self.keep.free_symbols or not 0 < self.keep <= 1:
            raise NetworkError(f"keep={self.keep}", where="Dropout", why="it is the probability that a neuron stays", fix="give a number in (0, 1]")

    def place(self, wiring: Builder, source: str) -> str:
        if self.keep == 1:
            return source
        return wiring.map(self, (source,), lambda u, mask: mask * u.here / self.keep, noise=True)
