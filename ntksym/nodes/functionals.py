r"""What is made from whole tensors: a trace, one entry, the loss and its gradient at a vector; and what follows from what.

Inert like their neighbours: ``Trace`` takes no trace, ``GradientAt`` differentiates nothing.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.logic.boolalg import Boolean
from sympy.printing.precedence import PRECEDENCE


def rows_and_columns(expression: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """The shape of a sum of products, read off its first factors; it is not examined for consistency."""
    if isinstance(expression, sp.Add):
        return rows_and_columns(next(term for term in expression.args if not term.is_commutative))
    if isinstance(expression, sp.Derivative):
        return rows_and_columns(expression.expr)
    if isinstance(expression, sp.Sum):
        return rows_and_columns(expression.function)
    if isinstance(expression, sp.Mul):
        factors = [factor for factor in expression.args if not factor.is_commutative]
        return rows_and_columns(factors[0])[0], rows_and_columns(factors[-1])[1]
    return expression.shape


class Trace(sp.Expr):
    r"""$\operatorname{tr} A$."""

    is_commutative = True
    is_real = True
    precedence = PRECEDENCE["Func"]

    @property
    def matrix(self) -> sp.Expr:
        return self.args[0]

    def _sympystr(self, printer: Any) -> str:
        return f"tr({printer.doprint(self.matrix)})"


class Component(sp.Expr):
    r"""$[A]_{ij}$, or $[v]_i$: ``Component(A, (i, j))``."""

    is_commutative = True
    is_real = True
    precedence = PRECEDENCE["Atom"]

    def __new__(cls, tensor: Any, indices: Any) -> Component:
        return sp.Expr.__new__(cls, tensor, sp.Tuple(*indices))

    @property
    def tensor(self) -> sp.Expr:
        return self.args[0]

    @property
    def indices(self) -> sp.Tuple:
        return self.args[1]

    def _sympystr(self, printer: Any) -> str:
        return f"[{printer.doprint(self.tensor)}]_{'_'.join(printer.doprint(i) for i in self.indices)}"


class LossAt(sp.Expr):
    r"""$\mathcal L(f)$, the loss as a function of the outputs on the training inputs."""

    is_commutative = True
    is_real = True
    precedence = PRECEDENCE["Func"]

    @property
    def outputs(self) -> sp.Expr:
        return self.args[0]

    def _sympystr(self, printer: Any) -> str:
        return f"L({printer.doprint(self.outputs)})"


class GradientAt(sp.Expr):
    r"""$\nabla_f\mathcal L(f)$, the gradient of the loss with respect to the outputs on the training inputs, at the outputs named."""

    is_commutative = False
    precedence = PRECEDENCE["Func"]

    @property
    def outputs(self) -> sp.Expr:
        return self.args[0]

    @property
    def shape(self) -> tuple[sp.Expr, sp.Expr]:
        return rows_and_columns(self.outputs)

    def _sympystr(self, printer: Any) -> str:
        return f"grad L({printer.doprint(self.outputs)})"


class Follows(Boolean):
    r"""$P \Rightarrow Q$: ``Follows(P, Q)``."""

    def __new__(cls, condition: Any, consequence: Any) -> Follows:
        return Boolean.__new__(cls, condition, consequence)

    @property
    def condition(self) -> sp.Basic:
        return self.args[0]

    @property
    def consequence(self) -> sp.Basic:
        return self.args[1]


class Equivalence(Boolean):
    r"""$P \Leftrightarrow Q$: ``Equivalence(P, Q)``."""

    def __new__(cls, first: Any, second: Any) -> Equivalence:
        return Boolean.__new__(cls, first, second)
