"""Diagram -> one self-contained SVG: no script, nothing loaded, colours for light and dark pages."""

from __future__ import annotations

import hashlib
from html import escape

from ntksym.notation import DEFAULT, Profile
from ntksym.report.diagram import INPUT, MASK, PARAMETER, Arrow, Diagram, Vertex
from ntksym.report.labels import SMALL, Run, equation, head_line, math, runs, runs_width, small_line, text_width, wrapped
from ntksym.report.placement import Frame, Place, Placed, place

FONT, NOTE, LINE = 15.0, 11.0, 20.0
_STYLE = """.nd{--ink:#1b1f24;--paper:#fff;--faint:#5b6470;--line:#6b7684;--tensor:#e3edfb;--tensor-line:#2f62ad;--parameter:#fff1d6;--parameter-line:#a4660a;
--mask:#f1e6f8;--mask-line:#7a3b8f;--frozen:#e9ecef;--frozen-line:#5b6470;--lit:#c2255c;
font-family:"STIX Two Text",Cambria,"DejaVu Serif","Noto Serif",Georgia,"Times New Roman",serif;font-size:15px}
@media screen and (prefers-color-scheme:dark){.nd{--ink:#e9ecf0;--paper:#14171b;--faint:#a3adb9;--line:#8f9aa8;--tensor:#1d3048;--tensor-line:#8fb8f0;
--parameter:#3d2e10;--parameter-line:#f0b95a;--mask:#35203f;--mask-line:#d29ae6;--frozen:#2a3038;--frozen-line:#9aa4b0;--lit:#ff8fb3}}
.nd text{fill:var(--ink);stroke:none;white-space:pre}.nd .i{font-style:italic}.nd .note{fill:var(--faint);font-size:11px}.nd .paper{fill:var(--paper)}
.nd .edge{fill:none;stroke:var(--line);stroke-width:1.4}.nd .tip{fill:var(--line)}.nd .lit-tip{fill:var(--lit)}
.nd .tensor{fill:var(--tensor);stroke:var(--tensor-line);stroke-width:1.5}.nd .parameter{fill:var(--parameter);stroke:var(--parameter-line);stroke-width:1.5}
.nd .mask{fill:var(--mask);stroke:var(--mask-line);stroke-width:1.5}.nd .frozen{fill:var(--frozen);stroke:var(--frozen-line);stroke-dasharray:5 3}
.nd .box{fill:none;stroke:var(--faint);stroke-width:1.3;stroke-dasharray:7 4}.nd .lit{stroke:var(--lit);stroke-width:3}.nd .dim{opacity:.45}"""


