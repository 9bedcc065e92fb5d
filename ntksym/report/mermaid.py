"""Diagram -> Mermaid flowchart, as GitHub, Jupyter and MyST draw it from Markdown."""

from __future__ import annotations

import re

from ntksym.notation import DEFAULT, Profile
from ntksym.report.diagram import INPUT, MASK, PARAMETER, TENSOR, Diagram
from ntksym.report.labels import head_line, math, raised, small_line

# What stands around the label: a box, a pill, a hexagon.
_SHAPES = {INPUT: ("[", "]"), TENSOR: ("[", "]"), PARAMETER: ("([", "])"), MASK: ("{{", "}}")}
_CLASSES = """  classDef tensor fill:#e3edfb,stroke:#2f62ad,color:#1b1f24
  classDef parameter fill:#fff1d6,stroke:#a4660a,color:#1b1f24
  classDef frozen fill:#e9ecef,stroke:#5b6470,color:#1b1f24,stroke-dasharray:5 3
  classDef mask fill:#f1e6f8,stroke:#7a3b8f,color:#1b1f24
  classDef lit stroke:#c2255c,stroke-width:3px"""


def render(diagram: Diagram, profile: Profile = DEFAULT) -> str:
    """A flowchart from the input down; arrows of the chosen paths are thick."""
    names = identifiers(diagram)
    inside = {name for box in diagram.boxes for name in box.names}
    out = ["flowchart TD"]
    out += [f"  {_vertex(diagram, name, names, profile)}" for name in names if name not in inside]
    for number, box in enumerate(diagram.boxes, 1):
        times = math(box.times, profile)
        out.append(f'  subgraph box_{number}["{_quoted(f"repeated {times} times, {math(box.index, profile)} = 1, …, {times}")}"]')
        out += [f"    {_vertex(diagram, name, names, profile)}" for name in names if name in box.names]
        out.append("  end")
    for arrow in diagram.arrows:
        line = "==>" if arrow.lit else "-->"
        label = "" if arrow.label is None else f'|"{_quoted(raised(math(arrow.label, profile)))}"|'
        out.append(f"  {names[arrow.tail]} {line}{label} {names[arrow.head]}")
    out.append(_CLASSES)
    groups: dict[str, list[str]] = {}
    for vertex in diagram.vertices:
        kind = "frozen" if "frozen" in vertex.notes else TENSOR if vertex.kind == INPUT else vertex.kind
        groups.setdefault(kind, []).append(names[vertex.name])
        if vertex.lit:
            groups.setdefault("lit", []).append(names[vertex.name])
    out += [f"  class {','.join(members)} {kind}" for kind, members in groups.items()]
    return "\n".join(out) + "\n"


def identifiers(diagram: Diagram) -> dict[str, str]:
    """Names that Mermaid takes: ``n_h_1`` for h^1."""
    found: dict[str, str] = {}
    for vertex in diagram.vertices:
        base = "n_" + re.sub(r"[^A-Za-z0-9]+", "_", vertex.name.replace("+", "_plus_")).strip("_")
        name, count = base, 1
        while name in found.values():
            count += 1
            name = f"{base}_{count}"
        found[vertex.name] = name
    return found


def _vertex(diagram: Diagram, name: str, names: dict[str, str], profile: Profile) -> str:
    vertex = diagram.vertex(name)
    opening, closing = _SHAPES[vertex.kind]
    note = small_line(vertex, profile)
    text = _quoted(raised(head_line(vertex, profile))) + (f"<br>{_quoted(raised(note))}" if note else "")
    return f'{names[name]}{opening}"{text}"{closing}'


def _quoted(text: str) -> str:
    """Text inside quotation marks: nothing of it is markup."""
    return "".join(f"#{ord(char)};" if char in '"#<>&`\\' else char for char in text)
