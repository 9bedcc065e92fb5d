"""How wide LaTeX is on the page, and where a line may break."""

from __future__ import annotations

import re
from functools import lru_cache

import sympy as sp

from ntksym.notation import DEFAULT, Profile
from ntksym.report.document import Row
from ntksym.report.mathematics import latex, terms

# Lines an equation may take before it is split: half a page.
PAGE = 22.0
# One unit is about half an em, the width of a digit; 469pt of text hold 85 of them, and the tag of an equation takes 9.
LINE = 74.0

RELATIONS = {sign: sign for sign in ("=", ":=", ">", "<", "")} | {
    "->": r"\longrightarrow",
    "~": r"\sim",
    ">=": r"\ge",
    "<=": r"\le",
    "approx": r"\approx",
    "ne": r"\ne",
    "where": "=",
}

_TALL = re.compile(r"\\(?:frac|sum|prod|begin)(?![A-Za-z])")
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}^_&]|\s+|.")
_WIDE = {"Theta": 1.6, "Phi": 1.5, "Omega": 1.5, "Sigma": 1.5, "omega": 1.3, "longrightarrow": 4.2, "sum": 2.4, "prod": 2.2, "quad": 2.0, "mapsto": 2.9}
_RELATION = {"=", "+", "-", "<", ">", r"\le", r"\ge", r"\sim", r"\to", r"\in", r"\mapsto"}
_NOTHING = frozenset(rf"\{name}" for name in "left right displaystyle mathrm mathbf mathbb mathcal operatorname text bigl bigr Bigl Bigr tfrac".split())
_NAMES = {"arccos", "arcsin", "exp", "sin", "cos", "max", "min", "sinh", "cosh", "erf", "erfi", "log", "tan", "arctan", "tanh"}


@lru_cache(maxsize=8192)
def width(source: str) -> float:
    """Estimated width of LaTeX mathematics, in units of a digit; measured against pdfTeX in the tests."""
    measured, _ = _measure(_TOKEN.findall(source), 0, 1.0)
    return measured


def _measure(tokens: list[str], start: int, scale: float) -> tuple[float, int]:
    """Width of tokens up to the closing brace, and where that is."""
    total, i = 0.0, start
    while i < len(tokens):
        token = tokens[i]
        if token == "}":
            return total, i + 1
        if token == "{":
            inner, i = _measure(tokens, i + 1, scale)
            total += inner
        elif token in ("^", "_"):
            inner, i = _argument(tokens, i + 1, scale * 0.72)
            if i < len(tokens) and tokens[i] in ("^", "_") and tokens[i] != token:
                other, i = _argument(tokens, i + 1, scale * 0.72)
                inner = max(inner, other)
            total += inner
        elif token in (r"\frac", r"\tfrac", r"\dfrac"):
            smaller = scale * (0.72 if token == r"\tfrac" else 1.0)
            above, i = _argument(tokens, i + 1, smaller)
            below, i = _argument(tokens, i, smaller)
            total += max(above, below) + 0.5 * scale
        elif token == r"\sqrt":
            inner, i = _argument(tokens, i + 1, scale)
            total += inner + 1.7 * scale
        elif token == r"\begin":
            inner, i = _environment(tokens, i + 1, scale)
            total += inner
        else:
            total += _single(token) * scale
            i += 1
    return total, i


def _argument(tokens: list[str], start: int, scale: float) -> tuple[float, int]:
    while start < len(tokens) and tokens[start].isspace():
        start += 1
    if start >= len(tokens):
        return 0.0, start
    if tokens[start] == "{":
        return _measure(tokens, start + 1, scale)
    return _single(tokens[start]) * scale, start + 1


def _environment(tokens: list[str], start: int, scale: float) -> tuple[float, int]:
    """The widest row of a matrix or of cases, with its column gaps."""
    _, i = _argument(tokens, start, 0.0)
    widest, row = 0.0, 0.0
    while i < len(tokens):
        token = tokens[i]
        if token == r"\end":
            _, i = _argument(tokens, i + 1, 0.0)
            return max(widest, row) + 3.0 * scale, i
        if token == r"\\":
            widest, row, i = max(widest, row), 0.0, i + 1
            continue
        if token == "&":
            row, i = row + 2.0 * scale, i + 1
            continue
        if token == "{":
            piece, i = _measure(tokens, i + 1, scale)
        elif token in ("^", "_"):
            piece, i = _argument(tokens, i + 1, scale * 0.72)
        elif token in (r"\frac", r"\tfrac"):
            above, i = _argument(tokens, i + 1, scale)
            below, i = _argument(tokens, i, scale)
            piece = max(above, below)
        else:
            piece, i = _single(token) * scale, i + 1
        row += piece
    return max(widest, row), i


