"""Document -> one self-contained HTML file: mathematics by the inlined Temml, no request leaves the page, every foreign word escaped.

Also the lighter form for a notebook, which sets mathematics itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, singledispatch
from html import escape
from importlib.resources import files

from ntksym.report import svg
from ntksym.report.document import (
    Bibliography,
    Block,
    Bullets,
    Code,
    Document,
    Equation,
    Figure,
    Formula,
    Inline,
    Prose,
    Ref,
    StepLine,
    SymbolList,
    Tex,
    Text,
)
from ntksym.report.latex import ascii_mathematics
from ntksym.report.layout import aligned
from ntksym.report.mathematics import latex

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


@lru_cache(maxsize=8)
def asset(name: str) -> str:
    """The text of one of the files in ``report/assets``."""
    return files("ntksym.report").joinpath("assets", name).read_text(encoding="utf-8")


class Writer:
    """Label prefix, profile, and how mathematics is marked: for Temml in a page, between dollars in a notebook."""

    def __init__(self, document: Document, notebook: bool = False) -> None:
        self.key, self.profile, self.notebook = document.key, document.profile, notebook

    def mathematics(self, source: str, display: bool = False) -> str:
        text = escape(ascii_mathematics(source))
        if self.notebook:
            return f'<div class="ntksym-equation">$$\n{text}\n$$</div>' if display else f"${text}$"
        return f'<div class="tex display">{text}</div>' if display else f'<span class="tex">{text}</span>'

    def words(self, prose: Prose) -> str:
        return "".join(self.inline(part) for part in prose.parts)

    def text(self, body: str) -> str:
        safe = escape(body)
        return safe.replace("$", '<span class="tex2jax_ignore mathjax_ignore">&#36;</span>') if self.notebook else safe

    def inline(self, part: Inline) -> str:
        match part:
            case Text(body):
                return self.text(body)
            case Code(body):
                return f"<code>{self.text(body)}</code>"
            case Tex(source):
                return self.mathematics(source)
            case Formula(expression):
                return self.mathematics(latex(expression, self.profile))
            case Ref(number):
                return self.link(number)

    def link(self, number: str) -> str:
        return f'<a href="#{self.anchor(number)}">({escape(number)})</a>' if not self.notebook else f"({escape(number)})"

    def anchor(self, number: str) -> str:
        return f"{self.key}-{number.replace('.', '-')}"


def render(document: Document) -> str:
    """The whole file."""
    writer = Writer(document)
    body = "\n".join(_sections(document, writer))
    title = escape(document.title)
    licence = escape(asset("temml.LICENSE").strip()).replace("--", "- -")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>\n{asset('report.css').strip()}\n</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{title}</h1>\n{_verdict_line(document, writer)}\n{body}\n</main>\n"
        f"<!-- Temml, which sets the mathematics of this page, is under this licence:\n{licence}\n-->\n"
        f"<script>\n{asset('temml.min.js')}\n</script>\n<script>\n{asset('report.js').strip()}\n</script>\n</body>\n</html>\n"
    )


def render_notebook(document: Document) -> str:
    """A piece of HTML for a notebook, whose own MathJax sets the mathematics."""
    writer = Writer(document, notebook=True)
    body = "\n".join(_sections(document, writer))
    return f'<div class="ntksym">\n<h3>{writer.text(document.title)}</h3>\n{_verdict_line(document, writer)}\n{body}\n</div>'


def _verdict_line(document: Document, writer: Writer) -> str:
    return f"<p>{_badge(document.status.name)} {writer.words(document.summary)}</p>"


def _badge(status: str) -> str:
    return f'<span class="verdict {status.lower()}">{status}</span>'


def _sections(document: Document, writer: Writer) -> Iterator[str]:
    heading = "h4" if writer.notebook else "h2"
    for section in document.sections:
        blocks = "\n".join(_block(block, writer) for block in section.blocks)
        has_steps = any(isinstance(block, StepLine) for block in section.blocks)
        if writer.notebook and section.title != "Result":
            yield f"<details><summary>{escape(section.title)}</summary>\n{blocks}\n</details>"
        else:
            controls = (
                '<p class="controls" hidden><button type="button" data-open="1">open all steps</button> '
                '<button type="button" data-open="0">close all steps</button></p>'
                if has_steps
                else ""
            )
            yield f"<section>\n<{heading}>{escape(section.title)}</{heading}>\n{controls}{blocks}\n</section>"


@singledispatch
def _block(block: Block, writer: Writer) -> str:
    raise TypeError(f"no HTML for a block of type {type(block).__name__}")


@_block.register
def _prose(block: Prose, writer: Writer) -> str:
    return f"<p>{writer.words(block)}</p>"


@_block.register
def _equation(block: Equation, writer: Writer) -> str:
    tag = rf" \tag{{{block.number}}}" if block.number else ""
    notes = "".join(f"<p>{_capital(writer.words(row.note))}.</p>" for row in block.rows if row.note is not None)
    return writer.mathematics(aligned(block.rows, block.where, writer.profile) + tag, display=True) + notes


@_block.register
def _figure(block: Figure, writer: Writer) -> str:
    return f'<figure class="network">{svg.render(block.diagram, with_key=False, profile=writer.profile)}</figure>'


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@_block.register
def _bullets(block: Bullets, writer: Writer) -> str:
    return "<ul>\n" + "\n".join(f"<li>{writer.words(item)}</li>" for item in block.items) + "\n</ul>"


@_block.register
def _symbols(block: SymbolList, writer: Writer) -> str:
    rows = "\n".join(
        f"<tr><td>{writer.mathematics(latex(entry.symbol, writer.profile))}</td><td>{writer.words(entry.stands_for)}</td></tr>" for entry in block.entries
    )
    return f'<table class="symbols">\n{rows}\n</table>'


@_block.register
def _step(block: StepLine, writer: Writer) -> str:
    rests = f' <span class="rests">from {", ".join(writer.link(p) for p in block.premises)}</span>' if block.premises else ""
    summary = (
        f'<span class="number">{escape(block.number)}</span> <span class="reason">{writer.words(block.reason)}</span> '
        f"<code>{writer.text(block.rule)}</code>{rests} {_badge(block.verdict.status.name)}"
    )
    inside: list[str] = []
    if block.lemma:
        inside.append(f'<p class="lemma">Lemma: {writer.text(block.lemma_title)}.</p>')
        inside += [_block(line, writer) for line in block.lemma]
        if block.conclusion and not isinstance(block.conclusion[0], Prose):
            inside.append(f"<p>Conclusion of step {escape(block.number)}:</p>")
    inside += [_block(piece, writer) for piece in block.conclusion]
    inside += [f'<p class="note">{writer.words(note)}</p>' for note in block.notes]
    checks = [f"<li>{writer.words(piece)}</li>" for piece in block.verdict.evidence]
    if block.source:
        checks.append(f"<li>{writer.words(block.source)}</li>")
    if checks:
        inside.append('<ul class="checks">\n' + "\n".join(checks) + "\n</ul>")
    if not inside:
        return f'<div class="step" id="{writer.anchor(block.number)}">{summary}</div>'
    return f'<details class="step" id="{writer.anchor(block.number)}"><summary>{summary}</summary>\n' + "\n".join(inside) + "\n</details>"


@_block.register
def _bibliography(block: Bibliography, writer: Writer) -> str:
    items = []
    for entry in block.entries:
        eprint = f", arXiv:{writer.text(entry.eprint)}" if entry.eprint else ""
        items.append(
            f"<li>{writer.text(entry.authors.replace(' and ', ', '))}. "
            f"{writer.text(entry.title)}. <em>{writer.text(entry.venue)}</em>, {entry.year}{eprint}.</li>"
        )
    return "<ul>\n" + "\n".join(items) + "\n</ul>"


def display(document: Document) -> str:
    """The first equation of the result as one piece of inline mathematics, for a notebook's LaTeX view."""
    for section in document.sections:
        rows = [row for block in section.blocks if isinstance(block, Equation) for row in block.rows]
        where = [row for block in section.blocks if isinstance(block, Equation) for row in block.where]
        unique = tuple(dict.fromkeys(where))
        return rf"$\displaystyle {aligned(tuple(rows), unique, document.profile)}$" if rows else ""
    return ""
