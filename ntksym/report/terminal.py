"""Document -> text for a terminal: wrapped, Unicode or ASCII, in colour only when asked."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterator
from functools import singledispatch

import sympy as sp

from ntksym.notation import Profile
from ntksym.proof.verdict import Status
from ntksym.report import tree
from ntksym.report.characters import ascii_only, tex_to_text
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
    Row,
    StepLine,
    SymbolList,
    Tex,
    Text,
)
from ntksym.report.plain import plain, plain_terms

_COLOUR = {Status.PROVED: "32", Status.CITED: "36", Status.TESTED: "33", Status.UNCHECKED: "35", Status.FALSE: "31"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Writer:
    """Width, letters and colour of one rendering."""

    def __init__(self, width: int, color: bool, profile: Profile, ascii: bool = False) -> None:
        self.width, self.color, self.profile, self.ascii = max(width, 40), color, profile, ascii

    def letters(self, text: str) -> str:
        """The text in the letters that can be shown, before anything is measured."""
        return ascii_only(text) if self.ascii else text

    def plain(self, expression: sp.Basic) -> str:
        return self.letters(plain(expression, self.profile))

    def terms(self, expression: sp.Basic) -> list[tuple[str, str]]:
        return [(sign, self.letters(text)) for sign, text in plain_terms(expression, self.profile)]

    def status(self, status: Status) -> str:
        return f"\x1b[{_COLOUR[status]}m{status.name}\x1b[0m" if self.color else status.name

    def bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.color else text

    def words(self, prose: Prose) -> str:
        return self.letters("".join(self._inline(part) for part in prose.parts))

    def _inline(self, part: Inline) -> str:
        match part:
            case Text(body) | Code(body):
                return clean(body)
            case Tex(source):
                return tex_to_text(clean(source))
            case Formula(expression):
                return plain(expression, self.profile)
            case Ref(number):
                return f"({number})"

    def wrapped(self, text: str, indent: int, hanging: int | None = None) -> list[str]:
        return textwrap.wrap(
            text,
            self.width,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent if hanging is None else hanging),
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]


def clean(text: str) -> str:
    """Words without control characters: nothing foreign reaches the terminal as a command."""
    return _CONTROL.sub("\ufffd", text.replace("\n", " ").replace("\t", " "))


def render(document: Document, width: int = 100, ascii: bool = False, color: bool = False) -> str:
    """The whole report as text.  ``color`` is ignored where the environment sets NO_COLOR."""
    writer = Writer(width, color and not os.environ.get("NO_COLOR"), document.profile, ascii)
    title = clean(document.title)
    out = [writer.bold(title), "=" * min(len(title), writer.width), ""]
    out += [
        line.replace(document.status.name, writer.status(document.status), 1)
        for line in writer.wrapped(f"{document.status.name}. {writer.words(document.summary)}", 0)
    ]
    for section in document.sections:
        out += ["", writer.bold(section.title), "-" * len(section.title)]
        for block in section.blocks:
            out += _block(block, writer, 0)
    text = "\n".join(line.rstrip() for line in out)
    text = re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"
    return ascii_only(text) if ascii else text


@singledispatch
def _block(block: Block, writer: Writer, indent: int) -> Iterator[str]:
    raise TypeError(f"no text for a block of type {type(block).__name__}")


@_block.register
def _prose(block: Prose, writer: Writer, indent: int) -> Iterator[str]:
    yield from writer.wrapped(writer.words(block), indent)


@_block.register
def _equation(block: Equation, writer: Writer, indent: int) -> Iterator[str]:
    yield ""
    left_width = max((len(writer.plain(r.left)) for r in block.rows if r.left is not None), default=0)
    column = min(left_width, writer.width // 3)
    for row in block.rows:
        yield from _row(row, writer, indent + 4, column)
    for position, row in enumerate(block.where):
        head = "where " if position == 0 else "      "
        yield from _row(row, writer, indent + 4, 0, head)
    for row in block.rows:
        if row.note is not None:
            text = writer.words(row.note)
            yield ""
            yield from writer.wrapped(f"{text[:1].upper()}{text[1:]}.", indent)
    yield ""


_SIGNS = {"->": "→", "~": "∼", ">=": "≥", "<=": "≤", "ne": "≠", "approx": "≈", "in": "∈", "where": "="}


def _row(row: Row, writer: Writer, indent: int, column: int, head: str = "") -> Iterator[str]:
    left = "" if row.left is None else writer.plain(row.left)
    relation = writer.letters(_SIGNS.get(row.relation, row.relation))
    start = f"{' ' * indent}{head}{left.ljust(column) if relation else ''}{' ' if left and relation else ''}{relation}{' ' if relation else ''}"
    if row.left is None and relation:
        start = " " * (indent + column + 1) + relation + " "
    hanging = " " * min(len(start) + 2, writer.width // 3)
    current = start
    for position, (sign, text) in enumerate(writer.terms(row.right)):
        piece = (text if sign == "+" else f"-{text}") if position == 0 else f" {sign} {text}"
        if len(current) + len(piece) > writer.width and current.strip() and position:
            yield current
            current, piece = hanging, piece.lstrip()
        while len(current) + len(piece) > writer.width and " " in piece.strip():
            room = writer.width - len(current)
            cut = _cut(piece, max(room, 1))
            if cut <= 0:
                if len(current) > len(hanging) and current.strip():
                    yield current
                    current, piece = hanging, piece.lstrip()
                    if len(current) + len(piece) <= writer.width or _cut(piece, writer.width - len(current)) <= 0:
                        break
                    continue
                break
            yield current + piece[:cut]
            current, piece = hanging + "  ", piece[cut + 1 :]  # the rest of a term stands deeper than the next term
        current += piece
    yield current


def _cut(piece: str, room: int) -> int:
    """Where to break: before a plus or minus if one stands in the second half of the room, else at a space; outside of brackets where that can be."""
    depth, outside = 0, [False] * len(piece)
    for position, char in enumerate(piece):
        depth += (char in "([{") - (char in ")]}")
        outside[position] = depth == 0
    spaces = [k for k in range(1, min(room, len(piece))) if piece[k] == " "]
    signs = [k for k in spaces if piece[k : k + 3] in (" + ", " - ")]
    for found, least in (([k for k in signs if outside[k]], room // 2), ([k for k in spaces if outside[k]], room // 4), (signs, room // 2), (spaces, 0)):
        if found and found[-1] > least:
            return found[-1]
    return -1


@_block.register
def _figure(block: Figure, writer: Writer, indent: int) -> Iterator[str]:
    yield ""
    for line in tree.render(block.diagram, writer.width - indent, writer.ascii, with_key=False, profile=writer.profile).splitlines():
        yield " " * indent + line


@_block.register
def _bullets(block: Bullets, writer: Writer, indent: int) -> Iterator[str]:
    for item in block.items:
        yield from writer.wrapped("- " + writer.words(item), indent, indent + 2)


@_block.register
def _symbols(block: SymbolList, writer: Writer, indent: int) -> Iterator[str]:
    names = [writer.plain(entry.symbol) for entry in block.entries]
    column = max(len(name) for name in names)
    for name, entry in zip(names, block.entries, strict=True):
        yield from writer.wrapped(f"{name.ljust(column)}  {writer.words(entry.stands_for)}", indent, indent + column + 2)


@_block.register
def _step(block: StepLine, writer: Writer, indent: int) -> Iterator[str]:
    depth = 2 * block.number.count(".")
    rests = f"  from {', '.join(f'({p})' for p in block.premises)}" if block.premises else ""
    yield ""
    for position, line in enumerate(writer.wrapped(f"{block.number}  {clean(block.rule)}  [{block.verdict.status.name}]{rests}", depth, depth + 3)):
        coloured = line.replace(block.number, writer.bold(block.number), 1).replace(block.verdict.status.name, writer.status(block.verdict.status), 1)
        yield coloured if position == 0 else line
    inner = depth + 3
    yield from writer.wrapped(writer.words(block.reason), inner)
    if block.lemma:
        yield from writer.wrapped(f"Lemma: {clean(block.lemma_title)}.", inner)
        for line in block.lemma:
            yield from _step(line, writer, indent)
        if block.conclusion and not isinstance(block.conclusion[0], Prose):
            yield ""
            yield f"{' ' * inner}Conclusion of step {block.number}:"
    for piece in block.conclusion:
        yield from _block(piece, writer, inner)
    for note in block.notes:
        yield from writer.wrapped(writer.words(note), inner)
    for evidence in block.verdict.evidence:
        yield from writer.wrapped("* " + writer.words(evidence), inner, inner + 2)
    if block.source:
        yield from writer.wrapped(writer.words(block.source), inner)


@_block.register
def _bibliography(block: Bibliography, writer: Writer, indent: int) -> Iterator[str]:
    for entry in block.entries:
        eprint = f", arXiv:{entry.eprint}" if entry.eprint else ""
        yield from writer.wrapped(clean(f"- {entry.authors.replace(' and ', ', ')}. {entry.title}. {entry.venue}, {entry.year}{eprint}."), indent, indent + 2)
