"""Probabilities of half-planes on the page and in SymPy's own printers; what is computed and not derived; equations that fit a page."""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import pairwise
from random import Random

import mpmath
import pytest
import sympy as sp
from reader import bivariate_cdf

from ntksym.duals import dual
from ntksym.forms import NumericDual
from ntksym.network import fcn
from ntksym.nodes import CorrelationAngle, CorrelationArcsine, Delta, HalfLineProbability, Indicator, NormalCDF, NormalPDF, QuadrantProbability
from ntksym.notation import q, q11, q12, q22, u, v, w1, x
from ntksym.proof import Derivation
from ntksym.report import document
from ntksym.report.build import equations
from ntksym.report.characters import ascii_only
from ntksym.report.document import Equation
from ntksym.report.functions import bivariate_rows, described
from ntksym.report.glyphs import BivariateCDF
from ntksym.report.layout import height
from ntksym.report.mathematics import latex
from ntksym.report.naming import Namer
from ntksym.report.plain import plain
from ntksym.report.probabilities import as_cdfs, sign_of, standardized, threshold
from ntksym.serialize import from_json, to_json
from ntksym.theory import derive

t = sp.Symbol("t", positive=True)
gram = q11 * q22 - q12**2

# expression, LaTeX, text
PRINTED = [
    (Indicator(x - t), r"\mathbf{1}\{x \ge t\}", "1{x ≥ t}"),
    (Indicator(-x - t), r"\mathbf{1}\{x \le -t\}", "1{x ≤ -t}"),
    (Indicator(t - u), r"\mathbf{1}\{u \le t\}", "1{u ≤ t}"),
    (Indicator(v + sp.Rational(1, 2)), r"\mathbf{1}\{v \ge - \frac{1}{2}\}", "1{v ≥ -1/2}"),
    (Indicator(u + w1 + t), r"\mathbf{1}\{t + u + w_{1} \ge 0\}", "1{t + u + w1 ≥ 0}"),
    (Indicator(sp.Symbol("t", real=True) - sp.Symbol("a")), r"\mathbf{1}\{t \ge a\}", "1{t ≥ a}"),
    (Delta(-x - t), r"\delta(t + x)", "δ(t + x)"),
    (Delta(t - x), r"\delta(x - t)", "δ(x - t)"),
    (sp.Derivative(Delta(u - t), u), r"\delta'(u - t)", "δ'(u - t)"),
    (sp.Derivative(Delta(u - t), (u, 2)), r"\delta''(u - t)", "δ''(u - t)"),
    (HalfLineProbability(-t, q), r"\Phi\left(-\frac{t}{\sqrt{q}}\right)", "Φ(-t/√q)"),
    (HalfLineProbability(-2 * q, q), r"\Phi\left(-2 \sqrt{q}\right)", "Φ(-2 √q)"),
    (HalfLineProbability(-gram, q11 * gram), r"\Phi\left(-\frac{\sqrt{q_{11} q_{22} - q_{12}^{2}}}{\sqrt{q_{11}}}\right)", "Φ(-√(q11 q22 - q12²)/√q11)"),
    (QuadrantProbability(-q11, q12, q11, -q12, q22), None, "Φ₂(-√q11, q12/√q22; -q12/√(q11 q22))"),
    (BivariateCDF(x, t, -x) ** 2, r"\Phi_2(x, t;\, -x)^{2}", "Φ₂(x, t; -x)²"),
    (sp.erfi(x) * 2, r"2 \operatorname{erfi}(x)", "2 erfi(x)"),
    (sp.Or(t < x, t < -x), r"x < -t \;\text{ or }\; x > t", "x < -t or x > t"),
]


@pytest.mark.parametrize(("expression", "tex", "text"), PRINTED, ids=[text for _, _, text in PRINTED])
def test_printed(expression: sp.Basic, tex: str | None, text: str) -> None:
    if tex is not None:
        assert latex(expression) == tex
    assert plain(expression) == text
    assert ascii_only(plain(expression)).isascii()


def test_text_in_ascii() -> None:
    assert ascii_only(plain(QuadrantProbability(-t, -t, 1 + q, q, 1 + q))) == "Phi_2(-t/sqrt(1 + q), -t/sqrt(1 + q); q/(1 + q))"