def render(diagram: Diagram, with_key: bool = True, profile: Profile = DEFAULT) -> str:
    """The picture; ``with_key`` puts the equations of the key below it."""
    placed = arranged(diagram, profile)
    legend = _legend(diagram)
    room = (max(placed.width, 620.0) - 32) / FONT
    lines = [runs(line) for row in diagram.key for line in wrapped(equation(row, profile), room)] if with_key else []
    width = max([placed.width, *(FONT * runs_width(line) + 32 for line in lines), 32 + sum(w for _, _, w in legend)])
    shift = (width - placed.width) / 2
    height = placed.height + 24 + (LINE * len(lines) + 12 if lines else 0)
    mark = hashlib.sha256(repr((diagram.vertices, diagram.arrows)).encode()).hexdigest()[:8]
    body = [_frame(frame, profile) for frame in placed.frames]
    body += [_arrow(arrow, line, mark, bool(diagram.path)) for arrow, line in zip(diagram.arrows, placed.lines, strict=True)]
    body += [_label(arrow, label, bool(diagram.path), profile) for arrow, label in zip(diagram.arrows, placed.labels, strict=True) if label is not None]
    body += [_vertex(vertex, placed.vertices[vertex.name], bool(diagram.path), profile) for vertex in diagram.vertices]
    title = escape(diagram.title)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="nd" role="img" aria-label="{title}" viewBox="0 0 {_n(width)} {_n(height)}" '
        f'width="{_n(width)}" height="{_n(height)}" style="max-width:100%;height:auto">',
        f"<title>{title}</title>",
        f"<style>{_STYLE}</style>",
        "<defs>",
        *(
            f'<marker id="{mark}-{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="{size}" markerHeight="{size}" markerUnits="userSpaceOnUse" '
            f'orient="auto"><path class="{name}" d="M0 1L10 5L0 9z"/></marker>'
            for name, size in (("tip", 9), ("lit-tip", 12))
        ),
        "</defs>",
        f'<rect class="paper" width="{_n(width)}" height="{_n(height)}" rx="6"/>',
        f'<g transform="translate({_n(shift)} 0)">',
        *body,
        "</g>",
    ]
    out += _legend_row(legend, placed.height + 8, (width - sum(w for _, _, w in legend)) / 2)
    for number, line in enumerate(lines):
        out.append(f'<text class="key" x="16" y="{_n(placed.height + 40 + LINE * number)}">{_spans(line)}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def arranged(diagram: Diagram, profile: Profile = DEFAULT) -> Placed:
    """Places for the sizes that this typeface takes; the other pictures stand on the same ones."""

    def size(name: str) -> tuple[float, float]:
        vertex = diagram.vertex(name)
        note = small_line(vertex, profile)
        main = FONT * runs_width(runs(head_line(vertex, profile)))
        return max(main, NOTE * runs_width(runs(note)), 34.0) + (30.0 if vertex.kind != "tensor" else 22.0), 44.0 if note else 32.0

    def label_size(arrow: Arrow) -> tuple[float, float]:
        return FONT * runs_width(runs(math(arrow.label, profile))) + 10.0 if arrow.label is not None else 0.0, 22.0

    return place(diagram, size, label_size)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _spans(pieces: tuple[Run, ...]) -> str:
    """Runs as tspans; each says how far it stands from the line of the one before."""
    out, level, behind = [], 0, 0.0
    for run in pieces:
        if not run.text:
            continue
        dx = -run.back * FONT if run.back else behind * FONT
        width = text_width(run.text) * SMALL
        behind = max(0.0, run.back - width) if run.back else 0.0
        dy = {1: -5.5, -1: 4.0, 0: 0.0}[run.level] - {1: -5.5, -1: 4.0, 0: 0.0}[level]
        level = run.level
        shift = (f' dx="{_n(dx)}"' if abs(dx) > 0.05 else "") + (f' dy="{_n(dy)}"' if dy else "")
        size = f' font-size="{_n(100 * SMALL)}%"' if run.level else ""
        out.append(f"<tspan{shift}{size}>{escape(run.text)}</tspan>" if shift or size else escape(run.text))
    return "".join(out)


def _vertex(vertex: Vertex, at: Place, chosen: bool, profile: Profile) -> str:
    state = " lit" if vertex.lit else " dim" if chosen else ""
    frozen = " frozen" if "frozen" in vertex.notes else ""
    left, top, width, height = at.x - at.width / 2, at.y - at.height / 2, at.width, at.height
    kind = "tensor" if vertex.kind == INPUT else vertex.kind
    if vertex.kind == MASK:
        shape = f'<polygon class="{kind}{frozen}{state}" points="{" ".join(f"{_n(left + x)},{_n(top + y)}" for x, y in octagon(width, height))}"/>'
    else:
        radius = height / 2 if vertex.kind == PARAMETER else 0 if vertex.kind == INPUT else 7
        shape = f'<rect class="{kind}{frozen}{state}" x="{_n(left)}" y="{_n(top)}" width="{_n(width)}" height="{_n(height)}" rx="{_n(radius)}"/>'
    note = small_line(vertex, profile)
    dim = ' class="dim"' if chosen and not vertex.lit else ""
    line = at.y + 5 if not note else at.y - 2
    texts = f'<text text-anchor="middle" x="{_n(at.x)}" y="{_n(line)}">{_spans(runs(head_line(vertex, profile)))}</text>'
    if note:
        texts += f'<text class="note" text-anchor="middle" x="{_n(at.x)}" y="{_n(at.y + 15)}">{_spans(runs(note))}</text>'
    return f'<g data-vertex="{escape(vertex.name)}"{dim}>{shape.replace(" dim", "")}{texts}</g>'


def octagon(width: float, height: float, cut: float = 10.0) -> list[tuple[float, float]]:
    """A rectangle with its corners cut, from its upper left corner."""
    return [(cut, 0), (width - cut, 0), (width, cut), (width, height - cut), (width - cut, height), (cut, height), (0, height - cut), (0, cut)]


def _arrow(arrow: Arrow, line: tuple[tuple[float, float], ...], mark: str, chosen: bool) -> str:
    state = " lit" if arrow.lit else " dim" if chosen else ""
    tip = "lit-tip" if arrow.lit else "tip"
    return f'<path class="edge{state}" data-tail="{escape(arrow.tail)}" data-head="{escape(arrow.head)}" d="{curve(line)}" marker-end="url(#{mark}-{tip})"/>'


def bends(line: tuple[tuple[float, float], ...]) -> list[tuple[tuple[float, float], tuple[float, float], tuple[float, float]]]:
    """Cubic pieces with upright tangents: (first control, second control, end) from one point to the next."""
    found = []
    for (x0, y0), (x1, y1) in zip(line, line[1:], strict=False):
        half = (y1 - y0) / 2
        found.append(((x0, y0 + half), (x1, y1 - half), (x1, y1)))
    return found


def curve(line: tuple[tuple[float, float], ...]) -> str:
    """The path through the points of an arrow."""
    start = f"M{_n(line[0][0])} {_n(line[0][1])}"
    return start + "".join("C" + " ".join(f"{_n(x)} {_n(y)}" for x, y in piece) for piece in bends(line))


def _label(arrow: Arrow, at: Place, chosen: bool, profile: Profile) -> str:
    pieces = runs(math(arrow.label, profile)) if arrow.label is not None else ()
    dim = ' class="dim"' if chosen and not arrow.lit else ""
    return (
        f'<rect class="paper" x="{_n(at.x - at.width / 2)}" y="{_n(at.y - 11)}" width="{_n(at.width)}" height="22" rx="4"/>'
        f'<text{dim} text-anchor="middle" x="{_n(at.x)}" y="{_n(at.y + 5)}">{_spans(pieces)}</text>'
    )


def _frame(frame: Frame, profile: Profile) -> str:
    box = frame.box
    words = runs(f"repeated {math(box.times, profile)} times, {math(box.index, profile)} = 1, …, {math(box.times, profile)}")
    return (
        f'<rect class="box" x="{_n(frame.left)}" y="{_n(frame.top)}" width="{_n(frame.width)}" height="{_n(frame.height)}" rx="10"/>'
        f'<text class="note" x="{_n(frame.left + 12)}" y="{_n(frame.top + 18)}">{_spans(words)}</text>'
    )


_WORDS = {"tensor": "tensor", "parameter": "parameter", "frozen": "frozen parameter", "mask": "random mask"}


def _legend(diagram: Diagram) -> list[tuple[str, str, float]]:
    kinds = {vertex.kind if "frozen" not in vertex.notes else "frozen" for vertex in diagram.vertices}
    return [(kind, words, 40 + NOTE * text_width(words)) for kind, words in _WORDS.items() if kind in kinds]


def _legend_row(legend: list[tuple[str, str, float]], top: float, left: float) -> list[str]:
    out = []
    for kind, words, width in legend:
        shape = "parameter frozen" if kind == "frozen" else kind
        radius = {"parameter": 5, "frozen": 5, "tensor": 2, "mask": 0}[kind]
        out.append(f'<rect class="{shape}" x="{_n(left)}" y="{_n(top)}" width="18" height="10" rx="{radius}"/>')
        out.append(f'<text class="note" x="{_n(left + 23)}" y="{_n(top + 9)}">{words}</text>')
        left += width
    return out
