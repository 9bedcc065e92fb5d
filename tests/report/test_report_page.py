"""The page says what was derived: names put back in, rearrangements undone, numbers compared."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import mpmath
import pytest
import sympy as sp
from reader import bivariate_cdf, read_latex, read_text

from ntksym.activations import activation
from ntksym.forms import DualForm
from ntksym.gaussian import dual
from ntksym.network import fcn
from ntksym.nodes import CorrelationAngle, CorrelationArcsine, Dual, NormalCDF, NormalPDF
from ntksym.notation import q11, q12, q22
from ntksym.proof import Derivation
from ntksym.report import document
from ntksym.report.build import equations
from ntksym.report.document import Equation, Row
from ntksym.report.glyphs import AtLayer, BivariateCDF, Call
from ntksym.report.layout import LINE, width
from ntksym.report.letters import Letters
from ntksym.report.mathematics import latex
from ntksym.report.naming import Namer
from ntksym.report.page import is_closed, page_form
from ntksym.report.plain import plain
from ntksym.theory import derive

ACTIVATIONS = (
    "relu",
    "leaky_relu",
    "abs",
    "relu^3",
    "signed_square",
    "erf",
    "gelu",
    "normal_cdf",
    "sin",
    "cos",
    "exp",
    "scaled_gaussian",
    "gaussian_derivative",
    "sigmoid_like",
    "step",
    "elu",
    "hard_tanh",
    "shifted_relu",
    "laplace",
    "hard_swish",
    "hard_shrink",
)
SPLIT = ("elu", "hard_tanh", "shifted_relu")  # results in two equations, the second with names of the first
POINT = {"q11": "1.3", "q12": "-0.4", "q22": "0.7", "q": "1.1", "u": "0.3", "v": "-0.6", "x": "0.9", "w": "0.2", "w1": "0.5", "w2": "-0.8", "rho": "0.3"}


@cache
def derived(name: str) -> Derivation:
    return dual(activation(name).phi)


def number(expression: sp.Basic) -> mpmath.mpc:
    """The value at one fixed point, by mpmath; parameters get values by their place in the alphabet."""
    symbols = sorted(expression.free_symbols, key=str)
    values = [mpmath.mpf(POINT.get(s.name, str(0.31 + 0.17 * sum(map(ord, s.name)) % 1))) for s in symbols]
    modules = {
        "CorrelationAngle": lambda a, c, b: mpmath.acos(c / mpmath.sqrt(a * b)),
        "CorrelationArcsine": lambda a, c, b: mpmath.asin(c / mpmath.sqrt(a * b)),
        "NormalCDF": mpmath.ncdf,
        "NormalPDF": mpmath.npdf,
        "HalfLineProbability": lambda m, a: mpmath.ncdf(m / mpmath.sqrt(a)),
        "QuadrantProbability": lambda m, n, a, c, b: bivariate_cdf(m / mpmath.sqrt(a), n / mpmath.sqrt(b), c / mpmath.sqrt(a * b)),
        "Bivariate": bivariate_cdf,
    }
    expression = expression.replace(BivariateCDF, sp.Function("Bivariate"))
    with mpmath.workdps(40):
        return mpmath.mpmathify(sp.lambdify(symbols, expression, modules=[modules, "mpmath"], dummify=True)(*values))


def put_back(expression: sp.Basic, bindings: Sequence[Row]) -> sp.Basic:
    """The expression with every name of the page replaced by what the page says it stands for."""
    for row in reversed(bindings):
        assert row.left is not None
        expression = expression.xreplace({row.left: row.right})
    return expression


def close(one: sp.Basic, two: sp.Basic, digits: int = 25) -> bool:
    with mpmath.workdps(40):
        a, b = number(one), number(two)
        return bool(abs(a - b) <= mpmath.mpf(10) ** -digits * (1 + abs(b)))


CLOSED = [
    (sp.pi - CorrelationAngle(q11, -q12, q22)) / (2 * sp.pi),
    CorrelationArcsine(q11 + sp.Rational(1, 2), -q12, q22 + sp.Rational(1, 2)),
    q12 / 2 - q12 * CorrelationAngle(1 + q11, q12, 1 + q22) / (2 * sp.pi) + sp.sqrt(sp.expand((1 + q11) * (1 + q22) - q12**2)) ** 3 / sp.pi,
    sp.exp(-q11 / 2 - q12 - q22 / 2) / 2 - sp.exp(-q11 / 2 + q12 - q22 / 2) / 2,
    sp.exp(q11 / 3 + q12) + sp.exp(q11 / 3 - q12),
    sp.sqrt(sp.expand((1 + 3 * q11) * (1 + 3 * q22) - 9 * q12**2)) / sp.sqrt(2 * sp.pi * q11),
    q11 * CorrelationArcsine(q11, q12, q22) / sp.pi + q11 / 3 + sp.sqrt(q11 * q22 - q12**2),
]


@pytest.mark.parametrize("index", range(len(CLOSED)))
def test_page_form_is_an_identity(index: int) -> None:
    assert close(page_form(CLOSED[index]), CLOSED[index])


@pytest.mark.parametrize("index", range(len(CLOSED)))
def test_names_stand_for_what_they_replace(index: int) -> None:
    namer = Namer()
    (named,) = namer.name([CLOSED[index]])
    assert close(put_back(named, namer.bindings), CLOSED[index])


def rows_with_left_sides(equation: Equation) -> list[tuple[sp.Basic | None, sp.Basic]]:
    left: sp.Basic | None = None
    out = []
    for row in equation.rows:
        left = row.left if row.left is not None else left
        out.append((left, row.right))
    return out


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_result_on_the_page_has_the_values_derived(name: str) -> None:
    form = derived(name).conclusion.claim
    assert isinstance(form, DualForm)
    *parts, second = [e for s in document(derived(name), "result").sections if s.title == "Result" for e in s.blocks if isinstance(e, Equation)]
    first = Equation(tuple(row for part in parts for row in part.rows), tuple(row for part in parts for row in part.where))
    exact = [row for row in first.where + second.where if row.relation == "approx"]
    digits = 15 if exact else 25
    shown = [put_back(right, first.where) for _, right in rows_with_left_sides(first)]
    assert close(shown[2], form.value, digits)
    assert close(shown[4], form.derivative, digits)
    diagonal = [put_back(right, second.where) for _, right in rows_with_left_sides(second)]
    assert close(diagonal[0], form.diagonal_value, digits)
    if not form.at_jumps:
        assert close(diagonal[1], form.diagonal_derivative, digits)


@pytest.mark.parametrize("name", ("relu", "gelu", "erf"))
def test_every_closed_step_has_the_value_claimed(name: str) -> None:
    derivation = derived(name)
    claims = {str(step.number): step.conclusion.claim for step in derivation.steps}
    checked = 0
    for equation in equations(document(derivation)):
        claim = claims.get(equation.number)
        if (
            isinstance(claim, sp.Eq)
            and isinstance(claim.rhs, sp.Expr)
            and is_closed(claim.rhs)
            and not claim.rhs.atoms(sp.Function) - claim.rhs.atoms(CorrelationAngle, CorrelationArcsine, NormalCDF, NormalPDF, sp.exp, sp.erf)
        ):
            assert close(put_back(equation.rows[-1].right, equation.where), claim.rhs)
            checked += 1
    assert checked >= 3


@pytest.mark.parametrize("name", [n for n in ACTIVATIONS if n != "sigmoid_like"])
def test_no_term_is_wider_than_the_line(name: str) -> None:
    for equation in equations(document(derived(name))):
        for row in (*equation.rows, *equation.where):
            for term in sp.Add.make_args(row.right):
                assert width(latex(term)) <= 1.1 * LINE, latex(term)


def environment(rows: Sequence[Row], where: Sequence[Row]) -> tuple[dict[str, mpmath.mpf], dict[str, mpmath.mpf]]:
    """Values of every letter of an equation, by its LaTeX and by its text: symbols at the point, names by their definitions."""
    symbols = {s for row in rows for s in row.right.free_symbols}
    letters = [(s, s) for s in sorted(symbols, key=str)] + [(row.left, put_back(row.right, where)) for row in where if row.left is not None]
    return {latex(a): number(b) for a, b in letters}, {plain(a): number(b) for a, b in letters}


@pytest.mark.parametrize(
    "name",
    (
        "relu",
        "leaky_relu",
        "relu^3",
        "signed_square",
        "erf",
        "gelu",
        "normal_cdf",
        "sin",
        "scaled_gaussian",
        "gaussian_derivative",
        "elu",
        "shifted_relu",
        "hard_tanh",
    ),
)
def test_what_is_printed_reads_back_as_what_was_meant(name: str) -> None:
    read = 0
    known: tuple[Row, ...] = ()
    for equation in equations(document(derived(name))):
        if any(row.right.has(other.left) for row in equation.rows for other in known if other.left is not None):
            equation = Equation(equation.rows, (*known, *equation.where), equation.number)
        known = equation.where if name in SPLIT else ()
        if any(not isinstance(row.right, sp.Expr) or not _readable(row.right) for row in equation.where):
            continue
        rows = [row for row in (*equation.rows, *equation.where) if isinstance(row.right, sp.Expr) and _readable(row.right)]
        if not rows:
            continue
        in_latex, in_text = environment(rows, equation.where)
        for row in rows:
            meant = number(put_back(row.right, equation.where))
            with mpmath.workdps(40):
                for value in (read_latex(latex(row.right), in_latex), read_text(plain(row.right), in_text)):
                    assert abs(value - meant) < mpmath.mpf(10) ** -25 * (1 + abs(meant)), latex(row.right)
            read += 1
    assert read >= 6


def _readable(expression: sp.Expr) -> bool:
    allowed = (CorrelationAngle, CorrelationArcsine, NormalCDF, NormalPDF, sp.acos, sp.asin, sp.exp, sp.erf, sp.sin, sp.cos, sp.sinh, sp.cosh)
    return (
        is_closed(expression)
        and not expression.has(sp.I)
        and all(isinstance(f, allowed) for f in expression.atoms(sp.Function))
        and not expression.has(sp.Max, sp.Min, sp.Abs)
    )


PRINTED = [
    -3 * q11 * q12 / 7,
    sp.sqrt(2) * q11 / 4 - q12 * sp.sqrt(3) / 3,
    -(q11 + q12) * (q11 - q12) / (2 * q22),
    2 ** sp.Rational(3, 2) * sp.sqrt(q11) / (q22 * sp.sqrt(sp.pi)),
    -(sp.exp(-(q11 + q22) / (2 * q11)) ** 2),
    (q11 - q22) ** 3 / (q11 + q22) ** sp.Rational(5, 2),
    1 / (1 + 1 / q11) - q11 ** (-2),
    q11**q22 - sp.sin(q11) ** 2 * sp.erf(q12 / sp.sqrt(2)) ** 3,
    -q11 - (q22 - q12) - sp.pi**2 / 6,
    sp.exp((q11 + q22) / (1 + 2 * q12)) + sp.exp(q11 + q12) - sp.exp(-q11 - q22),
    q11 * sp.exp(q12) * sp.exp(q11 + q22),
    sp.Add(q11, sp.Mul(-1, q12 + q22, evaluate=False), evaluate=False),
    NormalCDF(q12) * (q11 + 2 * q12 - 9) / 18 - NormalCDF(q11 - q12) / 3,
    -(q11 - 1) / 7 * BivariateCDF(-q11, q12 / sp.sqrt(q22), q12 / sp.sqrt(q11 * q22)) * sp.exp(-(q11 + 2 * q12) / (4 * q22)),
    CorrelationAngle(q11, q12, q22) ** 2 * q11 + sp.Rational(5, 3) * CorrelationArcsine(1 + q11, q12 / 2, 1 + q22) / sp.pi,
]


@pytest.mark.parametrize("expression", PRINTED, ids=str)
def test_single_expressions_read_back(expression: sp.Expr) -> None:
    symbols = sorted(expression.free_symbols, key=str)
    with mpmath.workdps(40):
        meant = number(expression)
        for value in (
            read_latex(latex(expression), {latex(s): number(s) for s in symbols}),
            read_text(plain(expression), {plain(s): number(s) for s in symbols}),
        ):
            assert abs(value - meant) < mpmath.mpf(10) ** -25 * (1 + abs(meant))


def test_two_functions_get_two_letters() -> None:
    x = sp.Symbol("x", real=True)
    relu, sine = sp.Lambda(x, sp.Max(0, x)), sp.Lambda(x, sp.sin(x))
    letters = Letters([(relu, sine)])
    assert [letters.of(f).latex for f in (relu, sine)] == [r"\phi", r"\psi"]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["relu", "gelu", "tanh"])
def test_recursion_writes_its_duals_by_letters(name: str) -> None:
    derivation = derive(fcn(2, name, sigma_b=0.5), "ntk")
    found = [row for section in document(derivation, "result").sections for e in section.blocks if isinstance(e, Equation) for row in e.rows]
    updates = [row.right for row in found if isinstance(row.left, AtLayer) and row.right.has(Call)]
    assert len(updates) == 4
    for right in updates:
        assert not right.has(Dual, sp.Lambda)
        assert {call.letter.latex for call in right.atoms(Call)} <= {r"V_{\phi}", r"V_{\phi'}"}
        assert width(latex(right)) < 1.1 * LINE
    assert sum(r"V_{\phi'}" in latex(right) and r"K^{\ell + 1}" in latex(right) for right in updates) == 2


def test_names_avoid_the_letters_in_use() -> None:
    s = sp.Symbol("s", positive=True)
    namer = Namer()
    (named,) = namer.name([s * (q12 * CorrelationAngle(q11, q12, q22) + sp.sqrt(q11 * q22 - q12**2))])
    letters = [latex(row.left) for row in namer.bindings]
    assert "s" not in letters and len(set(letters)) == len(letters)
    assert close(put_back(named, namer.bindings), s * (q12 * CorrelationAngle(q11, q12, q22) + sp.sqrt(q11 * q22 - q12**2)))
