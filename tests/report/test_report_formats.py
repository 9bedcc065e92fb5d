"""LaTeX, Markdown, HTML, terminal, notebook: what each must show, and what none may let through."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sympy as sp
from pylatexenc.latexwalker import LatexWalker

import ntksym.report
from ntksym.duals import dual as dual_of
from ntksym.errors import RuleError
from ntksym.gaussian import dual
from ntksym.notation import q11, q12, x
from ntksym.proof import Assumption, Derivation, Rule, Statement, Verdict, proved
from ntksym.proof import tested as agrees
from ntksym.report import document
from ntksym.report.html import asset
from ntksym.report.terminal import render
from ntksym.sources import Citation

HOSTILE = r"<script>alert(1)</script> & 50% a_b $x$ #1 ~ ^ \input{/etc/passwd} {] `code` --> β"


def _apply(*premises: Statement, claim: object, notes: str = "") -> Statement:
    return Statement(claim, assumptions=(Assumption("key", notes),) if notes else ())


def _check(premises: tuple[Statement, ...], conclusion: Statement, **_: object) -> Verdict:
    return proved(HOSTILE) + agrees(3, 20, HOSTILE, 7)


# Not registered: the registry is the library's.
STEP = Rule("hostile_rule", _apply, _check, Citation("price1958", HOSTILE), HOSTILE, r"a = b")


@cache
def relu() -> Derivation:
    return dual(sp.Lambda(x, sp.Max(0, x)))


@cache
def hostile() -> Derivation:
    name = sp.Symbol(r"<b>\input{x}%$&", real=True)
    lemma = Derivation(HOSTILE).by(STEP, claim=sp.Eq(name * q11, q12, evaluate=False), notes=HOSTILE)
    return (
        Derivation(HOSTILE)
        .by(STEP, claim=HOSTILE)
        .by(STEP, 1, claim=sp.Eq(name, q12, evaluate=False))
        .by(Rule("use", lambda *p, claim, lemma: Statement(claim), _check, Citation("", HOSTILE), HOSTILE, "c"), 2, claim=q11 + name, lemma=lemma)
    )


class Page(HTMLParser):
    """Tags, attributes, and whether every tag is closed in order."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tex: list[str] = []
        self.words: list[str] = []
        self.feed(source)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
        if "tex" in (dict(attrs).get("class") or "").split():
            self.tex.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)
        classes = (self.tags[-1][1].get("class") or "").split() if self.tags else []
        if self.open and self.open[-1] in ("span", "div") and "tex" in classes and self.tex and not self.tex[-1]:
            self.tex[-1] = data


def every_format(derivation: Derivation) -> dict[str, str]:
    return {
        "latex": derivation.latex(),
        "fragment": derivation.latex(fragment=True),
        "markdown": derivation.markdown(),
        "html": derivation.html(),
        "text": derivation.text(),
        "ascii": derivation.text(ascii=True),
        "notebook": derivation._repr_html_() or "",
        "notebook_latex": derivation._repr_latex_() or "",
    }


def strict(source: str) -> None:
    """pylatexenc's strict walk: braces, environments and dollars are closed."""
    LatexWalker(source, tolerant_parsing=False).get_latex_nodes()


@pytest.mark.parametrize("which", ["relu", "hostile"])
def test_latex_is_ascii_and_well_formed(which: str) -> None:
    derivation = relu() if which == "relu" else hostile()
    for source in (derivation.latex(), derivation.latex(fragment=True), derivation._repr_latex_() or ""):
        assert source.isascii()
        strict(source)
        assert source.count(r"\left") == source.count(r"\right") + source.count(r"\leftarrow") - source.count(r"\rightarrow")
        assert "??" not in source


def test_latex_needs_only_the_packages_named() -> None:
    assert set(re.findall(r"\\usepackage(?:\[[^\]]*\])?\{([^}]*)\}", relu().latex())) <= {"amsmath", "amssymb", "amsthm", "bm"}
    fragment = relu().latex(fragment=True)
    assert r"\usepackage" not in fragment and r"\documentclass" not in fragment and r"\begin{document}" not in fragment
    for macro in set(re.findall(r"\\(ntksym[a-z]+)", fragment)):
        assert rf"\providecommand{{\{macro}}}" in fragment


