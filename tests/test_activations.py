"""The catalogue and the door: rows against the oracles' own table, names, texts, expressions, refusals."""

from __future__ import annotations

import fractions
import keyword
import math
import re
from collections.abc import Callable

import numpy as np
import oracles
import pytest
import sympy as sp
from mpmath import mp, mpf

from ntksym.activations import Activation, activation, catalogue, sequence_names
from ntksym.admission import require_admissible
from ntksym.catalogue import LEFT_OUT, families
from ntksym.errors import ActivationError, NtksymError, ParseError
from ntksym.library import titles
from ntksym.notation import x

ROWS = {row.name: row for row in catalogue()}
ALL_NAMES = {name for row in catalogue() for name in (row.name, *row.aliases)}


# Judged by the oracles, and by alias a row here.
JUDGED = tuple(name for name in oracles.names() if name in ALL_NAMES)


@pytest.mark.parametrize("name", JUDGED)
def test_rows_agree_with_the_oracles_table(name: str) -> None:
    """Two people typed phi: one in SymPy, one in mpmath."""
    row = activation(name)
    phi = sp.lambdify(x, row.at_defaults(x), "mpmath")
    with mp.workdps(40):
        known = oracles.known(name)
        for at in (mpf("-2.3"), mpf("-0.4"), mpf("0.15"), mpf("1.9"), mpf("6.7")):
            assert abs(phi(at) - known.phi(at)) < mpf(10) ** -36 * (1 + abs(phi(at)))


# What the libraries compute, typed from their documentation: (name here, what they call it, formula in floats).
LIBRARIES: list[tuple[str, str, Callable[[float], float]]] = [
    ("relu", "torch.nn.ReLU jax.nn.relu keras.activations.relu", lambda t: max(t, 0.0)),
    ("relu6", "torch.nn.ReLU6 jax.nn.relu6 keras.activations.relu6", lambda t: min(max(t, 0.0), 6.0)),
    ("leaky_relu", "torch.nn.LeakyReLU jax.nn.leaky_relu", lambda t: t if t >= 0 else 0.01 * t),
    ("prelu", "torch.nn.PReLU", lambda t: t if t >= 0 else 0.25 * t),
    ("elu", "torch.nn.ELU jax.nn.elu keras.activations.elu", lambda t: t if t > 0 else math.expm1(t)),
    ("selu", "torch.nn.SELU jax.nn.selu keras.activations.selu", lambda t: 1.0507009873554805 * (t if t > 0 else 1.6732632423543772 * math.expm1(t))),
    ("celu", "torch.nn.CELU jax.nn.celu keras.activations.celu", lambda t: t if t > 0 else math.expm1(t)),
    ("gelu", "torch.nn.GELU keras.activations.gelu", lambda t: t * 0.5 * math.erfc(-t / math.sqrt(2))),
    ("gelu_tanh", "torch.nn.GELU(approximate) jax.nn.gelu", lambda t: 0.5 * t * (1 + math.tanh(math.sqrt(2 / math.pi) * (t + 0.044715 * t**3)))),
    ("silu", "torch.nn.SiLU jax.nn.silu jax.nn.swish keras.activations.silu keras.activations.swish", lambda t: t / (1 + math.exp(-t))),
    ("mish", "torch.nn.Mish jax.nn.mish keras.activations.mish", lambda t: t * math.tanh(math.log1p(math.exp(t)))),
    ("softplus", "torch.nn.Softplus jax.nn.softplus keras.activations.softplus", lambda t: math.log1p(math.exp(t))),
    ("sigmoid", "torch.nn.Sigmoid jax.nn.sigmoid keras.activations.sigmoid", lambda t: 1 / (1 + math.exp(-t))),
    ("log_sigmoid", "torch.nn.LogSigmoid jax.nn.log_sigmoid keras.activations.log_sigmoid", lambda t: -math.log1p(math.exp(-t))),
    ("hard_sigmoid", "torch.nn.Hardsigmoid jax.nn.hard_sigmoid keras.activations.hard_sigmoid", lambda t: min(max(t + 3, 0.0), 6.0) / 6),
    ("hard_swish", "torch.nn.Hardswish jax.nn.hard_swish jax.nn.hard_silu keras.activations.hard_silu", lambda t: t * min(max(t + 3, 0.0), 6.0) / 6),
    ("hard_tanh", "torch.nn.Hardtanh jax.nn.hard_tanh keras.activations.hard_tanh", lambda t: min(max(t, -1.0), 1.0)),
    ("hard_shrink", "torch.nn.Hardshrink keras.activations.hard_shrink", lambda t: t if abs(t) > 0.5 else 0.0),
    ("soft_shrink", "torch.nn.Softshrink keras.activations.soft_shrink", lambda t: t - 0.5 if t > 0.5 else t + 0.5 if t < -0.5 else 0.0),
    ("tanh_shrink", "torch.nn.Tanhshrink keras.activations.tanh_shrink", lambda t: t - math.tanh(t)),
    ("softsign", "torch.nn.Softsign jax.nn.soft_sign keras.activations.softsign", lambda t: t / (1 + abs(t))),
    ("tanh", "torch.nn.Tanh jax.nn.tanh keras.activations.tanh", math.tanh),
    ("threshold", "torch.nn.Threshold keras.activations.threshold", lambda t: t if t > 1 else 0.0),
    ("smelu", "jax.nn.sparse_plus keras.activations.sparse_plus", lambda t: 0.0 if t <= -1 else t if t >= 1 else (t + 1) ** 2 / 4),
    ("sparse_sigmoid", "jax.nn.sparse_sigmoid keras.activations.sparse_sigmoid", lambda t: 0.0 if t <= -1 else 1.0 if t >= 1 else (t + 1) / 2),
    ("squareplus", "jax.nn.squareplus keras.activations.squareplus", lambda t: (t + math.sqrt(t * t + 4)) / 2),
    ("exp", "keras.activations.exponential", math.exp),
    ("identity", "torch.nn.Identity jax.nn.identity keras.activations.linear", lambda t: t),
]


