"""The numeric fallback: pieces of any activation, the rule, its checker, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest
import sympy as sp

from ntksym.forms import NumericDual
from ntksym.gaussian import dual, fallback
from ntksym.gaussian.checks.fallback import check_numbers
from ntksym.gaussian.evaluation import NoNumbersError, line_values
from ntksym.gaussian.fallback import for_code, without_numbers
from ntksym.gaussian.numeric import MODULES
from ntksym.gaussian.smooth_pieces import smooth_pieces
from ntksym.lowering import dual_source, load_source, lower_form
from ntksym.notation import q11, q12, q22, x
from ntksym.proof import Status
from ntksym.serialize import from_json, to_json

EXPRESSIONS = {
    "softsign": (x / (1 + sp.Abs(x)), [0]),
    "nested": (sp.Abs(sp.Abs(x) - 1) * sp.tanh(x), [-1, 0, 1]),
    "clipped": (sp.Max(-1, sp.Min(1, x)) * sp.tanh(x), [-1, 1]),
    "rational root": (sp.sqrt(sp.Abs(2 * x - 1)), [sp.Rational(1, 2)]),
    "tangent": (sp.Max(x, sp.sin(x)), [0]),
    "transcendental": (sp.Max(x, sp.cos(x)), [0.7390851332151607]),
    "piecewise": (sp.Piecewise((sp.tanh(x), x < 1), (sp.log(x), True)), [1]),
    "smooth": (sp.log(1 + sp.exp(x)), []),
    "symbolic": (sp.Max(x - sp.Symbol("t", real=True), 0) * sp.tanh(x), [sp.Symbol("t", real=True)]),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_pieces_are_phi_on_every_interval(name: str) -> None:
    """Compared with phi itself at points of every interval, evaluated by SymPy."""
    expr, thresholds = EXPRESSIONS[name]
    found = smooth_pieces(expr)
    values = {s: sp.Rational(23, 20) for s in expr.free_symbols - {x}}
    edges = [float(t.xreplace(values)) for t in found.thresholds]
    assert np.allclose(edges, [float(sp.sympify(t).xreplace(values)) for t in thresholds], rtol=0, atol=1e-15)
    for point in (-3.1, -0.83, -0.2, 0.3, 0.9, 1.17, 4.0):
        piece = found.exprs[sum(point > edge for edge in edges)]
        right = sp.N(expr.xreplace(values).subs(x, sp.Float(point, 30)), 20)
        assert abs(sp.N(piece.xreplace(values).subs(x, sp.Float(point, 30)), 20) - right) < 1e-15
        got = line_values(expr, {x: np.float64(point), **{s: np.float64(v) for s, v in values.items()}})
        assert abs(float(got) - float(right)) < 1e-14


@pytest.mark.parametrize("expr", [sp.tanh(x), x / (1 + sp.Abs(x)), sp.Abs(x) ** sp.Rational(3, 2) * sp.tanh(x)])
def test_a_wrong_claim_is_refuted(expr: sp.Expr) -> None:
    """Another activation's pieces, or a piece off by a hundredth, and the checker says FALSE."""
    derivation = dual(sp.Lambda(x, expr))
    outside, claim = (step.conclusion for step in derivation.steps)
    form = claim.claim
    assert isinstance(form, NumericDual) and derivation.steps[-1].verdict.status is Status.TESTED
    assert derivation.replay() == derivation and from_json(to_json(form)) == form
    off = replace(form, exprs=tuple(piece * sp.Rational(101, 100) for piece in form.exprs))
    assert check_numbers((outside,), replace(claim, claim=off), phi=form.phi).status is Status.FALSE
    other = replace(form, exprs=(*form.exprs[:-1], form.exprs[-1] + x / 1000))
    assert check_numbers((outside,), replace(claim, claim=other), phi=form.phi).status is Status.FALSE
    renamed = replace(form, reason="something else")
    assert check_numbers((outside,), replace(claim, claim=renamed), phi=form.phi).status is Status.FALSE


@pytest.mark.parametrize(
    ("expr", "says"),
    [
        (sp.log(sp.Abs(x)), "not integrable"),
        (1 / sp.sqrt(sp.Abs(x)), "not square-integrable"),
        (sp.Abs(sp.sin(x)), "changes its sign"),
        (sp.exp(x**2 / 20) * sp.tanh(x), "faster than every exponential"),
        (sp.Max(sp.tanh(x), sp.Symbol("c", real=True) * sp.cos(x)), "depend on parameters"),
        (sp.Abs(x - sp.Symbol("s", real=True)) * sp.Abs(x - sp.Symbol("t", real=True)) * sp.tanh(x), "order of the kinks"),
        (sp.gamma(x**2 + 1) / sp.gamma(x**2 + 2), "no numbers here"),
    ],
)
def test_what_has_no_numbers_says_why(expr: sp.Expr, says: str) -> None:
    assert says in without_numbers(sp.Lambda(x, expr))


def test_too_many_kinks_are_refused() -> None:
    with pytest.raises(NoNumbersError, match="8 kinks"):
        smooth_pieces(sp.Add(*(sp.Abs(x - k) for k in range(8))) * sp.tanh(x))


def test_a_closed_form_too_long_for_code_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    form = dual(sp.Lambda(x, sp.Max(-1, sp.Min(1, x)))).conclusion.claim
    assert for_code(form) is form
    monkeypatch.setattr(fallback, "_LONGEST", 10)
    computed = for_code.__wrapped__(form)
    assert isinstance(computed, NumericDual)
    assert "too long for code" in computed.reason and str(sp.count_ops(form.value)) in computed.reason
    point = (0.9, 0.4, 1.7)
    exact = [float(sp.lambdify((q11, q12, q22), e, modules=MODULES)(*point)) for e in (form.value, form.derivative)]
    with jax.enable_x64(True):
        module = load_source(dual_source(lower_form(computed, "phi")[0], "phi", "0"))
        arrays = tuple(map(np.float64, point))
        found, bounds = module["dual_phi"](*arrays), module["dual_phi_bound"](*arrays)
    for value, bound, wanted in zip(found, bounds, exact, strict=True):
        assert abs(float(value) - wanted) <= float(bound) < 1e-9


def test_a_closed_form_that_no_quadrature_can_replace_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fallback, "_LONGEST", 1)
    form = dual(sp.Lambda(x, sp.exp(x**2 / 8))).conclusion.claim
    assert for_code.__wrapped__(form) is form


def test_a_removable_singularity_at_a_kink_is_checked() -> None:
    """At x = -2/3 the quotient is 0/0, and 2 on the right of it."""
    derived = dual(sp.Lambda(x, sp.Max(0, sp.Min(1, 3 * x / 2 + 1)) / (3 * x / 4 + sp.Rational(1, 2))))
    assert derived.steps[-1].rule.name == "compute_numerically"
    assert derived.steps[-1].verdict.status is Status.TESTED


def test_a_bend_far_from_the_mass_is_checked() -> None:
    derived = dual(sp.Lambda(x, x**2 / ((x / 2 + 3) ** 2 + 1)))
    assert derived.steps[-1].verdict.status is Status.TESTED
