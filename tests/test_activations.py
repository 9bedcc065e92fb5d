"""The catalogue and the door: rows against the oracles' own table, names, texts, expressions, refusals."""

from __future__ import annotations

import fractions

import numpy as np
import oracles
import pytest
import sympy as sp
from mpmath import mp, mpf

from ntksym.activations import Activation, activation, catalogue, sequence_names
from ntksym.errors import ActivationError, NtksymError, ParseError
from ntksym.notation import x

ROWS = {row.name: row for row in catalogue()}


@pytest.mark.parametrize("name", oracles.names())
def test_rows_agree_with_the_oracles_table(name: str) -> None:
    """Two people typed phi: one in SymPy, one in mpmath."""
    row = ROWS[name]
    phi = sp.lambdify(x, row.at_defaults(x), "mpmath")
    with mp.workdps(40):
        known = oracles.known(name)
        for at in (mpf("-2.3"), mpf("-0.4"), mpf("0.15"), mpf("1.9")):
            assert abs(phi(at) - known.phi(at)) < mpf(10) ** -36


def test_rows_are_well_formed() -> None:
    seen: set[str] = set()
    for row in catalogue():
        names = {name.lower() for name in (row.name, *row.aliases)}
        assert not names & seen, "two rows share a name"
        seen |= names
        assert row.summary
        assert row.expr.has(x)
        assert all(symbol.is_real for symbol in row.parameters)
        assert tuple(symbol for symbol, _ in row.defaults) == row.parameters, "every parameter of a row has a default"
        assert row.at_defaults.free_symbols == set()
    assert not seen & {"notes", *sequence_names()}
    assert len(oracles.names()) >= 30
    assert not {name for name in oracles.names() if name not in ROWS}


@pytest.mark.parametrize("spec", ["relu", "ReLU", " relu ", "rectifier", "max(0, x)", "max(t, 0)", "relu(x)"])
def test_one_activation_has_many_names(spec: str) -> None:
    assert activation(spec) is ROWS["relu"]


def test_expressions_in_any_symbol() -> None:
    z = sp.Symbol("z")
    assert activation(sp.Max(0, z)) is ROWS["relu"]
    assert activation(sp.sin) is ROWS["sin"]
    assert activation(sp.Lambda(z, sp.erf(z))) is ROWS["erf"]
    assert activation("x*(1+erf(x/sqrt(2)))/2") is ROWS["gelu"]
    assert activation("x") is ROWS["identity"]
    made = activation("a*x + max(x, 0)")
    assert made.name == "phi" and made.parameters == (sp.Symbol("a", real=True),) and made.defaults == ()
    assert activation(made) is made


def test_the_variable_can_be_named() -> None:
    s, t = sp.symbols("s t")
    assert activation(sp.sin(s * t), variable=t).parameters == (sp.Symbol("s", real=True),)
    assert activation("sin(s*t)", variable="s").parameters == (sp.Symbol("t", real=True),)
    with pytest.raises(ParseError, match="say which"):
        activation("s*t")
    with pytest.raises(ActivationError, match="say which"):
        activation(s * t)
    with pytest.raises(ParseError, match="no symbol 'q'"):
        activation("s*t", variable="q")


def test_parameters_are_exact() -> None:
    alpha = ROWS["leaky_relu"].parameters[0]
    for given in (0.3, "0.3", sp.Rational(3, 10), np.float64(0.3), np.float32(0.3), fractions.Fraction(3, 10), sp.Float("0.3")):
        assert activation("leaky_relu", alpha=given).defaults == ((alpha, sp.Rational(3, 10)),)
    assert activation("leaky_relu", alpha=1).defaults == ((alpha, sp.S.One),)
    assert activation("max(0, a*x)", a="sqrt(2)").defaults == ((sp.Symbol("a", real=True), sp.sqrt(2)),)
    assert activation(0.1 * sp.Symbol("x")).expr == x / 10


def test_families() -> None:
    assert activation("rectified_monomial", n=1) is ROWS["relu"]
    assert activation("monomial", n=7).expr == x**7
    hermite = [activation("hermite", n=n).expr for n in range(1, 6)]
    density = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
    gram = [[sp.integrate(f * g * density, (x, -sp.oo, sp.oo)) for f in hermite] for g in hermite]
    assert sp.Matrix(gram) == sp.eye(5)


BAD = [
    ("rleu", {}, ActivationError, "did you mean relu"),
    ("foo", {}, ActivationError, "ntksym list"),
    ("erf", {"beta": 2}, ActivationError, "scaled_erf"),
    ("leaky_relu", {"beta": 2}, ActivationError, "its parameters are alpha"),
    ("scaled_gaussian", {"beta": -1}, ActivationError, "positive"),
    ("leaky_relu", {"alpha": float("nan")}, ActivationError, "finite"),
    ("leaky_relu", {"alpha": float("inf")}, ActivationError, "finite"),
    ("leaky_relu", {"alpha": True}, ActivationError, "plain number"),
    ("leaky_relu", {"alpha": 1j}, ActivationError, "plain number"),
    ("leaky_relu", {"alpha": sp.I}, ActivationError, "real"),
    ("leaky_relu", {"alpha": "b"}, ParseError, "not a number"),
    ("leaky_relu", {"alpha": "__import__('os')"}, ParseError, "never run"),
    ("monomial", {}, ActivationError, "integer n"),
    ("monomial", {"n": 2.5}, ActivationError, "integer n"),
    ("hermite", {"n": 10**9}, ActivationError, "integer n"),
    ("exp(x^4)", {}, ActivationError, "not square-integrable"),
    ("x + 3*exp(x^3)", {}, ActivationError, "not square-integrable"),
    ("x*exp(x^4)^2", {}, ActivationError, "not square-integrable"),
    ("cosh(x^3)", {}, ActivationError, "not square-integrable"),
    ("1/x", {}, ActivationError, "pole"),
    ("x/(x^2 - 1)", {}, ActivationError, "pole"),
    ("log(x)", {}, ActivationError, "complex"),
    ("sqrt(x)", {}, ActivationError, "complex"),
    ("x^(1/3)", {}, ActivationError, "complex"),
    ("x^x", {}, ActivationError, "complex"),
    (sp.I * x, {}, ActivationError, "complex"),
    (sp.Function("f")(x), {}, ActivationError, "unspecified function"),
    ("w*x", {}, ParseError, "stands for"),
    ("3", {}, ParseError, "no variable"),
    (3, {}, ActivationError, "int"),
    (None, {}, ActivationError, "NoneType"),
    (np.tanh, {}, ActivationError, "formula"),
    (sp.Symbol("x") + sp.Symbol("x", positive=True), {}, ActivationError, "one name"),
    (sp.Lambda((sp.Symbol("s"), sp.Symbol("t")), sp.Symbol("s")), {}, ActivationError, "2 arguments"),
]


@pytest.mark.parametrize(("spec", "params", "error", "says"), BAD, ids=[str(row[0])[:20] for row in BAD])
def test_refusals(spec: object, params: dict[str, object], error: type[NtksymError], says: str) -> None:
    with pytest.raises(error, match=says):
        activation(spec, **params)


@pytest.mark.parametrize(
    "text", ["exp(x^2)", "exp(-x^4)", "exp(x^3)*where(x<0,1,0)", "sqrt(|x|)", "log(1+x^2)", "1/(1+x^2)", "2^x", "(1+x^2)^0.3", "log(1+exp(x))"]
)
def test_what_is_not_plainly_wrong_comes_in(text: str) -> None:
    assert isinstance(activation(text), Activation)
