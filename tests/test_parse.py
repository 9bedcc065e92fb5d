"""Text in: what is read, what is refused, and that nothing of it is ever run."""

from __future__ import annotations

import math
import time

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from ntksym.errors import NtksymError, ParseError
from ntksym.parse import MAX_LENGTH, parse_expression, parse_number
from ntksym.vocabulary import FUNCTIONS

READ = {
    "x*(1+erf(x/sqrt(2)))/2": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "-x^2": lambda x: -(x**2),
    "2^-x": lambda x: 2**-x,
    "2^3^2 - 512 + x": lambda x: x,
    "1 - 2 - 3*x/4/5": lambda x: -1 - 3 * x / 20,
    "-x**2*-3": lambda x: 3 * x**2,
    "|x|*x + |-2|": lambda x: abs(x) * x + 2,
    "max(0, x, 2*x - 1)": lambda x: max(0, x, 2 * x - 1),
    "min(x, 1)": lambda x: min(x, 1),
    "where(x < 0, exp(x) - 1, x)": lambda x: math.exp(x) - 1 if x < 0 else x,
    "piecewise(0, x < 0, x^2, x <= 1, 2*x - 1)": lambda x: 0 if x < 0 else x * x if x <= 1 else 2 * x - 1,
    "where(-1 < x < 1, x, 0)": lambda x: x if -1 < x < 1 else 0,
    "Phi(x) + normcdf(x) + ndtr(x)": lambda x: 1.5 * (1 + math.erf(x / math.sqrt(2))),
    "relu(x) - gelu(x)": lambda x: max(0, x) - x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "sigmoid(x) + softplus(x)": lambda x: 1 / (1 + math.exp(-x)) + math.log(1 + math.exp(x)),
    "tanh(x) + tan(x/9) + sinh(x) - cosh(x) + arctan(x)": lambda x: math.tanh(x) + math.tan(x / 9) + math.sinh(x) - math.cosh(x) + math.atan(x),
    "e^(-x) + exp(1) - e": lambda x: math.exp(-x),
    "sin(pi*x)*cos(x)": lambda x: math.sin(math.pi * x) * math.cos(x),
    "erfc(x) + ln(4)*log(2)*sign(x)": lambda x: math.erfc(x) + math.log(4) * math.log(2) * math.copysign(1, x),
    "1.5e-1*x + .25 + 2. + 1E2": lambda x: 0.15 * x + 102.25,
    "x \u2212 1 \u00b7 \u03c0": lambda x: x - math.pi,
}


@pytest.mark.parametrize("text", READ)
@pytest.mark.parametrize("at", [-1.7, -0.3, 0.45, 2.2])
def test_what_is_read_has_the_value_python_gives(text: str, at: float) -> None:
    x = sp.Symbol("x", real=True)
    value = parse_expression(text).subs(x, sp.Rational(str(at)))
    assert math.isclose(float(value), READ[text](at), rel_tol=1e-13, abs_tol=1e-13)


def test_numbers_are_exact() -> None:
    assert parse_number("0.1") == sp.Rational(1, 10)
    assert parse_number("12.50e-3") == sp.Rational(1, 80)
    assert parse_number("sqrt(2)/3") == sp.sqrt(2) / 3
    assert not parse_expression("0.1*x").atoms(sp.Float)


def test_names_are_real_symbols() -> None:
    assert parse_expression("a*sin(b_2*x + c)").free_symbols == {sp.Symbol(name, real=True) for name in ("a", "b_2", "c", "x")}


HOSTILE = [
    "__import__('os').system('x')",
    "().__class__.__bases__",
    "x.real",
    "lambda x: x",
    "lambda",
    "[x for x in y]",
    "{x}",
    "x if x else y",
    "exec(x)",
    "eval(x)",
    "open(x)",
    "getattr(x, y)",
    "__class__",
    "_private",
    "x; y",
    "x := 2",
    "f'{x}'",
    "`x`",
    "x\x00",
    "print(x)",
    "import os",
    "9^9^9^9",
    "((9^64)^64)^64",
    "((x+1)^60)^60",
    "max(0, exp(exp(exp(exp(9)))))",
    "max(0,exp(exp(exp(exp(100)))))",
    "(" * 500 + "x" + ")" * 500,
    "-" * 1900 + "x",
    "9" * 50,
    "1e999",
    "1e-99999999999",
    "a" * 200,
    "x" * (MAX_LENGTH + 1),
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_refused_at_once(text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ParseError):
        parse_expression(text)
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("2x", "write \\* between"),
        ("x y", "write \\* between"),
        ("rleu(x)", "did you mean relu"),
        ("x(1)", "position 1"),
        ("1/0", "division by zero"),
        ("x/(x-x)", "division by zero"),
        ("sqrt(-1)", "complex"),
        ("log(0)", "no finite value"),
        ("0^(-1)", "infinite"),
        ("(-2)^x", "complex"),
        ("max(x)", "2 to 16"),
        ("sin(x, x)", "it takes 1"),
        ("sin(x", "expected '\\)'"),
        ("x +", "an operand is missing"),
        ("x < 0", "where\\(x < 0"),
        ("exp", "write exp\\(x\\)"),
        ("where(x, 1, 2)", "condition"),
        ("piecewise(x)", "condition"),
        ("piecewise(x, x < 0)", "otherwise"),
        ("x = 1", "assignment"),
        ("max(x,,2)", "position 7"),
        ("(x", "expected '\\)'"),
        ("x)", "position 2"),
    ],
)
def test_refusals_say_where_and_why(text: str, says: str) -> None:
    with pytest.raises(ParseError, match=says) as caught:
        parse_expression(text)
    assert caught.value.where


def test_only_text_is_read() -> None:
    with pytest.raises(ParseError, match="int is not text"):
        parse_expression(3)  # type: ignore[arg-type]
    with pytest.raises(ParseError, match="not a number"):
        parse_number("2*x")


# Tokens thrown together: whatever comes, a real expression or a ParseError, soon.
_TOKENS = st.sampled_from(
    [*sorted(FUNCTIONS), "where", "piecewise", "x", "a", "pi", "e", "0", "1", "64", "0.5", *"+-*/^(),|<", "**", "<=", "(", ")", "(x)", ".", "lambda", "__"]
)


@settings(max_examples=300, deadline=2000)
@given(st.lists(_TOKENS, max_size=14).map("".join))
def test_any_text_gives_an_expression_or_a_parse_error(text: str) -> None:
    try:
        expression = parse_expression(text)
    except NtksymError as error:
        assert isinstance(error, ParseError)
    else:
        assert isinstance(expression, sp.Expr)
        assert not expression.has(sp.I, sp.nan, sp.zoo, sp.oo)


@settings(max_examples=60, deadline=2000)
@given(
    st.recursive(
        st.sampled_from(["x", "a", "2", "0.5", "pi"]),
        lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
        max_leaves=12,
    )
)
def test_arithmetic_agrees_with_python(text: str) -> None:
    values = {"x": 0.7, "a": -1.3, "pi": math.pi}
    expression = parse_expression(text).subs({sp.Symbol("x", real=True): sp.Rational(7, 10), sp.Symbol("a", real=True): sp.Rational(-13, 10)})
    assert math.isclose(float(expression), eval(text, {"__builtins__": {}}, values), rel_tol=1e-9, abs_tol=1e-9)
