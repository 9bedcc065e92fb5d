"""The neutral Document: what a report says, in order, before any format.

Mathematics stands as SymPy expressions (``sp.Basic``) or, inside sentences, as the LaTeX their author put between dollars.
Nothing here knows LaTeX, Markdown, HTML or a terminal; a printer is one module with one ``render``.
"""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sympy as sp

from ntksym.notation import DEFAULT, Profile
from ntksym.proof.verdict import Status

if TYPE_CHECKING:
    from ntksym.report.diagram import Diagram


@dataclass(frozen=True)
class Text:
    """Words, ours or foreign: every printer escapes them."""

    body: str


@dataclass(frozen=True)
class Code:
    """A name as it stands in code: every printer escapes it and sets it in fixed width."""

    body: str


@dataclass(frozen=True)
class Tex:
    """Mathematics inside a sentence, in the LaTeX its author wrote between dollars."""

    source: str


@dataclass(frozen=True)
class Formula:
    """Mathematics inside a sentence, as an expression."""

    expression: sp.Basic


@dataclass(frozen=True)
class Ref:
    """A pointer to the step of that number."""

    number: str


Inline = Text | Code | Tex | Formula | Ref


@dataclass(frozen=True)
class Prose:
    """One paragraph, or one item of a list."""

    parts: tuple[Inline, ...]


@dataclass(frozen=True)
class Row:
    """``left relation right`` on one line (or broken over several); a row without left side is an expression."""

    left: sp.Basic | None
    relation: str
    right: sp.Basic
    note: Prose | None = None


@dataclass(frozen=True)
class Equation:
    """Rows aligned at their relations; ``where`` defines the names the rows use; ``number`` is the step it concludes."""

    rows: tuple[Row, ...]
    where: tuple[Row, ...] = ()
    number: str = ""


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: tuple[Prose, ...]


@dataclass(frozen=True)
class VerdictMark:
    """How far a step was checked, and by what: one sentence for each piece of evidence."""

    status: Status
    evidence: tuple[Prose, ...]


@dataclass(frozen=True)
class StepLine:
    """One step: number, rule, reason, what it rests on, what it concludes, how that was checked, and the steps of its lemma."""

    number: str
    rule: str
    reason: Prose
    premises: tuple[str, ...]
    conclusion: tuple[Block, ...]
    verdict: VerdictMark
    source: Prose | None = None
    notes: tuple[Prose, ...] = ()
    lemma_title: str = ""
    lemma: tuple[StepLine, ...] = ()


@dataclass(frozen=True)
class SymbolEntry:
    """A symbol of the page and what it stands for."""

    symbol: sp.Basic
    stands_for: Prose


@dataclass(frozen=True)
class SymbolList:
    """The symbols a report uses."""

    entries: tuple[SymbolEntry, ...]


@dataclass(frozen=True)
class BibliographyEntry:
    """One publication."""

    key: str
    authors: str
    title: str
    venue: str
    year: int
    eprint: str = ""


@dataclass(frozen=True)
class Bibliography:
    """The publications the steps cite."""

    entries: tuple[BibliographyEntry, ...]


@dataclass(frozen=True)
class Figure:
    """A picture of a network; the equations of its key stand in blocks of their own."""

    diagram: Diagram


Block = Prose | Equation | Bullets | StepLine | SymbolList | Bibliography | Figure


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A report: title, overall verdict, sections.  ``key`` is the prefix of its labels (letters, digits, hyphens)."""

    title: str
    key: str
    status: Status
    summary: Prose
    sections: tuple[Section, ...]
    profile: Profile = field(default=DEFAULT)