def test_labels_are_unique_and_of_this_derivation() -> None:
    labels = re.findall(r"\\label\{([^}]*)\}", relu().latex())
    assert len(labels) == len(set(labels)) > 10
    other = re.findall(r"\\label\{([^}]*)\}", dual(sp.Lambda(x, sp.Abs(x))).latex())
    assert not set(labels) & set(other)


@pytest.mark.parametrize("form", ["markdown", "html", "notebook", "text", "ascii", "latex", "fragment"])
def test_hostile_text_is_only_text(form: str) -> None:
    source = every_format(hostile())[form]
    if form in ("latex", "fragment"):
        assert r"\input{" not in source.replace(r"\textbackslash{}input", "")
        assert not re.search(r"(?<!\\)%(?! Needs)", source)
        return
    if form == "html":
        page = Page(source)
        scripts = [attributes for tag, attributes in page.tags if tag == "script"]
        assert len(scripts) == 2 and "alert(1)</script> &" in "".join(page.words)
        assert "b" not in {tag for tag, _ in page.tags}
        return
    if form == "notebook":
        assert "<script" not in source and "<b>" not in source
        Page(source)
        return
    if form == "markdown":
        outside = re.sub(r"\$\$.*?\$\$", "", source, flags=re.S)
        assert "<script" not in outside and "<b>" not in source
        return
    assert "\x1b" not in source and "alert(1)" in source
    assert form != "ascii" or source.isascii()


def test_control_characters_do_not_reach_the_terminal() -> None:
    derivation = Derivation("title \x1b[31m red \x07 \u202e turned").by(STEP, claim=sp.Eq(q11, q12, evaluate=False))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", derivation.text())


@pytest.mark.parametrize("form", ["latex", "markdown", "html", "text", "notebook"])
def test_every_step_is_numbered_with_rule_reason_and_verdict(form: str) -> None:
    source = every_format(relu())[form]
    text = " ".join("".join(Page(source).words).split()) if form in ("html", "notebook") else source.replace(r"\_", "_").replace("\\", "")
    lemma = next(step for step in relu().steps if step.lemma is not None)
    assert lemma.lemma is not None
    for step, number in [*((s, str(s.number)) for s in relu().steps), *((s, f"{lemma.number}.{s.number}") for s in lemma.lemma.steps)]:
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.])", text), number
        assert step.rule.name in text
        assert step.verdict.status.name in text
        first = re.split(r"[$<>=\"']", step.rule.reason.rstrip("."))[0].split()[:5]
        assert " ".join(first) in " ".join(text.split())
    for heading in ("Result", "Conventions", "Assumptions", "Derivation", "Sources"):
        assert heading in text


def test_details_hold_more_and_more() -> None:
    result, outline, full = (relu().text(detail) for detail in ("result", "outline", "full"))
    assert len(result) < len(outline) < len(full)
    assert "Derivation" not in result.split("Sources")[0].replace("Derivation of", "")
    assert relu().steps[0].rule.name in outline and relu().steps[0].rule.name not in result
    with pytest.raises(RuleError, match="detail"):
        relu().text("everything")


def test_explain_tells_one_step() -> None:
    number = next(step.number for step in relu().steps if step.lemma is not None)
    told = relu().explain(f"{number}.1")
    lemma = relu().steps[number - 1].lemma
    assert lemma is not None
    assert lemma.steps[0].rule.name in told and "Identity" in told or lemma.steps[0].rule.identity[:20] in told
    assert "Checks" in told and "Conclusion" in told
    assert "Rests on" in relu().explain(relu().last)
    for wrong in (0, len(relu()) + 1, "1.1", "x", "1..2"):
        with pytest.raises(RuleError):
            relu().explain(wrong)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_text_keeps_to_its_width(width: int) -> None:
    for line in relu().text(width=width).splitlines():
        assert len(line) <= width, line


