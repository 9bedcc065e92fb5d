"""A picture of a network before any format: vertices, arrows with what stands on them, boxes that are repeated.

Mathematics stands as SymPy expressions; a printer is one module with one ``render``: text tree, Mermaid, TikZ, SVG, PNG.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from ntksym.report.document import Row

INPUT, TENSOR, PARAMETER, MASK = "input", "tensor", "parameter", "mask"
KINDS = (INPUT, TENSOR, PARAMETER, MASK)


@dataclass(frozen=True)
class Vertex:
    """A tensor, a parameter or a mask.

    ``definition``: what a tensor is computed as, where that is short.  ``shape``: widths.  ``notes``: words such as "frozen" or "output".  ``side``: where
    it would stand beside the tensors of its row, -1 left, 1 right.  ``lit``: it lies on the chosen paths.
    """

    name: str
    kind: str
    symbol: sp.Basic
    definition: sp.Basic | None = None
    shape: tuple[sp.Expr, ...] = ()
    notes: tuple[str, ...] = ()
    side: int = 0
    lit: bool = False


@dataclass(frozen=True)
class Arrow:
    """From ``tail`` to ``head``; ``label`` is the local Jacobian of the head by the tail."""

    tail: str
    head: str
    label: sp.Basic | None = None
    lit: bool = False


@dataclass(frozen=True)
class Box:
    """Vertices that stand for ``times`` copies; ``index`` counts them from 1."""

    names: tuple[str, ...]
    times: sp.Expr
    index: sp.Expr


@dataclass(frozen=True)
class Diagram:
    """``vertices`` stand parents first.  ``key`` holds the equations that the picture is too small for.  ``path``: the parameters whose paths are lit."""

    title: str
    vertices: tuple[Vertex, ...]
    arrows: tuple[Arrow, ...]
    outputs: tuple[str, ...]
    boxes: tuple[Box, ...] = ()
    key: tuple[Row, ...] = ()
    path: tuple[str, ...] = ()

    def vertex(self, name: str) -> Vertex:
        """The vertex of this name."""
        return next(vertex for vertex in self.vertices if vertex.name == name)

    def into(self, name: str) -> tuple[Arrow, ...]:
        """The arrows that end at a vertex."""
        return tuple(arrow for arrow in self.arrows if arrow.head == name)