def test_lines_in_ascii_are_aligned_and_fit() -> None:
    lines = dual("shifted_relu").text("result", width=80, ascii=True).splitlines()
    first, second = (next(line for line in lines if line.lstrip().startswith(head)) for head in ("phi(x)", "V_phi(q11, q12, q22)"))
    assert first.index(" = ") + 1 == second.index(":=")
    assert max(map(len, lines)) <= 80


POINT = {q11: "1.3", q12: "-0.4", q22: "0.7", q: "1.1", t: "0.6"}


def number(expression: sp.Expr) -> mpmath.mpf:
    values = {s: sp.Float(value, 40) for s, value in POINT.items()}
    return mpmath.mpmathify(sp.N(expression.xreplace(values), 35))


@pytest.mark.parametrize("seed", range(12))
def test_standardized_is_mean_over_deviation(seed: int) -> None:
    random = Random(seed)
    factors = [q11, q22, t, gram, q12, q11 - q12, 1 + 2 * q11, -gram, 3, sp.sqrt(2), q12 - q22, sp.expand((1 + q11) * (1 + q22) - q12**2)]
    squares = [q11, q22, 2, gram, 1 + 2 * q11, (q11 + q12) ** 2, sp.expand((1 + q11) * (1 + q22) - q12**2)]
    mean = sp.Mul(*(random.choice(factors) for _ in range(3))) / random.choice([1, gram, 1 + 2 * q11])
    variance = sp.expand(sp.Mul(*(random.choice(squares) for _ in range(2)))) / random.choice([1, q11, gram])
    short = standardized(mean, variance)
    with mpmath.workdps(30):
        assert abs(number(short) - number(mean / sp.sqrt(variance))) < mpmath.mpf(10) ** -25, (mean, variance)


def test_nothing_of_unknown_sign_is_cancelled() -> None:
    """(q11 + q12)/|q11 + q12| is no 1: the square root of a square keeps its sign to itself."""
    assert sign_of(q11 + q12) == 0
    for value in ("0.4", "-1.9"):
        with mpmath.workdps(30):
            point = {q11: sp.Float("1.3", 30), q12: sp.Float(value, 30)}
            shown = standardized(q11 + q12, sp.expand((q11 + q12) ** 2)).xreplace(point)
            assert abs(mpmath.mpmathify(shown) - mpmath.sign(mpmath.mpf("1.3") + mpmath.mpf(value))) < mpmath.mpf(10) ** -25


@pytest.mark.parametrize(("expression", "sign"), [(gram, 1), (-gram, -1), (sp.expand((1 + q11) * (2 + q22) - q12**2), 1), (q11 - q22, 0), (t, 1)])
def test_certain_signs(expression: sp.Expr, sign: int) -> None:
    assert sign_of(expression) == sign


def test_probabilities_as_cdfs_have_the_values_of_the_probabilities() -> None:
    """By the definition: P(M >= 0 | u) integrated over u >= 0."""
    m1, m2, a, c, b = -q11 - q12, t - q12, 2 * q11, q12, 1 + q22
    (shown,) = as_cdfs(QuadrantProbability(m1, m2, a, c, b)).atoms(BivariateCDF)
    with mpmath.workdps(25):
        n1, n2, va, vc, vb = (number(e) for e in (m1, m2, a, c, b))
        rest = mpmath.sqrt(vb - vc**2 / va)

        def over(s: mpmath.mpf) -> mpmath.mpf:
            return mpmath.npdf(s, n1, mpmath.sqrt(va)) * mpmath.ncdf((n2 + vc / va * (s - n1)) / rest)

        meant = mpmath.quad(over, [0, 2, 5, mpmath.inf])
        assert abs(bivariate_cdf(*(number(e) for e in shown.args)) - meant) < mpmath.mpf(10) ** -18


def test_threshold_keeps_the_set() -> None:
    for argument in (x - t, -x - t, t - x, 2 * x - 1, x, -x, x + w1 + t, -x - w1):
        left, sign, right = threshold(argument)
        assert sp.expand((left - right) * (1 if sign == ">=" else -1) - argument) == 0