@pytest.mark.parametrize(("name", "called", "formula"), LIBRARIES, ids=[entry[0] for entry in LIBRARIES])
def test_rows_are_what_the_libraries_compute(name: str, called: str, formula: Callable[[float], float]) -> None:
    phi = ROWS[name].at_defaults(x)
    for at in (-7.3, -2.2, -0.7, -0.3, 0.2, 0.8, 1.7, 3.4, 6.9):
        assert abs(float(phi.subs(x, sp.Rational(str(at))).evalf(20)) - formula(at)) < 1e-14 * (1 + abs(formula(at)))
    for spelled in called.split():
        own = spelled.split(".")[-1].partition("(")[0]
        assert activation(own).name == name or (name, own) in {("gelu_tanh", "GELU"), ("gelu_tanh", "gelu")}, (
            "one name, two functions: torch and Keras mean the exact one"
        )


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
        assert not any(keyword.iskeyword(symbol.name) for symbol in row.parameters), "a parameter is a keyword of generated code"
        require_admissible(row.expr)
        require_admissible(row.at_defaults(x))
    formulas = [sp.expand(row.expr) for row in catalogue()]
    assert len(set(formulas)) == len(formulas), "an alias is no row"
    assert not seen & {"notes", *sequence_names(), *titles()}
    assert not {re.sub("[_-]", "", name) for name in seen} & {re.sub("[_-]", "", name) for name in LEFT_OUT}
    assert len(catalogue()) >= 60
    assert len(JUDGED) >= 60
    assert len({family.key for family in families()}) == len(families()) and sum(len(family.rows) for family in families()) == len(catalogue())


@pytest.mark.parametrize("spec", ["relu", "ReLU", " relu ", "re-lu", "rectifier", "max(0, x)", "max(t, 0)", "relu(x)"])
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


def test_parameters_as_the_libraries_call_them() -> None:
    assert activation("LeakyReLU", negative_slope=0.2) == activation("leaky_relu", alpha="0.2")
    assert activation("Softshrink", lambd=0.3) == activation("soft_shrink", threshold=0.3) == activation("soft_shrink", t="0.3")
    assert activation("Threshold", threshold=0.1, value=20) == activation("threshold", t="0.1", c=20)
    with pytest.raises(ActivationError, match="one parameter"):
        activation("leaky_relu", alpha=1, negative_slope=2)


