"""Biases alone."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from ntksym import notation
from ntksym.errors import NetworkError
from ntksym.network import values
from ntksym.network.layer import Layer
from ntksym.network.wiring import Builder
from ntksym.serialize import register


@register
@dataclass(frozen=True)
class Bias(Layer):
    r"""$u + \sigma_b\,\beta$ with trained $\beta_a \sim \mathcal N(0,1)$.

    In ``params`` of a finite network it is a pair (w, beta) like every other, with w of shape (0, n); so it is in the per-layer keywords of a kernel.
    """

    sigma_b: sp.Expr | float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "sigma_b", values.bias_deviation(self.sigma_b, "Bias"))
        if self.sigma_b == 0:
            raise NetworkError("sigma_b=0", where="Bias", why="a bias layer without biases does nothing", fix="leave it out")

    @property
    def sigma_w(self) -> sp.Expr:
        """There are no weights; the entry of the keyword sigma_w that belongs to the layer is not used."""
        return sp.S.One

    @property
    def has_bias(self) -> bool:
        return True

    def place(self, wiring: Builder, source: str) -> str:
        return wiring.map(self, (source,), lambda u, beta: u.here + notation.sigma_b * beta, bias=True)
