"""Document -> Markdown with ``$...$`` and ``$$...$$``, as GitHub, Jupyter and MyST read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import singledispatch

from ntksym.notation import Profile
from ntksym.report import mermaid
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


def escape(text: str) -> str:
    """Words for Markdown: nothing of them is markup, HTML or mathematics."""
    safe = re.sub(r"([\\`*_{}\[\]#|~$])", r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    return re.sub(r"^(\s*)([-+]|\d+[.)])(\s)", r"\1\\\2\3", safe.replace("\n", " "))


def render(document: Document) -> str:
    """The whole report."""
    lines = [f"# {escape(document.title)}", "", f"**{document.status.name}.** {_words(document.summary, document.profile)}", ""]
    for section in document.sections:
        lines += [f"## {escape(section.title)}", ""]
        for block in section.blocks:
            lines += [*_block(block, document.profile), ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _words(prose: Prose, profile: Profile) -> str:
    return "".join(_inline(part, profile) for part in prose.parts)


def _inline(part: Inline, profile: Profile) -> str:
    match part:
        case Text(body):
            return escape(body)
        case Code(body):
            return _code(body)
        case Tex(source):
            return f"${_safe(ascii_mathematics(source))}$"
        case Formula(expression):
            return f"${_safe(latex(expression, profile))}$"
        case Ref(number):
            return f"({number})"


def _safe(mathematics: str) -> str:
    r"""Mathematics in which no ``<`` or ``>`` can start a tag."""
    return mathematics.replace("<", r"\lt ").replace(">", r"\gt ")


def _code(body: str) -> str:
    fence = "`" * (max((len(run) for run in re.findall(r"`+", body)), default=0) + 1)
    pad = " " if body.startswith("`") or body.endswith("`") else ""
    return f"{fence}{pad}{body.replace(chr(10), ' ')}{pad}{fence}"


@singledispatch
def _block(block: Block, profile: Profile) -> Iterator[str]:
    raise TypeError(f"no Markdown for a block of type {type(block).__name__}")


@_block.register
def _prose(block: Prose, profile: Profile) -> Iterator[str]:
    yield _words(block, profile)


@_block.register
def _equation(block: Equation, profile: Profile) -> Iterator[str]:
    yield "$$"
    yield _safe(aligned(block.rows, block.where, profile)) + (rf" \tag{{{block.number}}}" if block.number else "")
    yield "$$"
    for row in block.rows:
        if row.note is not None:
            yield ""
            text = _words(row.note, profile)
            yield f"{text[:1].upper()}{text[1:]}."


@_block.register
def _figure(block: Figure, profile: Profile) -> Iterator[str]:
    yield "```mermaid"
    yield mermaid.render(block.diagram, profile).rstrip()
    yield "```"


@_block.register
def _bullets(block: Bullets, profile: Profile) -> Iterator[str]:
    for item in block.items:
        yield f"- {_words(item, profile)}"


@_block.register
def _symbols(block: SymbolList, profile: Profile) -> Iterator[str]:
    yield "| symbol | stands for |"
    yield "|---|---|"
    for entry in block.entries:
        yield f"| ${_safe(latex(entry.symbol, profile))}$ | {_words(entry.stands_for, profile)} |"


@_block.register
def _step(block: StepLine, profile: Profile) -> Iterator[str]:
    level = "#" * min(3 + block.number.count("."), 6)
    yield f"{level} Step {block.number}: {_code(block.rule)}"
    yield ""
    rests = " From " + ", ".join(f"({p})" for p in block.premises) + "." if block.premises else ""
    yield f"{_words(block.reason, profile)}{rests} **{block.verdict.status.name}**"
    yield ""
    if block.lemma:
        yield f"Lemma: {escape(block.lemma_title)}."
        yield ""
        for line in block.lemma:
            yield from _step(line, profile)
            yield ""
        if block.conclusion and not isinstance(block.conclusion[0], Prose):
            yield f"Conclusion of step {block.number}:"
            yield ""
    for inner in block.conclusion:
        yield from _block(inner, profile)
        yield ""
    remarks = [_words(note, profile) for note in block.notes] + [_words(piece, profile) for piece in block.verdict.evidence]
    if block.source:
        remarks.append(_words(block.source, profile))
    for remark in remarks:
        yield f"- {remark}"
    yield ""


@_block.register
def _bibliography(block: Bibliography, profile: Profile) -> Iterator[str]:
    for entry in block.entries:
        eprint = f", arXiv:{escape(entry.eprint)}" if entry.eprint else ""
        yield f"- {escape(entry.authors.replace(' and ', ', '))}. {escape(entry.title)}. *{escape(entry.venue)}*, {entry.year}{eprint}."
