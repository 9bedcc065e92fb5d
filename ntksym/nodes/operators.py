r"""Whole tensors and functions of the kernel matrix: what the training dynamics is written in.

A product of arrays is a product of matrices, so none of these nodes commutes.  ``Spectral(psi, Theta)`` is psi of a symmetric matrix: the matrix with the same
eigenvectors and psi of the eigenvalues.  Not here: any law of that algebra; the rules and their checkers have it.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.printing.precedence import PRECEDENCE

from ntksym.notation import latex_name

# Name of an array -> its kinds of rows and columns: "out" stands for one number per output and example of the next input label, "example" for one per example.
_KINDS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("f", "flin", "targets", "lossgrad", "lossgradlin", "dualcoef", "eigenvec", "meanout"), ("out", "one")),
    **dict.fromkeys(("residual", "residuallin", "errorvec", "remainder"), ("out", "one")),
    **dict.fromkeys(("flinother", "dualcoefother", "reference", "referencecoef", "gpmean", "loomean"), ("out", "one")),
    **dict.fromkeys(("theta", "weightmove", "thetagrad", "rival"), ("parameters", "one")),
    "J": ("out", "parameters"),
    "pinv": ("parameters", "out"),
    **dict.fromkeys(("Thetahat", "Theta", "K", "Ddiff", "decay", "covout"), ("out", "out")),
    **dict.fromkeys(("gpcov", "Kslope", "regression", "regressionK", "loovar"), ("out", "out")),
    **dict.fromkeys(("loss", "ridgeloss", "penalized", "distance", "evidence", "evidenceslope"), ("one", "one")),
    "losshess": ("outputs", "outputs"),
    "outsum": ("example", "out"),
    "Thetaone": ("example", "example"),
}
_NOT_SYMMETRIC = ("regression", "regressionK")  # A(x, x')^T is A(x', x) for kernels only
_PARAMETERS, _EXAMPLES, _OUTPUTS = (sp.Symbol(name, integer=True, positive=True) for name in ("P", "N", "k"))


class Array(sp.Expr):
    r"""A whole tensor, such as $f_t(\mathcal X)$ or $\hat\Theta_0(x, \mathcal X)$: ``Array(name, inputs, time, layer)``.

    ``name`` is a key of :mod:`ntksym.notation`; ``inputs`` are labels, of which ``X`` stands for all training inputs and any other for one input; ``time`` is
    a tuple of one entry, or empty for what does not move; ``layer`` likewise, for the part that belongs to one layer's parameters.
    """

    is_commutative = False
    precedence = PRECEDENCE["Atom"]

    def __new__(cls, name: Any, inputs: Any = (), time: Any = (), layer: Any = ()) -> Array:
        label = sp.Symbol(name) if isinstance(name, str) else name
        return sp.Expr.__new__(cls, label, sp.Tuple(*inputs), sp.Tuple(*time), sp.Tuple(*layer))

    @property
    def name(self) -> str:
        return str(self.args[0])

    @property
    def inputs(self) -> sp.Tuple:
        return self.args[1]

    @property
    def time(self) -> sp.Tuple:
        return self.args[2]

    @property
    def layer(self) -> sp.Tuple:
        return self.args[3]

    @property
    def shape(self) -> tuple[sp.Expr, sp.Expr]:
        """Rows and columns; a column vector has one column."""
        labels = iter(self.inputs)
        rows, columns = (_size(kind, labels) for kind in _KINDS[self.name])
        return rows, columns

    @property
    def free_symbols(self) -> set[sp.Basic]:
        return self.inputs.free_symbols | self.time.free_symbols | self.layer.free_symbols

    def _eval_derivative(self, symbol: sp.Basic) -> sp.Expr:
        return sp.Derivative(self, symbol, evaluate=False) if symbol in self.time.free_symbols else sp.S.Zero

    def _eval_derivative_n_times(self, symbol: sp.Basic, count: Any) -> sp.Expr:
        return sp.Derivative(self, (symbol, count), evaluate=False) if symbol in self.time.free_symbols else sp.S.Zero

    def _latex(self, printer: Any) -> str:
        letter = latex_name(self.name) or self.name
        above = f"^{{{printer.doprint(self.layer[0])}}}" if self.layer else ""
        below = f"_{{{printer.doprint(self.time[0])}}}".replace(" ", "") if self.time else ""
        inputs = f"({','.join(printer.doprint(label) for label in self.inputs)})" if self.inputs else ""
        return f"{letter}{above}{below}{inputs}"

    def _sympystr(self, printer: Any) -> str:
        above = f"^{printer.doprint(self.layer[0])}" if self.layer else ""
        below = f"_{printer.doprint(self.time[0])}" if self.time else ""
        return f"{self.name}{above}{below}({', '.join(map(str, self.inputs))})"


def _size(kind: str, labels: Any) -> sp.Expr:
    if kind == "one":
        return sp.S.One
    if kind in ("parameters", "outputs"):
        return _PARAMETERS if kind == "parameters" else _OUTPUTS
    examples = {"X": _EXAMPLES, "rest": _EXAMPLES - 1}.get(str(next(labels)), sp.S.One)
    return examples if kind == "example" else _OUTPUTS * examples


class Transposed(sp.Expr):
    r"""$A^\top$ of an Array."""

    is_commutative = False
    precedence = PRECEDENCE["Pow"]

    @property
    def array(self) -> Array:
        return self.args[0]

    @property
    def shape(self) -> tuple[sp.Expr, sp.Expr]:
        rows, columns = self.array.shape
        return columns, rows

    def _eval_derivative(self, symbol: sp.Basic) -> sp.Expr:
        return sp.Derivative(self, symbol, evaluate=False) if symbol in self.array.time.free_symbols else sp.S.Zero

    def _latex(self, printer: Any) -> str:
        return rf"{printer.doprint(self.array)}^{{\top}}"

    def _sympystr(self, printer: Any) -> str:
        return f"{printer.doprint(self.array)}^T"


class Spectral(sp.Expr):
    r"""$\psi(A)$ for a symmetric matrix A: ``Spectral(Lambda(lam, psi), A)``."""

    is_commutative = False
    precedence = PRECEDENCE["Func"]

    @property
    def function(self) -> sp.Lambda:
        return self.args[0]

    @property
    def matrix(self) -> Array:
        return self.args[1]

    @property
    def shape(self) -> tuple[sp.Expr, sp.Expr]:
        return self.matrix.shape

    @property
    def free_symbols(self) -> set[sp.Basic]:
        return self.function.free_symbols | self.matrix.free_symbols

    def _eval_derivative(self, symbol: sp.Basic) -> sp.Expr:
        (variable,) = self.function.variables
        slope = sp.diff(self.function.expr, symbol)
        return sp.S.Zero if slope == 0 else Spectral(sp.Lambda(variable, slope), self.matrix)

    def _sympystr(self, printer: Any) -> str:
        return f"({printer.doprint(self.function)})({printer.doprint(self.matrix)})"


class Norm(sp.Expr):
    r"""$\lVert v \rVert$: the Euclidean norm of a vector, or the operator norm of a matrix."""

    is_commutative = True
    is_nonnegative = True
    is_real = True
    precedence = PRECEDENCE["Func"]

    @property
    def vector(self) -> sp.Expr:
        return self.args[0]

    def _sympystr(self, printer: Any) -> str:
        return f"|{printer.doprint(self.vector)}|"


def transpose(expression: sp.Expr) -> sp.Expr:
    """The transpose of a sum of products of arrays, functions of symmetric matrices and numbers."""
    if expression.is_commutative:
        return expression
    if isinstance(expression, sp.Add):
        return sp.Add(*(transpose(part) for part in expression.args))
    if isinstance(expression, sp.Mul):
        return sp.Mul(*(transpose(part) for part in reversed(expression.args)))
    if isinstance(expression, Spectral):
        return expression
    if isinstance(expression, Transposed):
        return expression.array
    if isinstance(expression, sp.Derivative):
        return sp.Derivative(transpose(expression.expr), *expression.args[1:], evaluate=False)
    if isinstance(expression, Array) and len(expression.inputs) == 2 and expression.name not in _NOT_SYMMETRIC:
        first, second = expression.inputs
        return Array(expression.name, (second, first), expression.time, expression.layer)
    return Transposed(expression)