def test_colour_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" not in render(document(relu()))
    assert "\x1b[32m" in render(document(relu()), color=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in render(document(relu()), color=True)


def test_html_is_one_file_without_requests() -> None:
    source = relu().html()
    page = Page(source)
    for tag, attributes in page.tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form")
        assert not {"src", "srcset", "action", "data", "background"} & set(attributes), (tag, attributes)
        assert (attributes.get("href") or "#").startswith("#")
    without_temml = source.replace(asset("temml.min.js"), "")
    assert set(re.findall(r"https?://[^\s\"'<)]+", without_temml)) == set()
    assert "default-src 'none'" in source and "Ron Kok" in source
    anchors = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(anchors) == len(set(anchors))
    for _, attributes in page.tags:
        if attributes.get("href"):
            assert str(attributes["href"])[1:] in anchors
    assert sum(tag == "details" for tag, _ in page.tags) == sum(1 for _ in relu().all_steps())


def test_vendored_file_is_the_one_named() -> None:
    folder = Path(ntksym.report.__file__).parent / "assets"
    named = re.search(r"SHA-256 of `temml.min.js`: `([0-9a-f]{64})`", (folder / "README.md").read_text(encoding="utf-8"))
    assert named and hashlib.sha256((folder / "temml.min.js").read_bytes()).hexdigest() == named[1]


def test_short_forms() -> None:
    assert repr(relu()) == f"<Derivation {relu().title!r}: {len(relu())} steps, {relu().verdict.name}>"
    assert str(relu()) == relu().text()
    empty = Derivation("nothing yet")
    assert "nothing yet" in str(empty) and empty._repr_html_() is None and empty._repr_latex_() is None
    latex = relu()._repr_latex_() or ""
    assert latex.startswith(r"$\displaystyle \begin{aligned}") and latex.endswith(r"\end{aligned}$")


_PRINT_HASHES = """
import hashlib
import sympy as sp
from ntksym.gaussian import dual
from ntksym.notation import x
shifted = sp.Max(sp.Symbol("t", positive=True), x)
for phi in (sp.erf(x), sp.Max(0, x) ** 2 * sp.Symbol("a", real=True) + sp.Symbol("b", real=True) * x, shifted, sp.tanh(x)):
    d = dual(sp.Lambda(x, phi))
    for text in (d.latex(), d.latex(fragment=True), d.markdown(), d.html(), d.text(), d._repr_html_(), d._repr_latex_(), d.explain(1)):
        print(hashlib.sha256(text.encode()).hexdigest())
"""


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", _PRINT_HASHES], env={**os.environ, "PYTHONHASHSEED": seed}, stdout=subprocess.PIPE, text=True)
        for seed in ("0", "1", "2")
    ]
    printed = [process.communicate(timeout=240)[0] for process in running]
    assert all(process.returncode == 0 for process in running)
    assert printed[0].count("\n") == 32
    assert printed[0] == printed[1] == printed[2]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("which", ["relu", "elu", "tanh", "hostile", "two fragments"])
def test_pdflatex_compiles_without_a_line_too_long(which: str, tmp_path: Path) -> None:
    if which == "two fragments":
        (tmp_path / "one.tex").write_text(relu().latex(fragment=True), encoding="ascii")
        (tmp_path / "two.tex").write_text(hostile().latex(fragment=True), encoding="ascii")
        packages = "".join(rf"\usepackage{{{name}}}" for name in ("amsmath", "amssymb", "amsthm", "bm"))
        source = rf"\documentclass{{article}}{packages}\setlength{{\textwidth}}{{6.5in}}\begin{{document}}\input{{one}}\input{{two}}\end{{document}}"
    else:
        source = (hostile() if which == "hostile" else dual_of(which)).latex()
    (tmp_path / "main.tex").write_text(source, encoding="ascii")
    for _ in range(2):
        done = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "main.tex"], cwd=tmp_path, capture_output=True, timeout=240
        )
        log = done.stdout.decode("latin-1")
        assert done.returncode == 0, log[-2000:]
    assert "multiply defined" not in log and "undefined" not in log.replace("undefined on input line 0", "")
    if which in ("relu", "elu", "tanh"):
        assert "Overfull" not in log


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_temml_sets_every_formula(tmp_path: Path) -> None:
    formulas = [*Page(relu().html()).tex, *Page(dual_of("elu").html()).tex, *Page(dual_of("tanh").html()).tex, *Page(hostile().html()).tex]
    assert len(formulas) > 40 and all(formulas)
    import_file = Path(ntksym.report.__file__).parent / "assets" / "temml.min.js"
    script = (
        "const fs=require('fs');eval(fs.readFileSync(process.argv[1],'utf8')+';globalThis.temml=temml');let n=0;"
        "for(const f of fs.readFileSync(0,'utf8').split('\\u0000')){"
        "const m=temml.renderToString(f,{throwOnError:true,strict:true,displayMode:true});"
        "if(m.includes('tml-error')||m.includes('merror'))throw new Error(f);n++}console.log(n)"
    )
    done = subprocess.run(["node", "-e", script, str(import_file)], input="\0".join(formulas), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-1500:]
    assert int(done.stdout) == len(formulas)
