"""What an expression looks like in LaTeX and in text, and that no name gets out of mathematics."""

from __future__ import annotations

import pytest
import sympy as sp
from pylatexenc.latexwalker import LatexWalker
from sympy import Symbol

from ntksym.errors import NotationError
from ntksym.nodes import CorrelationAngle, CorrelationArcsine, Delta, Dual, Entry, Expect, Indicator, NormalCDF, NormalPDF, TendsTo, Width, gaussian_pair
from ntksym.notation import K12, Profile, Theta12, layer, q11, q12, q22, s12, sigma_b, sigma_w, u, v, x, x1, x2
from ntksym.report.characters import ascii_only, tex_to_text
from ntksym.report.glyphs import AtLayer, Glyph
from ntksym.report.mathematics import latex
from ntksym.report.names import escape
from ntksym.report.plain import plain

phi = sp.Function("phi")
pair = gaussian_pair(u, v, q11, q12, q22)

# expression, LaTeX, text
PRINTED = [
    (Indicator(u), r"\mathbf{1}\{u \ge 0\}", "1{u ≥ 0}"),
    (u * Indicator(-u), r"u \mathbf{1}\{u \le 0\}", "u 1{u ≤ 0}"),
    (Delta(u), r"\delta(u)", "δ(u)"),
    (NormalCDF(x) + NormalPDF(x), r"\Phi(x) + \varphi(x)", "Φ(x) + φ(x)"),
    (CorrelationAngle(q11, q12, q22), r"\arccos\frac{q_{12}}{\sqrt{q_{11} q_{22}}}", "arccos(q12/√(q11 q22))"),
    (2 * CorrelationArcsine(q11, q12, q22) / sp.pi, r"\frac{2}{\pi} \arcsin\left(\frac{q_{12}}{\sqrt{q_{11} q_{22}}}\right)", "2 arcsin(q12/√(q11 q22))/π"),
    (Expect(phi(u) * phi(v), pair), r"\mathbb{E}_{u, v}[\phi(u) \phi(v)]", "E_{u, v}[φ(u) φ(v)]"),
    (pair, r"\mathcal{N}\left(0, \begin{pmatrix}q_{11} & q_{12} \\ q_{12} & q_{22}\end{pmatrix}\right)", "N(0, [q11, q12; q12, q22])"),
    (Dual(phi, phi, q11, q12, q22), r"V_{\phi}(q_{11}, q_{12}, q_{22})", "V_{φ}(q11, q12, q22)"),
    (sigma_w**2 * K12 + sigma_b**2, r"\sigma_w^{2} K(x,x') + \sigma_b^{2}", "σ_w² K(x,x') + σ_b²"),
    (AtLayer(Theta12, layer + 1), r"\Theta^{\ell + 1}(x,x')", "Θ^{ℓ+1}(x,x')"),
    (s12**2, r"(\tfrac{1}{n_0}x\cdot x')^{2}", "(x·x'/n0)²"),
    (sp.exp(-(q11 + q22) / 2) * sp.sinh(q12), r"e^{-(q_{11} + q_{22})/2} \sinh(q_{12})", "exp(-(q11 + q22)/2) sinh(q12)"),
    (x * (1 + sp.erf(x / sp.sqrt(2))) / 2, r"\frac{x}{2} \left(1 + \operatorname{erf}\left(\frac{x}{\sqrt{2}}\right)\right)", "x (1 + erf(x/√2))/2"),
    (sp.Max(0, x) ** 2, r"\max(0, x)^{2}", "max(0, x)²"),
    (sp.Derivative(phi(x), x), r"\phi'(x)", "φ'(x)"),
    (1 / sp.sqrt(2 * sp.pi * q11), r"\frac{1}{\sqrt{2 \pi q_{11}}}", "1/√(2 π q11)"),
    (-u - v, "-u - v", "-u - v"),
    (v - u, "v - u", "v - u"),
    (
        sp.Rational(3, 2) * sp.Sum(Entry("z", layer, (x1,), (Symbol("a"),)) ** 2, (Symbol("a"), 1, Width(layer))),
        r"\frac{3}{2} \sum_{a=1}^{n_{\ell}} z^{\ell}_{a}(x)^{2}",
        "3/2 ∑_{a=1..n_ℓ} z^ℓ_a(x)²",
    ),
    (Entry("omega", layer + 1, (), (Symbol("a"), Symbol("i"))), r"\omega^{\ell+1}_{a i}", "ω^{ℓ+1}_ai"),
    (TendsTo(Entry("Thetahat", 1, (x1, x2)), K12), r"\hat\Theta^{1}(x,x') \longrightarrow K(x,x')", "Θ̂^1(x,x') → K(x,x')"),
    (Symbol("alpha_1"), r"\alpha_{1}", "α_1"),
    (Symbol("slope"), r"\mathrm{slope}", "slope"),
]


@pytest.mark.parametrize(("expression", "tex", "text"), PRINTED, ids=[text for _, _, text in PRINTED])
def test_printed_form(expression: sp.Basic, tex: str, text: str) -> None:
    assert latex(expression) == tex
    assert plain(expression) == text
    LatexWalker(f"${tex}$", tolerant_parsing=False).get_latex_nodes()


@pytest.mark.parametrize("name", [r"a}\input{/etc/passwd}", "$x$", "<script>", "a%b", "x#", r"\write18", "a b", "q_{11}", "名", "x'"])
def test_no_name_leaves_mathematics(name: str) -> None:
    tex = latex(Symbol(name) + 1)
    assert tex.isascii()
    assert r"\input" not in tex.replace(r"\textbackslash{}input", "")
    assert r"\write" not in tex.replace(r"\textbackslash{}write", "")
    LatexWalker(f"${tex}$", tolerant_parsing=False).get_latex_nodes()
    assert "%" not in tex.replace(r"\%", "")
    plain(Symbol(name))


def test_greek_letters_of_any_alphabet() -> None:
    assert latex(Symbol("β")) == r"\beta"
    assert escape("β ≤ é 5%") == r"$\beta$ $\le$ \'{e} 5\%"


def test_unknown_node_is_refused() -> None:
    class Strange(sp.Expr):
        pass

    with pytest.raises(NotationError, match="Strange"):
        latex(Strange(x))
    with pytest.raises(NotationError, match="Strange"):
        plain(Strange(x))


def test_profile_gives_letters() -> None:
    assert latex(q12, Profile("other", (("q12", "c"),))) == "c"


def test_ascii_fallback_is_ascii() -> None:
    for expression, _, _ in PRINTED:
        assert ascii_only(plain(expression)).isascii()
    assert ascii_only("σ_w² ≥ √x → ∞") == "sigma_w^2 >= sqrt(x) -> oo"


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\sigma_w^2 \ge 0", "σ_w² ≥ 0"),
        (r"\frac{a}{b+1}", "a/(b+1)"),
        (r"\mathbb{E}[\phi(u)^2] < \infty", "E[φ(u)²] < ∞"),
        (r"\hat\Theta^\ell_{ab}", "Θ̂^ℓ_ab"),
        (r"\sqrt{n_\ell}", "√(n_ℓ)"),
    ],
)
def test_mathematics_of_a_sentence_as_text(tex: str, text: str) -> None:
    assert tex_to_text(tex) == text


def test_glyph_survives_rebuilding() -> None:
    glyph = Glyph(r"\theta", "theta")
    assert glyph.func(*glyph.args) == glyph
