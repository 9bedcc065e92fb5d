"""Short mathematics as text in a picture: pieces on the line, above it and below it, and how wide they are."""

from __future__ import annotations

import re
from dataclasses import dataclass

import sympy as sp

from ntksym.notation import DEFAULT, Profile
from ntksym.report.characters import SUPERSCRIPT, tex_to_text
from ntksym.report.diagram import Vertex
from ntksym.report.document import Row, Tex
from ntksym.report.plain import plain

_BACK = 0.92  # widths are estimated generously; stepping back all of one would run into the letter before
SMALL = 0.7  # size of a superscript or subscript
_SIGNS = {"->": "→", "~": "∼", ">=": "≥", "<=": "≤", "ne": "≠", "approx": "≈", "in": "∈"}
_SCRIPT = re.compile(r"([_^])(\{[^{}]*\}|\([^()]*\)|[^\W_]+|-?\d+)")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_BREAKS = frozenset("+-·=")
_NARROW, _WIDE = "ijlℓft.,:;'′()[]|!/ ", "mwMWΘΦΩωφ∑→≥≤+−=⊙…∂δ"


@dataclass(frozen=True)
class Run:
    """A piece of a label: ``level`` 1 is a superscript, -1 a subscript.  ``back``: how far to step back first, so that both stand above one another."""

    text: str
    level: int = 0
    back: float = 0.0


def text_width(text: str) -> float:
    """Estimated width in em of a proportional typeface, on the generous side."""
    return sum(0.37 if char in _NARROW else 0.84 if char in _WIDE else 0.62 for char in text)


def runs(text: str) -> tuple[Run, ...]:
    """``h^1_a`` as h with 1 above and a below."""
    found: list[Run] = []
    start = 0
    text = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^{" + m[0].translate(_RAISED) + "}", text)
    for match in _SCRIPT.finditer(text):
        if match.start() > start:
            found.append(Run(text[start : match.start()]))
        body = match[2][1:-1] if match[2][0] in "{(" and match[2][-1] in "})" else match[2]
        level = 1 if match[1] == "^" else -1
        previous = found[-1] if found else None
        stacked = previous is not None and previous.level == -level and not previous.back and match.start() == start
        found.append(Run(body.replace("_", ""), level, _BACK * SMALL * text_width(previous.text) if stacked and previous is not None else 0.0))
        start = match.end()
    if start < len(text):
        found.append(Run(text[start:]))
    return tuple(found)


def runs_width(pieces: tuple[Run, ...]) -> float:
    """Estimated width in em of a label."""
    total = end = 0.0
    for run in pieces:
        width = text_width(run.text) * (SMALL if run.level else 1.0)
        total = (total if run.back else end) - run.back
        end = max(end, total + width)
        total += width
    return end


def wrapped(text: str, room: float) -> list[str]:
    """A long equation on lines at most ``room`` em wide, broken at spaces and rather before a sign; later lines are indented."""
    lines: list[str] = []
    current: list[str] = []
    for word in text.split(" "):
        if current and runs_width(runs(" ".join((*current, word)))) > room:
            signs = [k for k, piece in enumerate(current) if piece in _BREAKS and k > len(current) // 2]
            cut = len(current) if word in _BREAKS or not signs else signs[-1]
            lines.append(" ".join(current[:cut]))
            current = ["     ", *current[cut:]]
        current.append(word)
    return [*lines, " ".join(current)]


def math(expression: sp.Basic, profile: Profile = DEFAULT) -> str:
    """An expression on one line; the square of an entry in brackets, so that no superscript runs into another."""
    return re.sub(r"(\w+\^(?:\w|\{[^{}]*\})_\w+)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", r"(\1)\2", plain(expression, profile))


def equation(row: Row, profile: Profile = DEFAULT) -> str:
    """A row of the key on one line."""
    left = "" if row.left is None else math(row.left, profile) + " "
    note = (
        ""
        if row.note is None
        else ", " + "".join(tex_to_text(part.source) if isinstance(part, Tex) else str(getattr(part, "body", "")) for part in row.note.parts)
    )
    return f"{left}{_SIGNS.get(row.relation, row.relation)} {math(row.right, profile)}{note}"


def raised(text: str) -> str:
    """Superscripts and subscripts that are one number as Unicode, for places that set plain text only."""
    text = re.sub(r"\^(\d)(?![0-9A-Za-z])", lambda m: m[1].translate(SUPERSCRIPT), text)
    return re.sub(r"(?<=[^\W\d_])_(\d+)(?![0-9A-Za-z])", lambda m: m[1].translate(_LOWERED), text)


def head_line(vertex: Vertex, profile: Profile = DEFAULT) -> str:
    """A vertex's symbol, and what it is computed as where that is short."""
    symbol = math(vertex.symbol, profile)
    return symbol if vertex.definition is None else f"{symbol} = {math(vertex.definition, profile)}"


def small_line(vertex: Vertex, profile: Profile = DEFAULT) -> str:
    """A vertex's shape and what is to be said of it."""
    many = len(vertex.shape) > 1
    shape = " × ".join(f"({math(width, profile)})" if many and isinstance(width, sp.Add) else math(width, profile) for width in vertex.shape)
    return ", ".join(part for part in (shape, *vertex.notes) if part)
