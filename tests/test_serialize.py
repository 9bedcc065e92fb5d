"""JSON: what comes back is what went in, and text that ntksym did not write is refused without being run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from ntksym import forms, nodes, notation
from ntksym.activations import activation, catalogue
from ntksym.errors import CheckError, SerializationError
from ntksym.gaussian import dual
from ntksym.notation import K11, K12, K22, q11, q12, q22, u, v, x
from ntksym.proof import Assumption, Derivation, Regime, Statement, Status, verdict
from ntksym.serialize import from_json, register, to_json

PHI, NAMED = sp.Function("phi"), sp.Function("f", real=True)
ROOT = sp.sqrt(q11 * q22 - q12**2)
VALUE = (ROOT + (sp.pi - nodes.CorrelationAngle(q11, q12, q22)) * q12) / (2 * sp.pi)
LAW = nodes.gaussian_pair(u, v, q11, q12, q22)
ROW, N, Z = sp.Symbol("i", integer=True), sp.Symbol("n", integer=True, positive=True), sp.IndexedBase("z")

OBJECTS = [
    VALUE,
    sp.diff(VALUE, q12),
    sp.Integer(-7),
    sp.Rational(-3, 7),
    sp.Integer(10) ** 40,
    sp.pi + sp.E + sp.I,
    sp.oo,
    sp.true,
    sp.Symbol("k", integer=True, even=True),
    sp.Symbol("plain"),
    PHI,
    PHI(x),
    NAMED(x),
    sp.Derivative(PHI(x), x),
    sp.Subs(sp.Derivative(PHI(x), x), x, u),
    nodes.Dual(PHI, PHI, K11, K12, K22),
    nodes.Dual(sp.Lambda(x, x), forms.phi_derivative(sp.Lambda(x, x)), K11, K12, K22),
    forms.phi_derivative(sp.Lambda(x, sp.Max(0, x))),
    nodes.Expect(u * v, LAW),
    nodes.TendsTo(K12, K11, (N,)),
    nodes.DistributedAs(sp.Tuple(u, v), LAW),
    nodes.Where(VALUE, ((q12, q11 * q22),)),
    sp.Sum(Z[ROW] ** 2, (ROW, 1, N)),
    sp.KroneckerDelta(ROW, N),
    sp.Eq(q11, q12),
    sp.And(q11 > 1, sp.Or(q12 < 2, sp.Ne(q12, 0))),
    sp.Mul(2, sp.Add(1, 1, evaluate=False), evaluate=False),
    sp.Piecewise((sp.exp(x) - 1, x < 0), (x, True)),
    (1, "a", None, True, 10**30, (x, ())),
    Statement(sp.Eq(x, 1), Regime.LIMIT_SEQUENTIAL, (Assumption("a", "text", x > 0),)),
    verdict.proved("all widths") + verdict.tested(12, 30, "quadrature", seed=3),
    forms.DualForm(sp.Lambda(x, x), q12, sp.S.One, sp.S.Zero, notation.q, sp.S.One, sp.true),
    forms.OutsideClass(sp.Lambda(x, sp.tanh(x)), sp.tanh(x), "tanh has poles"),
    *catalogue(),
    activation("max(x, a*x)", a="1/3"),
]


@pytest.mark.parametrize("thing", OBJECTS, ids=range(len(OBJECTS)))
def test_round_trip(thing: object) -> None:
    text = to_json(thing)
    back = from_json(text)
    # An undefined function is a class of its own, made anew; names tell classes apart.
    assert back == thing and type(back).__name__ == type(thing).__name__
    assert to_json(back) == text
    assert from_json(json.dumps(json.loads(text), indent=3)) == thing


_ATOMS = st.sampled_from([x, q11, q12, sp.Integer(2), sp.Rational(1, 3), sp.pi])
_GROW = st.recursive(
    _ATOMS,
    lambda e: st.one_of(
        st.builds(lambda a, b: a + b, e, e),
        st.builds(lambda a, b: a * b, e, e),
        st.builds(sp.Max, e, e),
        st.builds(lambda a: a**2, e),
        *(st.builds(lambda a, f=f: f(a + x), e) for f in (sp.erf, sp.exp, sp.sin, sp.Abs, sp.Heaviside, nodes.NormalCDF, nodes.Indicator)),
    ),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None)
@given(_GROW)
def test_round_trip_of_grown_expressions(expression: sp.Expr) -> None:
    assert from_json(to_json(expression)) == expression


def test_a_derivation_comes_back_stored_and_replays() -> None:
    made = dual(activation("relu").phi)
    text = made.to_json()
    back = Derivation.from_json(text)
    assert back.stored and back.verdict is Status.UNCHECKED
    assert back.conclusion == made.conclusion and len(back) == len(made)
    assert back.replay() == made
    assert back.to_json() == text


def test_a_falsified_conclusion_does_not_replay() -> None:
    back = Derivation.from_json(dual(activation("relu").phi).to_json())
    last = back.steps[-1]
    claim = replace(last.conclusion.claim, value=2 * last.conclusion.claim.value)
    lie = replace(back, steps=(*back.steps[:-1], replace(last, conclusion=replace(last.conclusion, claim=claim))))
    with pytest.raises(CheckError, match="another conclusion"):
        Derivation.from_json(lie.to_json()).replay()


def test_a_fresh_process_reads_it() -> None:
    text = dual(activation("erf").phi).to_json()
    code = "import sys; from ntksym.proof import Derivation; d = Derivation.from_json(sys.stdin.read()); sys.stdout.write(d.replay().to_json())"
    done = subprocess.run([sys.executable, "-c", code], input=text, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": "5"})
    assert done.stdout == text


def _document(thing: object) -> str:
    return json.dumps({"schema_version": 1, "object": thing})


HOSTILE = [
    "",
    "nonsense",
    "[]",
    '{"object": 1}',
    json.dumps({"schema_version": 99, "object": ["Integer", "1"]}),
    _document(["Popen", "ls"]),
    _document(["__import__", "os"]),
    _document(["Class", "Popen"]),
    _document(["Lambda", "x", "y"]),
    _document(["Symbol", "x", "evil"]),
    _document(["Symbol"]),
    _document(["Integer", "__import__('os')"]),
    _document(["Integer", "1e5"]),
    _document(["Integer", "9" * 10000]),
    _document(["Rational", "2", "4"]),
    _document(["Rational", "1", "0"]),
    _document(["Constant", "spam"]),
    _document(["Rule", "no_such_rule"]),
    _document(["Apply", ["Class", "exp"], ["Integer", "1"]]),
    _document(["Apply", ["Symbol", "f"], ["Integer", "1"]]),
    _document(["Add", "x", "y"]),
    _document(["Add", ["Integer", "1"]]),
    _document(["Width", "__import__('os')"]),
    _document(["Mul", ["tuple"], ["Integer", "2"]]),
    _document(["Statement", {"claim": 1, "spam": 2}]),
    _document(["Statement", {"claim": 1, "regime": "EXACT"}]),
    _document(["Derivation", {"title": "t", "steps": ["tuple", 1]}]),
    _document(["Derivation", 7]),
    _document(["Regime", "SPAM"]),
    _document({"Derivation": 1}),
    _document(1.5),
    "[" * 100_000,
    '{"schema_version": 1, "object": ' + '["Not", ' * 900 + '["Constant", "true"]' + "]" * 900 + "}",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_ntksym_did_not_write_is_refused(text: str) -> None:
    with pytest.raises(SerializationError):
        from_json(text)


def test_a_stored_flag_cannot_be_forged() -> None:
    text = _document(["Derivation", {"title": "t", "steps": ["tuple"], "stored": False}])
    with pytest.raises(SerializationError, match="Derivation"):
        from_json(text)


def test_loading_evaluates_nothing() -> None:
    tower = ["Pow", ["Integer", "9"], ["Pow", ["Integer", "9"], ["Pow", ["Integer", "9"], ["Integer", "9"]]]]
    assert from_json(_document(tower)).exp.exp == sp.Pow(9, 9, evaluate=False)


@pytest.mark.parametrize("thing", [sp.Float("0.1"), 0.1, [1], {1}, object(), sp.Dummy("d"), sp.Wild("w"), sp.zeta(x), print])
def test_what_has_no_head_is_refused(thing: object) -> None:
    with pytest.raises(SerializationError, match="to_json"):
        to_json(thing)


def test_a_head_is_taken_once() -> None:
    @dataclass(frozen=True)
    class Statement:  # noqa: F811  (the name is the point)
        claim: int

    with pytest.raises(SerializationError, match="taken"):
        register(Statement)
    with pytest.raises(SerializationError, match="no dataclass"):
        register(int)
    with pytest.raises(SerializationError, match="holds no derivation"):
        Derivation.from_json(to_json(x))
