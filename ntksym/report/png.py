"""Diagram -> PNG, drawn by matplotlib (an extra) on the places of the SVG, with its own setting of mathematics."""

from __future__ import annotations

import io
from importlib import import_module
from typing import Any

from ntksym.errors import OutputError
from ntksym.notation import DEFAULT, Profile
from ntksym.report.diagram import INPUT, MASK, PARAMETER, Diagram, Vertex
from ntksym.report.labels import equation, head_line, math, runs, small_line, wrapped
from ntksym.report.mathematics import latex
from ntksym.report.placement import Place
from ntksym.report.svg import FONT, LINE, arranged, bends, octagon

_COLOURS = {"tensor": ("#e3edfb", "#2f62ad"), "parameter": ("#fff1d6", "#a4660a"), "frozen": ("#e9ecef", "#5b6470"), "mask": ("#f1e6f8", "#7a3b8f")}
_INK, _FAINT, _LINE, _LIT = "#1b1f24", "#5b6470", "#6b7684", "#c2255c"
_POINTS = 72 / 96  # of a pixel


def render(diagram: Diagram, dpi: int = 192, with_key: bool = True, profile: Profile = DEFAULT) -> bytes:
    """The picture as the bytes of a PNG file; OutputError where matplotlib is not installed."""
    try:
        figures, patches, paths, canvas, fonts = (
            import_module(f"matplotlib.{name}") for name in ("figure", "patches", "path", "backends.backend_agg", "mathtext")
        )
    except ImportError as error:
        raise OutputError(
            "a PNG is drawn by matplotlib, which is not installed", where="png", fix='pip install "ntksym[plot]", or ask for svg, which needs nothing'
        ) from error
    placed = arranged(diagram, profile)
    lines = [line for row in diagram.key for line in wrapped(equation(row, profile), max(placed.width, 620.0) / FONT)] if with_key else []
    width = max(placed.width, 640.0 if lines else 0.0)
    height = placed.height + (LINE * len(lines) + 16 if lines else 0)
    shift = (width - placed.width) / 2
    figure = figures.Figure(figsize=(width / 96, height / 96), dpi=dpi, facecolor="white")
    canvas.FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(-shift, width - shift)
    axes.set_ylim(height, 0)
    parser = fonts.MathTextParser("agg")
    draw = _Pen(axes, patches, paths, parser, bool(diagram.path))
    for frame in placed.frames:
        draw.outline(frame.left, frame.top, frame.width, frame.height)
        times = math(frame.box.times, profile)
        draw.text(frame.left + 12, frame.top + 14, f"repeated {times} times, {math(frame.box.index, profile)} = 1, …, {times}", 11, _FAINT, "left")
    for arrow, line in zip(diagram.arrows, placed.lines, strict=True):
        draw.arrow(line, arrow.lit)
    for arrow, place in zip(diagram.arrows, placed.labels, strict=True):
        if place is not None and arrow.label is not None:
            source = latex(arrow.label, profile)
            draw.mathematics(place.x, place.y, source, math(arrow.label, profile), FONT if r"\frac" not in source else FONT + 1, arrow.lit, paper=True)
    for vertex in diagram.vertices:
        draw.vertex(vertex, placed.vertices[vertex.name], profile)
    for number, line in enumerate(lines):
        draw.line_of_key(16 - shift, placed.height + 12 + LINE * number, line)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=dpi, metadata={"Software": None})
    return out.getvalue()


_MARKS = {0: "", 1: "^", -1: "_"}


def _safe(text: str) -> str:
    """Text inside mathtext's mathrm."""
    return "".join(r"\ " if char == " " else "\\" + char if char in "{}$%#_&" else char for char in text)


