"""Expressions of arrays with small matrices in their place: rational functions of a symmetric matrix, traces and entries included.

For checkers that go the way of explicit numbers or letters; the algebra for all sizes is in ``operators``.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp
from sympy.polys.fields import FracElement, FracField

from ntksym.errors import CheckError
from ntksym.nodes import Component, Norm, Spectral, Trace, Transposed

Meaning = Mapping[sp.Basic, sp.Matrix]


def written(expression: sp.Expr, meaning: Meaning) -> sp.Matrix:
    """The matrix that an expression is, a number being 1 x 1."""
    if expression in meaning:
        return meaning[expression]
    if isinstance(expression, Transposed):
        return written(expression.array, meaning).T
    if isinstance(expression, Spectral):
        return _function(expression.function, written(expression.matrix, meaning))
    if isinstance(expression, (Trace, Component, Norm)) or expression.is_commutative:
        return sp.Matrix([[number(expression, meaning)]])
    if isinstance(expression, sp.Add):
        parts = [written(part, meaning) for part in expression.args]
        size = max((part.shape for part in parts), default=(1, 1))
        wide = [part[0] * sp.eye(size[0]) if part.shape == (1, 1) != size else part for part in parts]
        return sum(wide[1:], wide[0])
    if isinstance(expression, sp.Mul):
        numbers, factors = expression.args_cnc()
        product = written(factors[0], meaning)
        for factor in factors[1:]:
            product = product * written(factor, meaning)
        return number(sp.Mul(*numbers), meaning) * product
    if isinstance(expression, sp.Pow) and expression.exp.is_Integer:
        return written(expression.base, meaning) ** int(expression.exp)
    raise CheckError(f"{expression}", where="matrices written out", why=f"no matrix for {type(expression).__name__}")


def number(expression: sp.Expr, meaning: Meaning) -> sp.Expr:
    """The number that a commuting expression is."""
    places: dict[sp.Basic, sp.Expr] = {}
    for node in expression.atoms(Trace, Component, Norm):
        if isinstance(node, Trace):
            places[node] = written(node.matrix, meaning).trace()
        elif isinstance(node, Norm):
            places[node] = sp.sqrt(sum(entry**2 for entry in written(node.vector, meaning)))
        else:
            matrix = written(node.tensor, meaning)
            rows = [written_index(index, meaning) for index in node.indices] or [0]
            places[node] = matrix[rows[0], rows[1] if len(rows) > 1 else 0]
    return expression.xreplace(places)


def written_index(index: sp.Basic, meaning: Meaning) -> int:
    """An index, counted from 0."""
    return int(meaning[index][0])


def _function(function: sp.Lambda, matrix: sp.Matrix) -> sp.Matrix:
    """A rational function of a matrix."""
    (variable,) = function.variables
    above, below = (sp.Poly(part, variable) for part in sp.fraction(sp.together(function.expr)))
    top, bottom = (_polynomial(part, matrix) for part in (above, below))
    return top if bottom == sp.eye(matrix.rows) else top * inverse_of(bottom)


def _polynomial(polynomial: sp.Poly, matrix: sp.Matrix) -> sp.Matrix:
    total = sp.zeros(matrix.rows)
    for coefficient in polynomial.all_coeffs():
        total = total * matrix + coefficient * sp.eye(matrix.rows)
    return total


def inverse_of(matrix: sp.Matrix) -> sp.Matrix:
    """The inverse by cofactors, for matrices of letters."""
    return matrix.adjugate() / matrix.det(method="berkowitz")


def vanishes(matrix: sp.Matrix) -> bool:
    """Whether all entries, rational functions of letters, are identically zero; what is no rational function counts as a letter of its own."""
    letters: dict[sp.Basic, sp.Symbol] = {}
    entries = [_with_letters(sp.sympify(entry, strict=True), letters) for entry in matrix]
    names = sorted({symbol for entry in entries for symbol in entry.free_symbols}, key=str)
    if not names:
        return all(entry == 0 for entry in entries)
    field = FracField(names, sp.QQ)
    places = dict(zip(names, field.gens, strict=True))
    return all(_in_field(entry, field, places) == 0 for entry in entries)


def _with_letters(expression: sp.Expr, letters: dict[sp.Basic, sp.Symbol]) -> sp.Expr:
    if expression.is_Rational or expression.is_Symbol:
        return expression
    if isinstance(expression, (sp.Add, sp.Mul)) or isinstance(expression, sp.Pow) and expression.exp.is_Integer:
        return expression.func(*(_with_letters(part, letters) for part in expression.args))
    return letters.setdefault(expression, sp.Dummy("a"))


def _in_field(expression: sp.Expr, field: FracField, places: dict[sp.Basic, FracElement]) -> FracElement:
    if expression.is_Rational:
        return field(sp.QQ(expression.p, expression.q))
    if expression.is_Symbol:
        return places[expression]
    if isinstance(expression, sp.Pow):
        return _in_field(expression.base, field, places) ** int(expression.exp)
    total = field(1) if isinstance(expression, sp.Mul) else field(0)
    for part in expression.args:
        total = total * _in_field(part, field, places) if isinstance(expression, sp.Mul) else total + _in_field(part, field, places)
    return total


def symmetric(letter: str, size: int) -> sp.Matrix:
    """A general symmetric matrix of letters."""
    return sp.Matrix(size, size, lambda i, j: sp.Symbol(f"{letter}{min(i, j)}{max(i, j)}", real=True))
