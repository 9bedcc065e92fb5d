"""An activation applied to every neuron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction

from ntksym import notation
from ntksym.activations import Activation, activation
from ntksym.errors import NetworkError
from ntksym.forms import phi_derivative
from ntksym.nodes import Applied, Entry
from ntksym.serialize import register

DERIVATIVES = (None, "almost_everywhere", "distributional")


@register
@dataclass(frozen=True)
class Pointwise:
    r"""$z^\ell_a = \phi(h^\ell_a)$.

    ``phi``: anything :func:`ntksym.activation` takes, or ``Function("phi")`` for the general theorem.  ``derivative`` says which derivative of a phi with jumps
    is meant: "almost_everywhere" (what a finite network trains with) or "distributional" (the limit of smooth networks); None for a phi without jumps.
    """

    phi: Any
    derivative: str | None = None

    def __post_init__(self) -> None:
        if self.derivative not in DERIVATIVES:
            raise NetworkError(
                f"derivative={self.derivative!r} is unknown",
                where="Pointwise",
                why="a jump has two derivatives in use",
                fix="use None, 'almost_everywhere' or 'distributional'",
            )
        object.__setattr__(self, "phi", _read(self.phi))

    @property
    def function(self) -> sp.Lambda:
        """Phi as a Lambda in :data:`ntksym.notation.x`."""
        return self.phi.phi

    @property
    def is_abstract(self) -> bool:
        """Whether phi is a function left open."""
        return isinstance(self.function.expr, AppliedUndef)

    def forward(self, level: sp.Expr, label: sp.Symbol, index: sp.Symbol) -> sp.Expr:
        """z^level_index at the input ``label``, from h^level."""
        return Applied(self.function, Entry("h", level, (label,), (index,)))

    def jacobian(self, level: sp.Expr, label: sp.Symbol, index: sp.Symbol, column: sp.Symbol) -> sp.Expr:
        """The local Jacobian of z^level_index by h^level_column: diagonal."""
        return Applied(phi_derivative(self.function), Entry("h", level, (label,), (index,))) * sp.KroneckerDelta(index, column)


def abstract_activation(name: str = "phi") -> Activation:
    """An activation left open: phi(x) for an undefined function."""
    return Activation(name, sp.Lambda(notation.x, sp.Function(name, real=True)(notation.x)))


def _read(spec: Any) -> Activation:
    if isinstance(spec, UndefinedFunction):
        return abstract_activation(str(spec))
    if isinstance(spec, AppliedUndef):
        return abstract_activation(str(spec.func))
    return activation(spec)
