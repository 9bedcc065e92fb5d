"""Products of matrices and functions of a matrix, for both printers of expressions.

In a sum with matrices a number stands for that multiple of the identity, and is printed so.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from ntksym.nodes import Array, Gaussian, LossAt, Spectral, Transposed, rows_and_columns, transpose
from ntksym.notation import X
from ntksym.report.ordering import ordered_factors

# Vectors of a sum in reading order: f_t - Y, f_0 + Theta a.
_LEADING = ("f", "flin", "flinother", "reference", "theta", "residual", "errorvec", "K", "Thetahat", "Theta", "J", "weightmove", "dualcoef", "targets")
_OF_TRAINING_SET = (
    "targets",
    "lossgrad",
    "lossgradlin",
    "dualcoef",
    "dualcoefother",
    "reference",
    "referencecoef",
    "residual",
    "residuallin",
    "remainder",
    "Kslope",
    "eigenvec",
    "decay",
    "pinv",
)


class OperatorPrinting:
    """Printing methods a printer inherits; what differs between LaTeX and text stands in the four hooks."""

    def _raised(self, base: str, exponent: str) -> str:
        raise NotImplementedError

    def _in_brackets(self, text: str) -> str:
        raise NotImplementedError

    def _exponential(self, exponent: str) -> str:
        raise NotImplementedError

    def _barred(self, text: str) -> str:
        raise NotImplementedError

    def _array_text(self, array: Array) -> str:
        raise NotImplementedError

    def _print_Array(self, expr: Any, exp: Any = None) -> str:
        return self._array_text(expr) if exp is None else self._raised(self._array_text(expr), str(exp))

    def _time_text(self, time: sp.Expr) -> str:
        """A subscript: t + 1, the letter first."""
        terms = sorted(sp.Add.make_args(time), key=lambda term: term.is_number)
        text = self._print(terms[0]) if terms else ""
        for term in terms[1:]:
            text += f"-{self._print(-term)}" if term.could_extract_minus_sign() else f"+{self._print(term)}"
        return text

    def _print_Transposed(self, expr: Any) -> str:
        text = self._print(expr.array)
        return self._transposed(text if isinstance(expr.array, Array) and not expr.array.layer else self._in_brackets(text))

    def _operator(self, name: str) -> str:
        raise NotImplementedError

    def _below(self, text: str, index: str) -> str:
        raise NotImplementedError

    def _implication(self, both_ways: bool) -> str:
        raise NotImplementedError

    def _print_Trace(self, expr: Any) -> str:
        return self._operator("tr") + self._in_brackets(self._print(expr.matrix))

    def _print_Component(self, expr: Any) -> str:
        text = self._print(expr.tensor)
        return self._below(self._square(text), "".join(self._print(i) for i in expr.indices)) if expr.indices else text

    def _square(self, text: str) -> str:
        return f"[{text}]"

    def _print_LossAt(self, expr: Any) -> str:
        return self._print(sp.Symbol("loss")) + self._in_brackets(self._print(expr.outputs))

    def _print_GradientAt(self, expr: Any) -> str:
        return self._print(sp.Symbol("lossgrad")) + self._in_brackets(self._print(expr.outputs))

    def _print_Follows(self, expr: Any) -> str:
        return f"{self._print(expr.args[0])} {self._implication(False)} {self._print(expr.args[1])}"

    def _print_Equivalence(self, expr: Any) -> str:
        return f"{self._print(expr.args[0])} {self._implication(True)} {self._print(expr.args[1])}"

    def _transposed(self, text: str) -> str:
        raise NotImplementedError

    def _print_Norm(self, expr: Any, exp: Any = None) -> str:
        text = self._barred(self._print(expr.vector))
        return text if exp is None else self._raised(text, str(exp))

    def _print_Spectral(self, expr: Any) -> str:
        matrix = expr.matrix if set(expr.matrix.inputs) != {X} else Array(expr.matrix.name, (), expr.matrix.time)  # on the training inputs: not said
        return self._spectral(expr.function.expr, expr.function.variables[0], self._print(matrix))

    # A function of one matrix: the eigenvalue becomes the matrix, numbers multiples of the identity, division an inverse.
    def _spectral(self, body: sp.Expr, variable: sp.Symbol, matrix: str) -> str:
        if not body.has(variable):
            return self._factor_text(body)
        if body == variable:
            return matrix
        if isinstance(body, sp.Add):
            return self._spectral_sum(body, variable, matrix)
        if isinstance(body, sp.exp):
            return self._exponential(self._spectral(sp.factor_terms(body.args[0]), variable, matrix))
        if isinstance(body, sp.Pow):
            base = self._spectral(body.base, variable, matrix)
            return self._raised(base if body.base == variable else self._in_brackets(base), self._print(body.exp))
        if isinstance(body, sp.Mul):
            return self._spectral_product(body, variable, matrix)
        if isinstance(body, sp.Piecewise):
            return self._in_brackets(self._print(body.xreplace({variable: sp.Symbol("lam", nonnegative=True)})))
        inside = ", ".join(self._spectral(argument, variable, matrix) for argument in body.args)
        name = self._print(body.func) if isinstance(body, AppliedUndef) else self._function_text(body.func.__name__)
        return name + self._in_brackets(inside)

    def _function_text(self, name: str) -> str:
        raise NotImplementedError

    def _factor_text(self, factor: sp.Expr) -> str:
        text = self._print(factor)
        return self._in_brackets(text) if isinstance(factor, sp.Add) else text

    def _spectral_sum(self, body: sp.Add, variable: sp.Symbol, matrix: str) -> str:
        parts = sorted(body.args, key=lambda term: (term.has(variable) and not term.is_polynomial(variable), term.could_extract_minus_sign(), str(term)))
        parts.sort(key=lambda term: term.could_extract_minus_sign())
        text = ""
        for term in parts:
            negative = term.could_extract_minus_sign()
            term = -term if negative else term
            piece = self._spectral(term, variable, matrix) if term.has(variable) else self._identity(term)
            text += (("-" if negative else "") if not text else (" - " if negative else " + ")) + piece
        return text

    def _identity(self, number: sp.Expr) -> str:
        return "I" if number == 1 else f"{self._factor_text(number)} I"

    def _spectral_product(self, body: sp.Mul, variable: sp.Symbol, matrix: str) -> str:
        negative = body.could_extract_minus_sign()
        body = -body if negative else body
        if not isinstance(body, sp.Mul):
            return ("-" if negative else "") + self._spectral(body, variable, matrix)
        plain = [factor for factor in body.args if not factor.has(variable)]
        inverse = [factor for factor in body.args if factor.has(variable) and isinstance(factor, sp.Pow) and factor.exp.could_extract_minus_sign()]
        above = [factor for factor in body.args if factor.has(variable) and factor not in inverse]
        pieces = [self._print(sp.Mul(*plain))] if plain else []
        for factor in (*inverse, *above):
            text = self._spectral(factor, variable, matrix)
            pieces.append(self._in_brackets(text) if isinstance(factor, sp.Add) else text)
        return ("-" if negative else "") + " ".join(pieces)

    # Products and sums of matrices.
    def _matrix_product(self, expr: sp.Expr) -> str:
        numbers, factors = expr.args_cnc()
        coefficient = sp.Mul(*numbers)
        negative = coefficient.could_extract_minus_sign()
        coefficient = -coefficient if negative else coefficient
        pieces = [] if coefficient == 1 else [" ".join(self._factor_text(f) for f in ordered_factors(list(sp.Mul.make_args(coefficient))))]
        if isinstance(coefficient, sp.Rational) and coefficient != 1 or len(pieces) == 1 and sp.fraction(coefficient)[1] != 1:
            pieces = [self._print(coefficient)]
        for factor in factors:
            text = self._print(factor)
            several = isinstance(factor, sp.Add) or isinstance(factor, Spectral) and isinstance(factor.function.expr, sp.Add)
            pieces.append(self._in_brackets(text) if several else text)
        return ("-" if negative else "") + " ".join(pieces)

    def _matrix_terms(self, expr: sp.Add) -> list[tuple[str, str]]:
        found = []
        number = rows_and_columns(expr) == (1, 1)
        for term in sorted(expr.args, key=lambda term: (_rank_in_number(term) if number else 0, *_reading_order(term))):
            negative = term.could_extract_minus_sign()
            inner = -term if negative else term
            found.append(("-" if negative else "+", self._identity(inner) if inner.is_commutative and not number else self._print(inner)))
        leading = next((i for i, (sign, _) in enumerate(found) if sign == "+"), 0)
        return [found[leading], *found[:leading], *found[leading + 1 :]]


def _rank_in_number(term: sp.Expr) -> int:
    """In a sum of numbers: a loss first, then products of vectors, then all other numbers."""
    return 0 if term.has(LossAt) and term.is_commutative else 2 if term.is_commutative else 1


def _reading_order(term: sp.Expr) -> tuple[Any, ...]:
    factors = term.args_cnc()[1]
    if not factors:
        return (-1, 0, "")
    head = factors[-1]
    head = head.expr if isinstance(head, sp.Derivative) else head
    array = head.array if isinstance(head, Transposed) else head
    rank = _LEADING.index(array.name) if isinstance(array, Array) and array.name in _LEADING else len(_LEADING)
    return (len(factors), term.could_extract_minus_sign(), rank, str(term))


def is_matrix_valued(expression: Any) -> bool:
    """Whether an expression holds matrices that do not commute."""
    return isinstance(expression, sp.Expr) and not expression.is_commutative


def moves_in_time(expression: Any) -> bool:
    """Whether it is made of arrays, so that time is all it depends on and its derivative is a plain one."""
    return is_matrix_valued(expression) or isinstance(expression, sp.Basic) and expression.has(Array)


def shown_inputs(array: Array) -> tuple[sp.Basic, ...]:
    """The labels to print: none where the array belongs to the training set as a whole."""
    hidden = array.name in _OF_TRAINING_SET and set(array.inputs) == {X} or array.name in ("loomean", "loovar", "outsum")
    return () if hidden else tuple(array.inputs)


def covariance(law: Gaussian, i: int, j: int) -> sp.Expr:
    """The entry of a covariance matrix to print: below the diagonal, transposed where it is a matrix itself."""
    return transpose(law.cov(i, j)) if i > j else law.cov(i, j)