def _single(token: str) -> float:
    if token.isspace() or token in _NOTHING or token == "&":
        return 0.0
    if token in _RELATION:
        return 2.8
    if token.startswith("\\"):
        name = token[1:]
        if name in _NAMES:
            return 0.95 * len(name) + 0.5
        return _WIDE.get(name, 1.15 if name.isalpha() else 0.6)
    if token in "()[]|,.;:'":
        return 0.75
    return 1.4 if token in "mwMWKVNHE" else 1.1


def row_parts(row: Row, profile: Profile = DEFAULT) -> tuple[str, str, list[tuple[str, str]]]:
    """Left side, relation and the signed terms of the right side, in LaTeX."""
    left = "" if row.left is None else latex(row.left, profile)
    return left, RELATIONS[row.relation], terms(row.right, profile) if isinstance(row.right, sp.Add) else [("+", latex(row.right, profile))]


def is_stacked(row: Row, profile: Profile = DEFAULT, limit: float = LINE) -> bool:
    """Whether the left side is so wide that the right side goes to the next line."""
    left, relation, parts = row_parts(row, profile)
    taken = width(left) + width(relation)
    return bool(relation) and taken > 0.45 * limit and taken + _total(parts) > limit


def lines(row: Row, profile: Profile = DEFAULT, limit: float = LINE, indent: float = 0.0) -> list[str]:
    r"""One row as aligned lines ``left &= ...`` and ``&\quad + ...``, none wider than ``limit`` where its terms allow it.

    ``indent`` is the width of the column of left sides; a left side too wide for it stands on a line of its own, right of the column.
    """
    left, relation, parts = row_parts(row, profile)
    if is_stacked(row, profile, limit):
        return [f"&{left}", *_packed(rf"&\quad {relation} ", parts, limit - indent - 6.0)]
    taken = max(width(left), indent) + (width(relation) if relation else 0.0)
    return _packed(f"{left} &{relation} " if relation else f"{left} & ", parts, limit - taken)


def height(rows: tuple[Row, ...], where: tuple[Row, ...] = (), profile: Profile = DEFAULT, limit: float = LINE) -> float:
    """Estimated height of :func:`aligned`, in lines of text."""
    return sum(2.4 if _TALL.search(line) else 1.4 for line in aligned(rows, where, profile, limit).splitlines()[1:-1])


def _row_width(row: Row, profile: Profile) -> float:
    left, relation, parts = row_parts(row, profile)
    return width(left) + width(relation) + _total(parts)


def _total(parts: list[tuple[str, str]]) -> float:
    return sum(width(text) + 2.8 for _, text in parts)


def _packed(head: str, parts: list[tuple[str, str]], room: float) -> list[str]:
    out: list[str] = []
    current, used = head, 0.0
    for position, (sign, text) in enumerate(parts):
        size = width(text) + 2.8
        if position and used + size > room and used > 0:
            out.append(current.rstrip())
            current, used = r"&\quad ", 2.0
        glue = "" if position == 0 and sign == "+" else "-" if position == 0 else f"{sign} "
        current += ("" if current.endswith((" ", "&")) else " ") + glue + text
        used += size
    out.append(current.rstrip())
    return out


def aligned(rows: tuple[Row, ...], where: tuple[Row, ...] = (), profile: Profile = DEFAULT, limit: float = LINE) -> str:
    """All rows as one ``aligned`` block, the definitions after the word "where"."""
    body: list[str] = []
    indent = max((width(latex(row.left, profile)) for row in (*rows, *where) if row.left is not None and not is_stacked(row, profile, limit)), default=0.0)
    for row in rows:
        body += lines(row, profile, limit, indent)
    used = 0.0  # of the last line of definitions
    for position, row in enumerate(where):
        broken = lines(row, profile, limit, indent)
        size = _row_width(row, profile)
        if position == 0:
            broken[0] = r"\text{where}\quad " + broken[0]
            if body:
                body[-1] += r" \\[1ex]"
        elif len(broken) == 1 and row.relation == where[position - 1].relation == "where" and used + size < limit:
            body[-1] += r",\quad " + broken[0].replace(" &", " ", 1)
            used += size + 3.0
            continue
        used = limit if len(broken) > 1 else max(indent, 6.0) + size
        body += broken
    text = ""
    for position, line in enumerate(body):
        text += line
        if position < len(body) - 1 and not line.endswith("[1ex]"):
            text += r" \\[0.6ex]" if _TALL.search(line) or _TALL.search(body[position + 1]) else r" \\"
        text += "\n" if position < len(body) - 1 else ""
    return "\\begin{aligned}\n" + text + "\n\\end{aligned}"
