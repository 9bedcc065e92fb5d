r"""Document -> LaTeX: a full article, or a fragment for ``\input`` with its own macros and labels.

ASCII only.  Needs amsmath, amssymb, amsthm and bm; nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch

from ntksym.report import tikz
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
    Section,
    StepLine,
    SymbolList,
    Tex,
    Text,
)
from ntksym.report.layout import aligned
from ntksym.report.mathematics import latex
from ntksym.report.names import escape

PACKAGES = ("amsmath", "amssymb", "amsthm", "bm")

_MACROS = r"""\providecommand{\ntksymrule}[1]{\texttt{#1}}
\providecommand{\ntksymverdict}[1]{{\footnotesize\textsc{#1}}}
\providecommand{\ntksymnote}[1]{\par\noindent{\small #1}}
\providecommand{\ntksymstep}[5]{\par\medskip\noindent\textbf{#1}\quad\ntksymrule{#2}\hfill\ntksymverdict{#3}\par\nobreak
  {\clubpenalty=10000 \widowpenalty=10000 \vspace{-\parskip}\noindent #4 #5\par}\nobreak}"""

_HEAD = r"""\documentclass[11pt]{article}
\usepackage{amsmath}
\usepackage{amssymb}
\usepackage{amsthm}
\usepackage{bm}
\setlength{\textwidth}{6.5in}
\setlength{\oddsidemargin}{0pt}
\setlength{\evensidemargin}{0pt}
\setlength{\textheight}{9in}
\setlength{\topmargin}{-0.5in}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt plus 2pt}
\setlength{\emergencystretch}{3em}
\renewcommand{\labelitemi}{$\bullet$}
\allowdisplaybreaks"""


class Writer:
    """What the printing functions need to know: the document's label prefix and profile."""

    def __init__(self, document: Document) -> None:
        self.key, self.profile = document.key, document.profile
        self.labelled: set[str] = set()

    def label(self, number: str) -> str:
        """The label of a step, once: a label that already stands in the text is not set again."""
        name = self.name(number)
        if name in self.labelled:
            return ""
        self.labelled.add(name)
        return rf"\label{{{name}}}"

    def name(self, number: str) -> str:
        return f"ntksym:{self.key}:{number}"

    def prose(self, prose: Prose) -> str:
        return "".join(self.inline(part) for part in prose.parts)

    def inline(self, part: Inline) -> str:
        match part:
            case Text(body):
                return escape(body)
            case Code(body):
                return rf"\texttt{{{escape(body)}}}"
            case Tex(source):
                return f"${ascii_mathematics(source)}$"
            case Formula(expression):
                return f"${latex(expression, self.profile)}$"
            case Ref(number):
                return f"({number})"


def render(document: Document, fragment: bool = False) -> str:
    r"""The whole article, or with ``fragment`` only what stands between ``\begin{document}`` and ``\end{document}``, with its macros."""
    writer = Writer(document)
    body = "\n".join(_body(document, writer))
    drawn = any(isinstance(block, Figure) for section in document.sections for block in section.blocks)
    needs = "% Needs: " + ", ".join((*PACKAGES, "tikz") if drawn else PACKAGES) + ".\n"
    if fragment:
        return f"{needs}{_MACROS}\n{body}\n"
    title = escape(document.title)
    head = _HEAD.replace("\\usepackage{bm}", "\\usepackage{bm}\n\\usepackage{tikz}") if drawn else _HEAD
    return f"{head}\n{_MACROS}\n\\begin{{document}}\n\\begin{{center}}\n\\Large {title}\n\\end{{center}}\n{body}\n\\end{{document}}\n"


def _body(document: Document, writer: Writer) -> Iterator[str]:
    yield rf"\noindent\ntksymverdict{{{document.status.name}}}\quad {writer.prose(document.summary)}"
    for section in document.sections:
        yield from _section(section, writer)


def _section(section: Section, writer: Writer) -> Iterator[str]:
    yield ""
    yield rf"\section*{{{escape(section.title)}}}"
    yield from _blocks(section.blocks, writer)


def _blocks(blocks: tuple[Block, ...], writer: Writer) -> Iterator[str]:
    """Blocks in order; a sentence before an equation stays in one paragraph with it."""
    for position, block in enumerate(blocks):
        text = _block(block, writer)
        leads = isinstance(block, Prose) and position + 1 < len(blocks) and isinstance(blocks[position + 1], Equation)
        yield text.rstrip("\n") if leads else text


@singledispatch
def _block(block: Block, writer: Writer) -> str:
    raise TypeError(f"no LaTeX for a block of type {type(block).__name__}")


@_block.register
def _prose(block: Prose, writer: Writer) -> str:
    return writer.prose(block) + "\n"


@_block.register
def _equation(block: Equation, writer: Writer) -> str:
    tag = rf"\tag{{{block.number}}}{writer.label(block.number)}" if block.number else ""
    notes = "".join(writer.prose(row.note) + ".\n" for row in block.rows if row.note is not None)
    mathematics = aligned(block.rows, block.where, writer.profile)
    return f"\\begin{{equation*}}{tag}\n{mathematics}\n\\end{{equation*}}\n" + (notes[:1].upper() + notes[1:])


@_block.register
def _figure(block: Figure, writer: Writer) -> str:
    return tikz.figure(block.diagram, writer.profile)


@_block.register
def _bullets(block: Bullets, writer: Writer) -> str:
    items = "\n".join(rf"\item {writer.prose(item)}" for item in block.items)
    return f"\\begin{{itemize}}\\setlength{{\\itemsep}}{{2pt}}\n{items}\n\\end{{itemize}}"


@_block.register
def _symbols(block: SymbolList, writer: Writer) -> str:
    rows = " \\\\\n".join(f"${latex(entry.symbol, writer.profile)}$ & {writer.prose(entry.stands_for)}" for entry in block.entries)
    return f"\\begin{{tabular}}{{@{{}}ll@{{}}}}\n{rows}\n\\end{{tabular}}\n"


@_block.register
def _step(block: StepLine, writer: Writer) -> str:
    rests = "From " + ", ".join(f"({p})" for p in block.premises) + "." if block.premises else ""
    out = [rf"\ntksymstep{{{block.number}}}{{{escape(block.rule)}}}{{{block.verdict.status.name}}}{{{writer.prose(block.reason)}}}{{{rests}}}"]
    if block.lemma:
        out.append(rf"\ntksymnote{{Lemma: {escape(block.lemma_title)}.}}")
        out += [_block(line, writer) for line in block.lemma]
        if block.conclusion and not isinstance(block.conclusion[0], Prose):
            out.append(rf"\par\medskip\noindent\textit{{Conclusion of step {block.number}:}}")
    out += [text.removesuffix("\n") for text in _blocks(block.conclusion, writer)]
    out += [rf"\ntksymnote{{{writer.prose(note)}}}" for note in block.notes]
    checked = " ".join(writer.prose(piece) for piece in block.verdict.evidence)
    source = f" {writer.prose(block.source)}" if block.source else ""
    if checked or source:
        out.append(rf"\ntksymnote{{{checked}{source}}}")
    return "\n".join(line for line in out if line)


@_block.register
def _bibliography(block: Bibliography, writer: Writer) -> str:
    items = []
    for entry in block.entries:
        eprint = f", arXiv:{escape(entry.eprint)}" if entry.eprint else ""
        items.append(rf"\item {escape(entry.authors.replace(' and ', ', '))}. {escape(entry.title)}. \emph{{{escape(entry.venue)}}}, {entry.year}{eprint}.")
    return "\\begin{itemize}\\setlength{\\itemsep}{2pt}\n" + "\n".join(items) + "\n\\end{itemize}"


def ascii_mathematics(source: str) -> str:
    """LaTeX mathematics whose letters outside ASCII are spelled as commands."""
    return "".join(char if char.isascii() else escape(char).strip("$") for char in source)