def test_what_a_report_says_of_the_bivariate_cdf_is_true() -> None:
    h, k = sp.symbols("h k", real=True)
    slope_h, slope_rho, *limits = bivariate_rows(h, k)
    at = {"h": mpmath.mpf("0.7"), "k": mpmath.mpf("-0.3"), "rho": mpmath.mpf("0.45")}
    modules = [{"NormalCDF": mpmath.ncdf}, "mpmath"]
    # at h - k = 1 and h + k = 0.4 the distance to the limits falls like exp(-gap^2 / (2 (1 - rho^2)))
    with mpmath.workdps(30):
        for row, place in ((slope_h, 0), (slope_rho, 2)):
            assert isinstance(row.left, sp.Derivative)
            claimed = sp.lambdify(sp.symbols("h k rho", real=True), row.right, modules=modules)(*at.values())
            found = mpmath.diff(bivariate_cdf, tuple(at.values()), tuple(int(i == place) for i in range(3)))
            assert abs(claimed - found) < mpmath.mpf(10) ** -12
        for row, rho in zip(limits, ("0", "0.995", "-0.995"), strict=True):
            claimed = sp.lambdify((h, k), row.right, modules=modules)(at["h"], at["k"])
            assert abs(claimed - bivariate_cdf(at["h"], at["k"], mpmath.mpf(rho))) < mpmath.mpf("1e-6")
            assert abs(sp.N(row.left.args[2]) - sp.Float(rho)) < 0.01  # type: ignore[union-attr]


def test_functions_are_described_once_and_only_where_they_stand() -> None:
    assert described([q11 + sp.exp(q12)]) == ()
    full = document(dual("shifted_relu"))
    assert [s.title for s in full.sections].count("Functions") == 1
    assert "Functions" not in [s.title for s in document(dual("relu")).sections]
    assert len(described([sp.erfi(x)])) == 2
    (rows,) = [b for b in described([QuadrantProbability(-t, t, q11, q12, q22)], ["h"]) if isinstance(b, Equation)]
    assert "h" not in {str(s) for row in rows.rows for s in row.right.free_symbols}


# SymPy's own printers, as in a notebook.
NODES = [
    (Indicator(x - t), "Indicator(-t + x >= 0)", r"\mathbf{1}\left\{- t + x \ge 0\right\}"),
    (NormalCDF(x), "Phi(x)", r"\Phi\left(x\right)"),
    (NormalPDF(x), "NormalPDF(x)", r"\varphi\left(x\right)"),
    (Delta(x), "Delta(x)", r"\delta\left(x\right)"),
    (CorrelationAngle(q11, -q12, q22), "acos(-q12/sqrt(q11*q22))", r"\arccos\left(- \frac{q_{12}}{\sqrt{q_{11}} \sqrt{q_{22}}}\right)"),
    (CorrelationArcsine(q, q / 2, q), "asin(1/2)", r"\arcsin\left(\frac{1}{2}\right)"),
    (HalfLineProbability(-t, q), "Phi(-t/sqrt(q))", r"\Phi\left(- \frac{t}{\sqrt{q}}\right)"),
    (
        QuadrantProbability(-t, t, q11, q12, q22),
        "Phi2(-t/sqrt(q11), t/sqrt(q22), q12/sqrt(q11*q22))",
        r"\Phi_{2}\left(- \frac{t}{\sqrt{q_{11}}}, \frac{t}{\sqrt{q_{22}}}; \frac{q_{12}}{\sqrt{q_{11}} \sqrt{q_{22}}}\right)",
    ),
]


@pytest.mark.parametrize(("node", "text", "tex"), NODES, ids=[text for _, text, _ in NODES])
def test_sympy_prints_mathematics(node: sp.Expr, text: str, tex: str) -> None:
    assert str(node) == text
    assert sp.latex(node) == tex
    name, rest = tex.split(r"\left", 1)
    assert sp.latex(node**2) in (rf"{name}^{{2}}\left{rest}", f"{tex}^{{2}}")
    assert str(node**2) == f"{text}**2"
    assert "Probability" not in sp.pretty(node) and "Correlation" not in sp.pretty(node)


