"""Diagram -> TikZ: a standalone document, or a fragment for a document that loads tikz, amsmath and amssymb."""

from __future__ import annotations

import sympy as sp

from ntksym.notation import DEFAULT, Profile
from ntksym.report.diagram import INPUT, Diagram, Vertex
from ntksym.report.document import Row, Tex
from ntksym.report.labels import small_line
from ntksym.report.layout import aligned
from ntksym.report.mathematics import latex
from ntksym.report.names import escape
from ntksym.report.placement import Place
from ntksym.report.svg import arranged, bends

_SCALE = 0.026  # centimetres for a pixel of the placement
_STYLES = r"""  tensor/.style={draw=blue!55!black, fill=blue!8, rounded corners=2pt, line width=.6pt},
  input/.style={draw=blue!55!black, fill=blue!8, line width=.6pt},
  parameter/.style={draw=orange!65!black, fill=orange!14, rounded corners=7pt, line width=.6pt},
  frozen/.style={draw=black!55, fill=black!7, dashed},
  mask/.style={draw=violet!80!black, fill=violet!10, chamfer, line width=.6pt},
  chamfer/.style={rounded corners=0pt, double},
  lit/.style={draw=purple, line width=1.3pt},
  edge/.style={draw=black!55, line width=.5pt, -latex},
  says/.style={fill=white, inner sep=1pt, font=\small},
  box/.style={draw=black!55, dashed, rounded corners=4pt}"""


def render(diagram: Diagram, fragment: bool = False, with_key: bool = True, profile: Profile = DEFAULT) -> str:
    """The picture; a fragment is the ``tikzpicture`` alone.  ``with_key`` puts the equations of the key below it, in the document only."""
    placed = arranged(diagram, profile)

    def at(x: float, y: float) -> str:
        return f"({x * _SCALE:.2f},{-y * _SCALE:.2f})"

    out = [r"\begin{tikzpicture}[", _STYLES, "]"]
    for frame in placed.frames:
        times = latex(frame.box.times, profile)
        out.append(rf"\draw[box] {at(frame.left, frame.top)} rectangle {at(frame.left + frame.width, frame.top + frame.height)};")
        out.append(
            rf"\node[anchor=north west, font=\scriptsize] at {at(frame.left, frame.top)} "
            rf"{{repeated ${times}$ times, ${latex(frame.box.index, profile)} = 1, \dots, {times}$}};"
        )
    for arrow, line in zip(diagram.arrows, placed.lines, strict=True):
        pieces = "".join(f" .. controls {at(*one)} and {at(*two)} .. {at(*end)}" for one, two, end in bends(line))
        out.append(rf"\draw[edge{', lit' if arrow.lit else ''}] {at(*line[0])}{pieces};")
    for arrow, place in zip(diagram.arrows, placed.labels, strict=True):
        if place is not None and arrow.label is not None:
            out.append(rf"\node[says] at {at(place.x, place.y)} {{${latex(arrow.label, profile)}$}};")
    out += [
        _vertex(vertex, placed.vertices[vertex.name], at(placed.vertices[vertex.name].x, placed.vertices[vertex.name].y), profile)
        for vertex in diagram.vertices
    ]
    out.append(r"\end{tikzpicture}")
    picture = "\n".join(out) + "\n"
    if fragment:
        return "% Needs: tikz, amsmath, amssymb.\n" + picture
    key, width = "", placed.width * _SCALE
    if with_key and diagram.key:
        rows = "\n".join(rf"\[{aligned((row,), (), profile)}\]{_said(row)}" for row in diagram.key)
        key, width = f"\\par\\small\n{rows}\n", max(width, 14.5)
    return _DOCUMENT.replace("WIDTH", f"{width:.2f}cm").replace("PICTURE", picture + key)


def figure(diagram: Diagram, profile: Profile = DEFAULT, width: float = 16.0, height: float = 21.0) -> str:
    """The picture in the middle of a page, made smaller where it would not fit ``width`` times ``height`` centimetres."""
    placed = arranged(diagram, profile)
    scale = min(1.0, width / (placed.width * _SCALE), height / (placed.height * _SCALE))
    picture = render(diagram, fragment=True, profile=profile).partition("\n")[2].rstrip()
    inside = picture if scale == 1.0 else f"\\scalebox{{{scale:.3f}}}{{%\n{picture}}}"
    return f"\\begin{{center}}\n{inside}\n\\end{{center}}"


# One page of the size of the picture, with nothing but what every TeX has.
_DOCUMENT = r"""\documentclass{article}
\usepackage{amsmath}
\usepackage{amssymb}
\usepackage{tikz}
\newsavebox{\ntksympicture}
\begin{document}
\begin{lrbox}{\ntksympicture}\begin{minipage}{WIDTH}\centering
PICTURE\end{minipage}\end{lrbox}
\ifdefined\pdfpagewidth\else\let\pdfpagewidth\pagewidth\let\pdfpageheight\pageheight\fi
\pdfpagewidth=\dimexpr\wd\ntksympicture+12pt\relax
\pdfpageheight=\dimexpr\ht\ntksympicture+\dp\ntksympicture+12pt\relax
\hoffset=\dimexpr-1in+6pt\relax
\voffset=\dimexpr-1in+6pt\relax
\shipout\box\ntksympicture
\end{document}
"""


def _said(row: Row) -> str:
    if row.note is None:
        return ""
    parts = (f"${part.source}$" if isinstance(part, Tex) else escape(getattr(part, "body", "")) for part in row.note.parts)
    return "\n" + "".join(parts) + ".\n"


def _vertex(vertex: Vertex, place: Place, at: str, profile: Profile) -> str:
    styles = [vertex.kind if vertex.kind != INPUT else "input"] + ["frozen"] * ("frozen" in vertex.notes) + ["lit"] * vertex.lit
    size = f"minimum width={place.width * _SCALE:.2f}cm, minimum height={place.height * _SCALE:.2f}cm, align=center, inner sep=0pt"
    body = latex(vertex.symbol, profile) + ("" if vertex.definition is None else " = " + latex(vertex.definition, profile))
    note = _note(vertex, profile)
    second = rf"\\[-2pt] {{\scriptsize {note}}}" if note else ""
    return rf"\node[{', '.join(styles)}, {size}] at {at} {{${body}${second}}};"


def _note(vertex: Vertex, profile: Profile) -> str:
    if not small_line(vertex, profile):
        return ""
    many = len(vertex.shape) > 1
    shape = r" \times ".join(f"({latex(width, profile)})" if many and isinstance(width, sp.Add) else latex(width, profile) for width in vertex.shape)
    return ", ".join([*([f"${shape}$"] if shape else []), *(escape(note) for note in vertex.notes)])