class _Pen:
    """Draws on one set of axes; what is not lit is faint where paths were chosen."""

    def __init__(self, axes: Any, patches: Any, paths: Any, parser: Any, chosen: bool) -> None:
        self.axes, self.patches, self.paths, self.parser, self.chosen = axes, patches, paths, parser, chosen

    def alpha(self, lit: bool) -> float:
        return 0.4 if self.chosen and not lit else 1.0

    def text(self, x: float, y: float, words: str, size: float, colour: str, where: str = "center", alpha: float = 1.0, **more: Any) -> None:
        self.axes.text(
            x,
            y,
            words.replace("$", r"\$"),
            fontsize=size * _POINTS,
            color=colour,
            ha=where,
            va="center",
            alpha=alpha,
            family=["DejaVu Serif", "DejaVu Sans"],
            **more,
        )

    def mathematics(self, x: float, y: float, source: str, plain: str, size: float, lit: bool, paper: bool = False) -> None:
        """LaTeX where matplotlib can set it, else the same as text."""
        patch = {"facecolor": "white", "edgecolor": "none", "pad": 1.5} if paper else None
        try:
            self.parser.parse(f"${source}$")
        except ValueError:
            self.text(x, y, plain, size, _INK, alpha=self.alpha(lit), bbox=patch)
            return
        self.axes.text(
            x, y, f"${source}$", fontsize=size * _POINTS, color=_INK, ha="center", va="center", alpha=self.alpha(lit), bbox=patch, math_fontfamily="cm"
        )

    def line_of_key(self, x: float, y: float, line: str) -> None:
        """A line with its superscripts and subscripts raised and lowered."""
        source = "".join(f"{_MARKS[run.level]}{{\\mathrm{{{_safe(run.text)}}}}}" for run in runs(line) if run.text)
        try:
            self.parser.parse(f"${source}$")
        except ValueError:
            self.text(x, y, line, 13, _INK, "left")
            return
        self.axes.text(x, y, f"${source}$", fontsize=13 * _POINTS, color=_INK, ha="left", va="center", math_fontfamily="dejavuserif")

    def outline(self, left: float, top: float, width: float, height: float) -> None:
        style = self.patches.BoxStyle("Round", pad=0, rounding_size=10)
        self.axes.add_patch(self.patches.FancyBboxPatch((left, top), width, height, boxstyle=style, fill=False, edgecolor=_FAINT, linestyle="--", linewidth=1))

    def arrow(self, line: tuple[tuple[float, float], ...], lit: bool) -> None:
        points, codes = [line[0]], [self.paths.Path.MOVETO]
        for piece in bends(line):
            points += piece
            codes += [self.paths.Path.CURVE4] * 3
        self.axes.add_patch(
            self.patches.FancyArrowPatch(
                path=self.paths.Path(points, codes),
                arrowstyle="-|>,head_width=2.6,head_length=5",
                color=_LIT if lit else _LINE,
                linewidth=2.2 if lit else 1.0,
                alpha=self.alpha(lit),
                shrinkA=0,
                shrinkB=0,
            )
        )

    def vertex(self, vertex: Vertex, at: Place, profile: Profile) -> None:
        frozen = "frozen" in vertex.notes
        fill, edge = _COLOURS["frozen" if frozen else "tensor" if vertex.kind == INPUT else vertex.kind]
        look = {
            "facecolor": fill,
            "edgecolor": _LIT if vertex.lit else edge,
            "linewidth": 2.2 if vertex.lit else 1.1,
            "linestyle": "--" if frozen else "-",
            "alpha": self.alpha(vertex.lit),
        }
        left, top, width, height = at.x - at.width / 2, at.y - at.height / 2, at.width, at.height
        if vertex.kind == MASK:
            self.axes.add_patch(self.patches.Polygon([(left + x, top + y) for x, y in octagon(width, height)], **look))
        else:
            style = self.patches.BoxStyle("Round", pad=0, rounding_size=height / 2 - 0.1 if vertex.kind == PARAMETER else 0.1 if vertex.kind == INPUT else 6)
            self.axes.add_patch(self.patches.FancyBboxPatch((left, top), width, height, boxstyle=style, **look))
        source = latex(vertex.symbol, profile) + ("" if vertex.definition is None else " = " + latex(vertex.definition, profile))
        note = small_line(vertex, profile)
        self.mathematics(at.x, at.y - (6 if note else 0), source, head_line(vertex, profile), FONT, vertex.lit)
        if note:
            shape_source = r" \times ".join(latex(width, profile) for width in vertex.shape)
            words = "".join(f", {word}" for word in vertex.notes)
            self.axes.text(
                at.x,
                at.y + 12,
                f"${shape_source}$" + words.replace("$", r"\$"),
                fontsize=11 * _POINTS,
                color=_FAINT,
                ha="center",
                va="center",
                alpha=self.alpha(vertex.lit),
                family=["DejaVu Serif", "DejaVu Sans"],
                math_fontfamily="cm",
            )
