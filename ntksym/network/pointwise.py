"""An activation applied to every neuron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction

from ntksym import notation
from ntksym.activations import Activation, activation
from ntksym.errors import NetworkError
from ntksym.network.layer import Coordinatewise
from ntksym.network.signal import Signal
from ntksym.nodes import Applied
from ntksym.serialize import register

DERIVATIVES = (None, "almost_everywhere", "distributional")


@register
@dataclass(frozen=True)
class Pointwise(Coordinatewise):
    r"""$z_a = \phi(u_a)$.

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

    def formula(self, u: Signal) -> sp.Expr:
        return Applied(self.function, u.here)


def abstract_activation(name: str = "phi") -> Activation:
    """An activation left open: phi(x) for an undefined function."""
    return Activation(name, sp.Lambda(notation.x, sp.Function(name, real=True)(notation.x)))


def _read(spec: Any) -> Activation:
    if isinstance(spec, UndefinedFunction):
        return abstract_activation(str(spec))
    if isinstance(spec, AppliedUndef):
        return abstract_activation(str(spec.func))
    return activation(spec)
