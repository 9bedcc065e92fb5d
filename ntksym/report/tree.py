"""Diagram -> text for a terminal, from the outputs back to the input, as the chain rule goes.

The trunk runs down the left: a tensor, the local Jacobian on the arrow into it, the tensor below.  Parameters and side branches stand beside it; every vertex
stands once, and is only pointed to where it is used again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ntksym.notation import DEFAULT, Profile
from ntksym.report.characters import ascii_only
from ntksym.report.diagram import MASK, PARAMETER, Arrow, Diagram
from ntksym.report.labels import equation, head_line, math, small_line, wrapped


def render(diagram: Diagram, width: int = 100, ascii: bool = False, with_key: bool = True, profile: Profile = DEFAULT) -> str:
    """The tree; ``ascii`` for terminals that show nothing else."""
    tree = _Tree(diagram, profile)
    for box in diagram.boxes:
        times = math(box.times, profile)
        tree.lines.append(f"{'  ' if diagram.path else ''}: stands for {times} copies, {math(box.index, profile)} = 1, …, {times}")
    ends = diagram.outputs
    for k, end in enumerate(ends):
        if end in tree.shown:
            continue
        tree.walk(end, "", {name for other in ends[k + 1 :] for name in tree.below[other]})
    lines = tree.lines
    if with_key and diagram.key:
        lines += ["", *(line for row in diagram.key for line in wrapped(equation(row, profile), 0.62 * width))]
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    return ascii_only(text) if ascii else text


@dataclass
class _Tree:
    diagram: Diagram
    profile: Profile
    lines: list[str] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)
    below: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.place = {vertex.name: k for k, vertex in enumerate(self.diagram.vertices)}
        self.boxed = {name for box in self.diagram.boxes for name in box.names}
        for vertex in self.diagram.vertices:  # parents stand first
            self.below[vertex.name] = {vertex.name}.union(*(self.below[arrow.tail] for arrow in self.diagram.into(vertex.name)))

    def walk(self, name: str, prefix: str, later: set[str]) -> None:
        """Down the trunk from ``name``; what is in ``later`` is shown further down by the caller."""
        while True:
            self.line(name, prefix, self.told(name))
            arrows = self.diagram.into(name)
            tensors = [arrow for arrow in arrows if not self.is_leaf(arrow.tail) and arrow.tail not in later and arrow.tail not in self.shown]
            trunk = max(tensors, key=lambda arrow: self.place[arrow.tail]) if tensors else None
            here = later if trunk is None else later | self.below[trunk.tail]
            beside = [arrow for arrow in arrows if arrow is not trunk]
            beside.sort(key=lambda arrow: not self.is_leaf(arrow.tail))
            for arrow in beside:
                last = trunk is None and arrow is beside[-1]
                self.branch(arrow, prefix, last, here)
            if trunk is None:
                return
            self.line(name, prefix + "│ ", self.jacobian(trunk), arrow=True)
            name = trunk.tail

    def branch(self, arrow: Arrow, prefix: str, last: bool, later: set[str]) -> None:
        tail, corner = arrow.tail, "└── " if last else "├── "
        if tail in self.shown or tail in later:
            words = "above" if tail in self.shown else "below"
            self.line(arrow.head, prefix + corner, f"({math(self.diagram.vertex(tail).symbol, self.profile)} {words}){self.beside(arrow)}", arrow=True)
            return
        if self.is_leaf(tail):
            self.line(tail, prefix + corner, self.told(tail) + self.beside(arrow))
            return
        self.line(arrow.head, prefix + corner.replace("── ", "─┐ "), self.jacobian(arrow), arrow=True)
        self.walk(tail, prefix + ("  " if last else "│ "), later)

    def is_leaf(self, name: str) -> bool:
        return self.diagram.vertex(name).kind in (PARAMETER, MASK)

    def told(self, name: str) -> str:
        vertex = self.diagram.vertex(name)
        note = small_line(vertex, self.profile)
        return head_line(vertex, self.profile) + (f"  [{note}]" if note else "")

    def jacobian(self, arrow: Arrow) -> str:
        return "" if arrow.label is None else f"∂: {math(arrow.label, self.profile)}"

    def beside(self, arrow: Arrow) -> str:
        return "" if arrow.label is None else f"  ∂: {math(arrow.label, self.profile)}"

    def line(self, name: str, prefix: str, text: str, arrow: bool = False) -> None:
        if not arrow:
            self.shown.add(name)
        margin = (":" if name in self.boxed else " ") if self.boxed else ""
        lit = ("* " if self.diagram.vertex(name).lit and not arrow else "  ") if self.diagram.path else ""
        self.lines.append(f"{lit}{margin}{' ' if margin else ''}{prefix}{text}")
