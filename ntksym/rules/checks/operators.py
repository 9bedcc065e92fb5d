r"""Algebra of whole tensors for checkers: sums of products of matrices, brought to one normal form.

A word is a product of arrays, transposes, time derivatives and functions of the kernel matrix.  The laws used: a tangent kernel is $J J^\top$; two functions
of one symmetric matrix multiply eigenvalue by eigenvalue; on an eigenvector they are their value at its eigenvalue; a number is its own transpose.  Two
expressions with one normal form are equal for every number of parameters, examples and outputs, for the functions of a symmetric matrix A are equal once they
are equal on every eigenvalue that A can have.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from ntksym.errors import CheckError
from ntksym.nodes import Array, GradientAt, Norm, Spectral, Transposed, transpose
from ntksym.notation import X, lam, rest

Word = tuple[sp.Basic, ...]
SCOPE = "all numbers of parameters, examples and outputs, by the algebra of matrices and of functions of one symmetric matrix"

_GRAMS = ("Thetahat",)  # kernels that are J J^T


def is_zero(expression: sp.Expr) -> bool:
    """Whether the expression is identically zero."""
    return not normal_form(expression)


def normal_form(expression: sp.Expr) -> dict[Word, sp.Expr]:
    """Skeleton -> function of one eigenvalue per gap; {} is zero."""
    total: dict[Word, sp.Expr] = {}
    for coefficient, word in _monomials(expression):
        skeleton, function = _split(word)
        reverse, mirrored = _split(tuple(transpose(item) for item in reversed(word))) if _is_number(skeleton) else (skeleton, function)
        if _is_number(skeleton) and str(reverse) < str(skeleton):
            skeleton, function = reverse, mirrored
        total[skeleton] = total.get(skeleton, sp.S.Zero) + coefficient * function
    return {word: value for word, value in total.items() if not vanishes(value)}


def vanishes(function: sp.Expr) -> bool:
    """Whether a function of numbers is identically zero: rational in its letters, roots of them, and exponentials and powers with any exponent."""
    if function == 0:
        return True
    waves = {node: node.rewrite(sp.exp) for node in function.atoms(sp.sin, sp.cos, sp.sinh, sp.cosh)}
    split = sp.expand(function.xreplace(waves), power_exp=True, power_base=False, mul=False, multinomial=False)
    letters: dict[sp.Basic, sp.Symbol] = {}
    roots: dict[sp.Symbol, sp.Expr] = {}
    rational = _rational(split, letters, roots)
    numerator = sp.expand(sp.fraction(sp.together(rational))[0])
    for letter, inside in roots.items():
        numerator = sp.expand(sp.rem(numerator, letter**2 - inside, letter))
    return numerator == 0


def _rational(expression: sp.Expr, letters: dict[sp.Basic, sp.Symbol], roots: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    """The expression with a letter for every exponential, every power with a letter in the exponent, and every square root."""
    if isinstance(expression, sp.exp):
        whole = sp.S.One
        for term in sp.Add.make_args(sp.expand(expression.args[0])):
            number, rest = term.as_coeff_Mul()
            if not number.is_Integer:
                number, rest = (sp.S.One, term) if not term.could_extract_minus_sign() else (-sp.S.One, -term)
            whole *= letters.setdefault(sp.exp(rest), sp.Dummy("e")) ** number
        return whole
    if isinstance(expression, sp.Pow):
        base = _rational(expression.base, letters, roots)
        if expression.exp.is_Integer:
            return base**expression.exp
        if expression.exp.is_Rational and expression.exp.q == 2:
            inside = sp.expand(base)
            letter = next((known for known, value in roots.items() if value == inside), None)
            if letter is None:
                letter = sp.Dummy("s")
                roots[letter] = inside
            return inside ** ((expression.exp.p - 1) // 2) * letter
        whole = sp.S.One
        for term in sp.Add.make_args(sp.expand(expression.exp)):
            number, rest = term.as_coeff_Mul()
            if term.is_Integer:
                whole *= base**term
            elif number.is_Integer:
                whole *= letters.setdefault((sp.expand(base), rest), sp.Dummy("p")) ** number
            else:
                whole *= letters.setdefault((sp.expand(base), term), sp.Dummy("p"))
        return whole
    if isinstance(expression, (sp.Add, sp.Mul)):
        return expression.func(*(_rational(part, letters, roots) for part in expression.args))
    if expression.is_Atom:
        return expression
    return letters.setdefault(expression, sp.Dummy("a"))


def shape_of(expression: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """(rows, columns); None for what is a number or fits any shape.  CheckError where shapes do not match."""
    if isinstance(expression, sp.Derivative):
        return shape_of(expression.expr)
    if isinstance(expression, sp.Sum):
        return shape_of(expression.function)
    if isinstance(expression, (Array, Transposed, Spectral, GradientAt)):
        return expression.shape
    if isinstance(expression, sp.Add):
        return _one_shape([shape_of(part) for part in expression.args], expression)
    if isinstance(expression, sp.Mul):
        shape = None
        for part in expression.args:
            found = shape_of(part)
            if shape is not None and found is not None and shape[1] != found[0]:
                raise CheckError(f"{shape[1]} columns times {found[0]} rows in {expression}", where="algebra of matrices", why="the product does not exist")
            shape = found if shape is None else shape if found is None else (shape[0], found[1])
        return shape
    return None


def _one_shape(shapes: list[tuple[sp.Expr, sp.Expr] | None], expression: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    known = [shape for shape in shapes if shape is not None]
    if any(shape != known[0] for shape in known):
        raise CheckError(f"a sum of shapes {sorted(map(str, known))} in {expression}", where="algebra of matrices", why="the sum does not exist")
    return known[0] if known else None


def shape_problem(claim: sp.Basic) -> str | None:
    """What is wrong with the shapes of an equation, or of several; None if nothing is."""
    try:
        for equation in claim.args if isinstance(claim, sp.Tuple) else (claim,):
            if isinstance(equation, (sp.Eq, sp.Ge, sp.Le, sp.Gt, sp.Lt)):
                left, right = shape_of(equation.lhs), shape_of(equation.rhs)
                if equation.rhs != 0 and left is not None and right is not None and left != right:
                    return f"{left} on the left, {right} on the right of {equation}"
    except CheckError as error:
        return str(error)
    return None


def _monomials(expression: sp.Expr) -> list[tuple[sp.Expr, Word]]:
    if isinstance(expression, sp.Add):
        return [monomial for part in expression.args for monomial in _monomials(part)]
    if isinstance(expression, Norm) or isinstance(expression, sp.Pow) and isinstance(expression.base, Norm):
        power = sp.S.One if isinstance(expression, Norm) else expression.exp
        vector = expression.vector if isinstance(expression, Norm) else expression.base.vector
        if power % 2 != 0:
            return [(expression, ())]
        return _monomials(sp.Mul(*[transpose(vector) * vector] * int(power / 2)))
    if isinstance(expression, sp.Mul):
        product: list[tuple[sp.Expr, Word]] = [(sp.S.One, ())]
        for part in expression.args:
            product = [(a * b, (*left, *right)) for a, left in product for b, right in _monomials(part)]
        return product
    if isinstance(expression, sp.Pow) and not expression.base.is_commutative and expression.exp.is_Integer and expression.exp > 0:
        return _monomials(sp.Mul(*[expression.base] * int(expression.exp), evaluate=False))
    if isinstance(expression, Array) and expression.name in _GRAMS and not expression.layer:
        first, second = (Array("J", (label,), expression.time) for label in expression.inputs)
        return [(sp.S.One, (first, Transposed(second)))]
    if isinstance(expression, (Array, Transposed, Spectral, GradientAt, sp.Derivative, sp.Sum)):
        return [(sp.S.One, (expression,))]
    if expression.is_commutative:
        return [(expression, ())]
    raise CheckError(f"{expression}", where="algebra of matrices", why=f"no law for {type(expression).__name__}")


def _split(word: Word) -> tuple[Word, sp.Expr]:
    """The word without the functions of symmetric matrices, and their product; the eigenvalue of gap k is named lam_k_A, A being the matrix.

    Functions of two matrices do not commute: between them the word gets a mark, and with it another gap.
    """
    items: list[sp.Basic] = []
    function: sp.Expr = sp.S.One
    holder: Any = None
    gaps: set[tuple[int, Any]] = set()
    position = 0
    while position < len(word):
        item = word[position]
        following = word[position + 1] if position + 1 < len(word) else None
        step, piece, matrix = _as_function(item, following)
        if piece is None:
            items.append(item)
            holder = None
        elif not piece.has(lam):
            function *= piece
        else:
            if holder not in (None, matrix):
                items.append(_BETWEEN)
            holder = matrix
            gaps.add((len(items), matrix))
            function *= piece.xreplace({lam: _gap(len(items), matrix)})
        position += step
    return tuple(items), function.xreplace({_gap(place, matrix): lam for place, matrix in gaps if _beside_eigenvector(items, place, matrix)})


def _beside_eigenvector(items: list[sp.Basic], place: int, matrix: Any) -> bool:
    """Whether a function of the tangent kernel at this gap meets an eigenvector, and so is its value at that eigenvalue."""
    if matrix != Array("Thetahat", (X, X), (sp.S.Zero,)):
        return False
    beside = [*items[max(place - 1, 0) : place], *items[place : place + 1]]
    return any(getattr(item.array if isinstance(item, Transposed) else item, "name", "") == "eigenvec" for item in beside)


def _as_function(item: sp.Basic, following: sp.Basic | None) -> tuple[int, sp.Expr | None, Any]:
    """(how many items were read, the function of the eigenvalue they are, the matrix)."""
    if isinstance(item, Spectral):
        (variable,) = item.function.variables
        return 1, item.function.expr.xreplace({variable: lam}), item.matrix
    whole = isinstance(item, Array) and item.name == "J" and tuple(item.inputs) == (X,) and not item.layer
    if whole and following == Transposed(item):
        return 2, lam, Array("Thetahat", (X, X), item.time)
    if isinstance(item, Array) and item.name in ("Theta", "K") and item.inputs in (sp.Tuple(X, X), sp.Tuple(rest, rest)):
        return 1, lam, item
    return 1, None, None


_BETWEEN = sp.Symbol("_between")


def _gap(number: int, matrix: Any) -> sp.Symbol:
    return sp.Symbol(f"lam_{number}_{matrix}", nonnegative=True)


def _is_number(word: Word) -> bool:
    """Whether the word is a row times a column."""
    if not word:
        return False
    first, last = shape_of(word[0]), shape_of(word[-1])
    return first is not None and last is not None and first[0] == 1 and last[1] == 1
