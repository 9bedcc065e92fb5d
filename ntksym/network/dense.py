"""The fully connected layer."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from ntksym import notation
from ntksym.network import values
from ntksym.nodes import Entry, Width
from ntksym.serialize import register


@register
@dataclass(frozen=True)
class Dense:
    r"""$h^{\ell+1}_i = \frac{\sigma_w}{\sqrt{n_\ell}}\sum_a z^\ell_a\,\omega^{\ell+1}_{ai} + \sigma_b\,\beta^{\ell+1}_i$.

    ``sigma_w`` > 0 and ``sigma_b`` >= 0 are standard deviations, kept exact; they are the defaults of the generated keywords, except that a literal 0
    for ``sigma_b`` is structural: the layer has no bias terms.  A SymPy symbol means: no default.  ``width`` is the number of outputs, None if open.
    """

    sigma_w: sp.Expr | float = 1.0
    sigma_b: sp.Expr | float = 0.0
    width: int | None = None
    parameterization: str = "ntk"

    def __post_init__(self) -> None:
        object.__setattr__(self, "sigma_w", values.weight_deviation(self.sigma_w, "Dense"))
        object.__setattr__(self, "sigma_b", values.bias_deviation(self.sigma_b, "Dense"))
        object.__setattr__(self, "width", values.width(self.width, "Dense"))
        object.__setattr__(self, "parameterization", values.parameterization(self.parameterization, "Dense"))

    @property
    def has_bias(self) -> bool:
        """Whether the layer has bias terms."""
        return self.sigma_b != 0

    def forward(self, below: sp.Expr, above: sp.Expr, label: sp.Symbol, source: sp.Symbol, target: sp.Symbol) -> sp.Expr:
        """The entry ``target`` of h^above at the input ``label``, from z^below (summed over ``source``), the weights and the biases."""
        z = Entry("z", below, (label,), (source,))
        weights = Entry("omega", above, (), (source, target))
        total = notation.sigma_w / sp.sqrt(Width(below)) * sp.Sum(z * weights, (source, 1, Width(below)))
        return total + notation.sigma_b * Entry("beta", above, (), (target,)) if self.has_bias else total

    def jacobians(
        self, below: sp.Expr, above: sp.Expr, label: sp.Symbol, source: sp.Symbol, target: sp.Symbol, row: sp.Symbol, column: sp.Symbol
    ) -> dict[str, sp.Expr]:
        """Local Jacobians of h^above_target: by z^below_source ("z"), by omega^above_{row, column} ("omega") and by beta^above_column ("beta")."""
        scale = notation.sigma_w / sp.sqrt(Width(below))
        found = {
            "z": scale * Entry("omega", above, (), (source, target)),
            "omega": scale * Entry("z", below, (label,), (row,)) * sp.KroneckerDelta(target, column),
        }
        if self.has_bias:
            found["beta"] = notation.sigma_b * sp.KroneckerDelta(target, column)
        return found
