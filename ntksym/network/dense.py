"""The fully connected layer."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from ntksym import notation
from ntksym.errors import NetworkError
from ntksym.network import values
from ntksym.network.layer import Layer
from ntksym.network.wiring import Builder
from ntksym.nodes import Entry
from ntksym.serialize import register

SOURCE = sp.Symbol("a", integer=True, positive=True)


@register
@dataclass(frozen=True)
class Dense(Layer):
    r"""$h_i = \frac{\sigma_w}{\sqrt{n}}\sum_a u_a\,\omega_{ai} + \sigma_b\,\beta_i$, n the width of u.

    ``sigma_w`` > 0 and ``sigma_b`` >= 0 are standard deviations, kept exact; they are the defaults of the generated keywords, except that a literal 0
    for ``sigma_b`` is structural: the layer has no bias terms.  A SymPy symbol means: no default.  ``width`` is the number of outputs, None if open.

    ``parameterization`` "ntk" takes gradients in (omega, beta), "standard" in (W, b) = (sigma_w omega/sqrt(n), sigma_b beta): the network is the same at
    initialization, its tangent kernel is not.  ``frozen``: drawn, but not trained.  ``shared``: every Dense of this name in the network is one matrix (and
    one bias); ``transposed``: this one multiplies by its transpose.
    """

    sigma_w: sp.Expr | float = 1.0
    sigma_b: sp.Expr | float = 0.0
    width: int | None = None
    parameterization: str = "ntk"
    frozen: bool = False
    shared: str | None = None
    transposed: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "sigma_w", values.weight_deviation(self.sigma_w, "Dense"))
        object.__setattr__(self, "sigma_b", values.bias_deviation(self.sigma_b, "Dense"))
        object.__setattr__(self, "width", values.width(self.width, "Dense"))
        object.__setattr__(self, "parameterization", values.parameterization(self.parameterization, "Dense"))
        for name in ("frozen", "transposed"):
            if not isinstance(getattr(self, name), bool):
                raise NetworkError(f"{name}={getattr(self, name)!r}", where="Dense", fix="give True or False")
        if self.shared is not None and (not isinstance(self.shared, str) or not self.shared):
            raise NetworkError(f"shared={self.shared!r}", where="Dense", why="it names the matrix that several layers share", fix="give a name, or None")
        if self.transposed and self.shared is None:
            raise NetworkError(
                "transposed without a name in shared", where="Dense", why="a transpose is that of another layer's matrix", fix="name it: shared='W'"
            )
        if self.transposed and self.has_bias:
            raise NetworkError(
                "a transposed layer with biases", where="Dense", why="the biases of the shared layer have another width", fix="set sigma_b=0 and add Bias(...)"
            )

    @property
    def has_bias(self) -> bool:
        """Whether the layer has bias terms."""
        return self.sigma_b != 0

    @property
    def is_plain(self) -> bool:
        """Whether it is trained in the NTK parameterization with weights of its own."""
        return self.parameterization == "ntk" and not self.frozen and self.shared is None

    def place(self, wiring: Builder, source: str) -> str:
        return wiring.dense(self, source)

    def forward(self, source: Entry, width: sp.Expr, number: sp.Expr | int, target: sp.Symbol) -> sp.Expr:
        """The entry ``target`` of the output, from the tensor ``source`` (its coordinate is summed over), the weights and the biases ``number``."""
        z = Entry(*source.args[:3], (SOURCE,))
        weights = Entry("omega", number, (), (target, SOURCE) if self.transposed else (SOURCE, target))
        total = notation.sigma_w / sp.sqrt(width) * sp.Sum(z * weights, (SOURCE, 1, width))
        return total + notation.sigma_b * Entry("beta", number, (), (target,)) if self.has_bias else total

    def jacobians(self, source: Entry, width: sp.Expr, number: sp.Expr | int, target: sp.Symbol, row: sp.Symbol, column: sp.Symbol) -> dict[str, sp.Expr]:
        """Local Jacobians of the output at ``target``: by ``source`` at ``row`` ("z"), by omega_{row, column} ("omega") and by beta_column ("beta")."""
        scale = notation.sigma_w / sp.sqrt(width)
        a, b = (column, row) if self.transposed else (row, column)
        found = {
            "z": scale * Entry("omega", number, (), (target, row) if self.transposed else (row, target)),
            "omega": scale * Entry(*source.args[:3], (a,)) * sp.KroneckerDelta(target, b),
        }
        if self.has_bias:
            found["beta"] = notation.sigma_b * sp.KroneckerDelta(target, column)
        return found