def test_storing_does_not_go_through_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two probabilities that print alike are stored as what they are."""
    one, two = HalfLineProbability(-2 * t, 4 * q), HalfLineProbability(-t, q)
    assert str(one) == str(two) and one != two
    assert [from_json(to_json(node)) for node in (one, two)] == [one, two]
    monkeypatch.setattr(HalfLineProbability, "_sympystr", lambda self, printer: 1 / 0)
    assert json.loads(to_json(one)) != json.loads(to_json(two))


# Names on the page
def test_one_name_for_a_correlation_and_its_negative_and_the_angle_is_its_arccosine() -> None:
    namer = Namer()
    expressions = [
        QuadrantProbability(-t, -t, q11, q12, q22) + 2 * q12 * QuadrantProbability(-t, -t, q11, -q12, q22),
        q12 * CorrelationAngle(q11, q12, q22) + 1,
    ]
    named = namer.name(expressions)
    letters = {latex(row.left): latex(row.right) for row in namer.bindings}
    assert letters == {r"\rho": r"\frac{q_{12}}{\sqrt{q_{11} q_{22}}}", r"\theta": r"\arccos(\rho)"}
    assert {latex(node.args[2]) for node in named[0].atoms(BivariateCDF)} == {r"\rho", r"-\rho"}


def test_arguments_of_a_long_formula_are_named_in_order_and_each_name_is_defined_before_its_use() -> None:
    rows = next(equations(document(derived("hard_swish"), "result"))).where
    names = [latex(row.left) for row in rows if row.left is not None]
    assert [name for name in names if name.startswith("h")] == ["h_{1}", "h_{2}", "h_{3}", "h_{4}"]
    for position, row in enumerate(rows):
        assert not {latex(other.left) for other in rows[position:] if other.left is not None and row.right.has(other.left)}


@cache
def derived(name: str) -> Derivation:
    return dual(name)


@pytest.mark.parametrize("name", ["elu", "hard_tanh", "hard_swish"])
def test_every_equation_fits_a_page(name: str) -> None:
    found = list(equations(document(derived(name))))
    assert max(height(e.rows, e.where) for e in found) < 43
    result = [b for s in document(derived(name)).sections if s.title == "Result" for b in s.blocks if isinstance(b, Equation)]
    assert len(result) == 3  # V, V', the diagonal
    first, second, _ = result
    assert first.where and not {row.left for row in first.where} & {row.left for row in second.where}


def test_steps_are_folded_and_say_which_average_they_are_about() -> None:
    page = derived("hard_swish").html()
    steps = re.findall(r"<details([^>]*)>", page)
    assert len(steps) > 180 and not any("open" in attributes for attributes in steps)
    outline = derived("hard_swish").text(detail="outline")
    about = re.findall(r"Shown on its own: (E\[[^\n]*\])", outline)
    assert len(about) > 8 and len(set(about)) == len(about)


def test_a_step_with_a_slot_shows_what_stands_beside_the_polynomial() -> None:
    steps = [(f"{s.number}.{inner.number}", inner) for s in derived("hard_swish").steps if s.lemma is not None for inner in s.lemma.steps]
    number_, _ = next((n, s) for n, s in steps if s.rule.name == "quadrant_probability")
    shown = derived("hard_swish").explain(number_)
    assert "Slot(" not in shown and "Law(" not in shown
    assert "beside the polynomial stands 1{u ≤ -3}" in shown and "(u, v) ∼ N(0, [q11, q12; q12, q22])" in shown


# What is computed
@pytest.mark.parametrize(("spec", "method"), [("tanh", "Hermite-Mehler series"), ("log(1+Abs(x))", "panels that end at the kinks")])
def test_a_computed_dual_says_how_how_well_and_why(spec: str, method: str) -> None:
    made = dual(spec)
    assert isinstance(made.conclusion.claim, NumericDual)
    evidence = made.steps[-1].verdict.evidence[0]
    for text in (made.text("result"), made.markdown("result"), made.latex(detail="result"), made.html("result")):
        words = " ".join(text.split())
        assert method in words and "no rigorous enclosure" in words and "No closed form in this class" in words
        assert f"agrees to {evidence.digits} digits at {evidence.points} points" in words
        assert "PROVED" not in words
    for earlier, later in pairwise(made.steps):
        assert earlier.conclusion.claim.reason == later.conclusion.claim.reason
    whole = made.text().split("Derivation\n", 1)[1]
    assert whole.count("No closed form in this class") == 1  # the step that computes does not repeat why


def test_a_network_of_a_computed_activation_shows_it() -> None:
    shown = derive(fcn(2, "tanh"), "ntk").text("result")
    for line in ("φ(t) = tanh(t)", "V_φ'(q11, q12, q22) := E[φ'(u) φ'(v)]", "Hermite-Mehler", "a_k(q) = 1/√(k!) E[He_k(w) φ(√q w)]"):
        assert line in shown
    assert "tanh(x)" not in shown