def test_sequences() -> None:
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
    ("log(1-x^2)", {}, ActivationError, "complex"),
    ("sqrt(sin(x))", {}, ActivationError, "complex"),
    ("where(x>1, log(x), log(x))", {}, ActivationError, r"log\(x\) is complex"),
    ("where(x<1, sqrt(x), 0)", {}, ActivationError, r"sqrt\(x\) in .* at x = "),
    ("sqrt(x^2 + b)", {"b": -1}, ActivationError, "complex"),
    ("squareplus", {"b": -1}, ActivationError, "positive"),
    ("celu", {"alpha": 0}, ActivationError, "positive"),
    ("soft_shrink", {"lambd": -0.5}, ActivationError, "positive"),
    (sp.Max(0, x - sp.Symbol("s", negative=True)), {"s": 1}, ActivationError, "negative"),
    (x ** sp.Symbol("k", integer=True, positive=True), {"k": 1.5}, ActivationError, "whole"),
    (sp.acos(x), {}, ActivationError, "complex or undefined"),
    ("1/sin(x)", {}, ActivationError, "pole near x = -?0$|pole near x = -?0\\."),
    ("tan(x)", {}, ActivationError, "pole near x = -?1.57"),
    ("1/|x|", {}, ActivationError, "pole"),
    ("|x|^(-1/2)", {}, ActivationError, "pole"),
    ("1/(exp(x) - 1)", {}, ActivationError, "pole"),
    ("exp(1/x)", {}, ActivationError, "pole"),
    ("1/(x^2 - a)", {"a": 4}, ActivationError, "pole near x = -?2"),
    ("exp(exp(x))", {}, ActivationError, "not square-integrable"),
    ("max(0, exp(x^4) - 1)*x", {}, ActivationError, "kink|not square-integrable"),
    ("where(x < 0, exp(-x^3), x)", {}, ActivationError, "not square-integrable"),
    ("|x|*exp(x^4)", {}, ActivationError, "not square-integrable"),
    ("2^(x^4)", {}, ActivationError, "not square-integrable"),
    ("max(x, sin(x))", {}, ActivationError, "exact location of every kink"),
    ("|sin(x)|", {}, ActivationError, "exact location of every kink"),
    ("where(cos(x) > 0, 1, 0)", {}, ActivationError, "exact location of every kink"),
    (sp.floor(x), {}, ActivationError, "jumps without end"),
    (sp.Mod(x, 2), {}, ActivationError, "jumps without end"),
    (sp.DiracDelta(x), {}, ActivationError, "measurable function of one real number"),
    (sp.Integral(sp.exp(-(x**2)), (x, 0, x)), {}, ActivationError, "measurable function of one real number"),
    (sp.MatrixSymbol("A", 2, 2)[0, 0] * x, {}, ActivationError, "measurable|symbols"),
    (sp.Symbol("y", commutative=False) ** 2, {}, ActivationError, "no real number"),
    (sp.gamma(x), {}, ActivationError, "the function gamma"),
    (sp.besselj(0, x), {}, ActivationError, "the function besselj"),
    (sp.oo * x, {}, ActivationError, "infinite|variable"),
    (x > 0, {}, ActivationError, "StrictGreaterThan|formula"),
    (sp.Matrix([x]), {}, ActivationError, "formula"),
    ([1, 2], {}, ActivationError, "formula"),
    ("", {}, ParseError, "empty|nothing|expression"),
    ("RReLU", {}, ActivationError, "drawn anew"),
    ("softmax", {}, ActivationError, "all pre-activations"),
    ("SwiGLU", {}, ActivationError, "two halves"),
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
    "text",
    ["exp(x^2)", "exp(-x^4)", "exp(x^3)*where(x<0,1,0)", "sqrt(|x|)", "log(1+x^2)", "1/(1+x^2)", "2^x", "(1+x^2)^0.3", "log(1+exp(x))"]
    + ["log(|x|)", "where(x>0, sqrt(x), 0)", "sin(x)/x", "x/(exp(x)-1)", "|x|^(-1/4)", "log(1-tanh(x))", "|x*erf(x)|", "max(0, tanh(x))", "sqrt(x^2+b)"]
    + ["1/cosh(x)", "exp(x^2)*cos(x)", "cosh(x)^2", "exp(-exp(x))", "exp(x^2/200)", "log(exp(x)+exp(-x))", "max(0,min(1,x))*max(x,2)", "arcsinh(x)"],
)
def test_what_is_not_plainly_wrong_comes_in(text: str) -> None:
    assert isinstance(activation(text), Activation)
