"""The chain-rule graph as a picture: which vertices, which local Jacobians on the arrows, what is lit, what stands in the key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy as sp

from ntksym import notation
from ntksym.errors import NetworkError
from ntksym.network.products import derivative, path_count
from ntksym.nodes import Entry, Partial
from ntksym.report.diagram import Arrow, Box, Diagram, Vertex
from ntksym.report.document import Row
from ntksym.report.glyphs import Glyph
from ntksym.report.letters import Letters, definition
from ntksym.report.mathematics import latex
from ntksym.report.plain import plain
from ntksym.report.prose import sentence

if TYPE_CHECKING:
    from ntksym.network.chain import ChainGraph
    from ntksym.network.stored import Segment

LONGEST = 30  # characters of mathematics that stand in the picture; more goes into the key
MOST_PATHS = 12  # written out one by one
MOST_ARROWS = 20  # on a path whose coordinates are summed on the page: more sums inside sums nobody reads


def diagram(chain: ChainGraph, path: str | None = None, jacobians: bool = True) -> Diagram:
    """The picture of ``chain``; ``path`` names a parameter, or theta^l for all of layer l, whose paths to the outputs are lit and written out."""
    chosen = chosen_parameters(chain, path)
    page = _Page(chain)
    lit = _lit(chain, chosen)
    heads = {node: head for head, node in chain.outputs}
    vertices = tuple(_vertex(name, data, page, heads, name in lit) for name, data in chain.graph.nodes(data=True))
    arrows = []
    for tail, head, data in chain.graph.edges(data=True):
        label = page.label(tail, head, data) if jacobians and data["jacobian"] is not None and data["of"] is not None else None
        arrows.append(Arrow(tail, head, label, tail in lit and head in lit))
    place = {name: k for k, name in enumerate(chain.graph)}
    arrows.sort(key=lambda arrow: (place[arrow.head], place[arrow.tail]))
    boxes = tuple(Box(segment.nodes, segment.repeat, notation.layer) for segment in chain.segments)
    key = (*page.functions(), *page.definitions(), *(page.jacobians() if jacobians else ()))
    if chosen:
        key = (*key, *(row for name in chosen for row in _derivatives(chain, name, page)))
    outputs = tuple(dict.fromkeys(node for _, node in chain.outputs)) or (chain.output,)
    return Diagram("Chain-rule graph of the network, at the input x", vertices, tuple(arrows), outputs, boxes, key, chosen)


def chosen_parameters(chain: ChainGraph, path: str | None) -> tuple[str, ...]:
    """The parameters that ``path`` names; NetworkError for any other name."""
    if path is None:
        return ()
    known = chain.parameters()
    if path in known:
        return (path,)
    if path.startswith("theta^"):
        found = tuple(name for name in known if name.partition("^")[2] == path.partition("^")[2])
        if found:
            return found
    layers = dict.fromkeys("theta^" + name.partition("^")[2] for name in known)
    raise NetworkError(
        f"{path!r} is no parameter",
        where="path",
        why="paths begin at a parameter",
        fix=f"the parameters are {', '.join(known)}; all those of a layer are {', '.join(layers)}",
    )


def _lit(chain: ChainGraph, chosen: tuple[str, ...]) -> set[str]:
    """What lies on a path from a chosen parameter to an output; the later copies of a repeated block included."""
    towards = {node for _, node in chain.outputs} | {chain.output}
    onward = set(chosen)
    for name in reversed(list(chain.graph)):  # nodes stand parents first
        if any(head in towards for head in chain.graph.successors(name)):
            towards.add(name)
    for name in chain.graph:
        if any(tail in onward for tail in chain.graph.predecessors(name)):
            onward.add(name)
    for segment in chain.segments:
        if onward & set(segment.nodes):
            onward |= set(_trunk(chain, segment))
    return onward & towards


def _trunk(chain: ChainGraph, segment: Segment) -> tuple[str, ...]:
    """The tensors of a repeated block, the copy it reads first."""
    found = [segment.output]
    while found[-1] != segment.nodes[0]:
        found.append(next(name for name in chain.parents(found[-1]) if name in segment.nodes and chain.graph.nodes[name]["kind"] == "tensor"))
    return tuple(reversed(found))


def _vertex(name: str, data: dict[str, Any], page: _Page, heads: dict[str, str], lit: bool) -> Vertex:
    notes = []
    if data["kind"] == "input":
        notes.append("the input x")
    if name in heads:
        notes.append(f"output {heads[name]}".strip())
    if data["kind"] == "parameter" and not data["trainable"]:
        notes.append("frozen")
    if data["kind"] == "mask":
        notes.append("mask")
    side = 0 if data["kind"] in ("input", "tensor") else -1 if data["entry"].name == "omega" else 1
    return Vertex(name, data["kind"], bare(data["entry"]), page.short(name), data["shape"], tuple(notes), side, lit)


def bare(expression: sp.Basic) -> sp.Basic:
    """The same tensors without the input they are evaluated at: everything in the picture is at x."""
    return expression.xreplace({entry: Entry(entry.name, entry.layer, (), entry.indices) for entry in expression.atoms(Entry)})


class _Page:
    """Letters for the activations, and what is too long for the picture."""

    def __init__(self, chain: ChainGraph) -> None:
        self.chain = chain
        values = [data["value"] for _, data in chain.graph.nodes(data=True) if "value" in data]
        self.letters = Letters(values)
        self._long: dict[sp.Basic, sp.Basic] = {}

    def shown(self, expression: sp.Basic) -> sp.Basic:
        return self.letters.spelled(bare(expression))

    def short(self, name: str) -> sp.Basic | None:
        """What a tensor is computed as, if that is short."""
        value = self._value(name)
        return value if value is not None and not value.has(sp.Sum, sp.Piecewise) and len(plain(value)) <= LONGEST else None

    def _value(self, name: str) -> sp.Basic | None:
        data = self.chain.graph.nodes[name]
        if "value" not in data or data["value"] == data["entry"]:
            return None
        return self.shown(data["value"])

    def label(self, tail: str, head: str, data: dict[str, Any]) -> sp.Basic:
        """The local Jacobian; a long one by its name, to be looked up in the key."""
        found = self.shown(data["jacobian"])
        if len(plain(found)) <= LONGEST and not found.has(sp.Sum):
            return found
        name = bare(Partial(data["of"], data["by"]))
        self._long[name] = found
        return name

    def factor(self, data: dict[str, Any]) -> sp.Basic:
        """The local Jacobian as it stands on the arrow."""
        found = self.shown(data["jacobian"])
        return found if len(plain(found)) <= LONGEST and not found.has(sp.Sum) else bare(Partial(data["of"], data["by"]))

    def functions(self) -> tuple[Row, ...]:
        variable = sp.Symbol("t", real=True)
        found = (definition(self.letters, function) for function in self.letters.functions)
        return tuple(Row(pair[0].xreplace({notation.x: variable}), "=", pair[1].xreplace({notation.x: variable})) for pair in found if pair is not None)

    def definitions(self) -> tuple[Row, ...]:
        rows = []
        for name in self.chain.tensors():
            value = self._value(name)
            if value is not None and self.short(name) is None and not any(entry.name == "omega" for entry in value.atoms(Entry)):
                rows.append(Row(bare(self.chain.graph.nodes[name]["entry"]), "=", value))
        return tuple(rows)

    def jacobians(self) -> tuple[Row, ...]:
        return tuple(Row(name, "=", value) for name, value in self._long.items())


def _derivatives(chain: ChainGraph, parameter: str, page: _Page) -> list[Row]:
    """The derivative of each output by a parameter: the sum over paths of products of local Jacobians, then the same with its deltas used up."""
    rows: list[Row] = []
    entry = bare(chain.graph.nodes[parameter]["entry"])
    for end in dict.fromkeys(node for _, node in chain.outputs):
        count = path_count(chain, parameter, end)
        if not count:
            continue
        left = Partial(_whole(bare(chain.graph.nodes[end]["entry"])), _whole(entry))
        if count > MOST_PATHS:
            words = sentence(f"the sum over {count} paths, more than are written out here")
            rows.append(Row(left, "=", Glyph(r"\sum_{\text{paths}} \prod_{\text{arrows}} \text{local Jacobian}", "the sum over paths of products"), words))
            continue
        paths = [found for found in chain.paths(parameter) if found[-1] == end]
        if chain.segments:
            (found,) = (path for path in chain.paths(parameter) if path[-1] == end)
            rows.append(_through_copies(chain, found, chain.segments[0]))
            continue
        paths = [found for found in chain.paths(parameter) if found[-1] == end]
        terms = [_ordered(_factors(chain, found)) for found in paths]
        if any(len(found) > 2 for found in paths):
            rows.append(Row(left, "=", Glyph(" + ".join(tex for tex, _ in terms), " + ".join(text for _, text in terms))))
        if max(len(found) for found in paths) <= MOST_ARROWS + 1:
            rows.append(Row(*derivative(chain, parameter, end, page.factor, bare)))
    return rows


def _whole(entry: Entry) -> Entry:
    return Entry(entry.name, entry.layer, (), ())


def _factors(chain: ChainGraph, path: tuple[str, ...]) -> list[Partial]:
    """The Jacobians along a path from its end back; tensors as wholes.  Between two tensors with several arrows it is the sum over the arrows."""
    entries = [_whole(chain.graph.nodes[name]["entry"]) for name in path]
    return [Partial(head, tail) for tail, head in zip(entries, entries[1:], strict=False)][::-1]


def _ordered(factors: list[Partial]) -> tuple[str, str]:
    """A product in the order given, that of matrices, as LaTeX and as text."""
    return r"\,".join(latex(factor) for factor in factors), " · ".join(plain(factor) for factor in factors)


def _through_copies(chain: ChainGraph, path: tuple[str, ...], segment: Segment) -> Row:
    """The derivative where a block is repeated: the block's product once for each copy that the path goes through, later copies to the left."""
    trunk, layer, copy = _trunk(chain, segment), notation.layer, sp.Symbol("k", integer=True, positive=True)
    last = {layer: segment.repeat}
    left = Partial(_whole(chain.graph.nodes[path[-1]]["entry"]).xreplace(last), _whole(chain.graph.nodes[path[0]]["entry"]))
    if segment.output not in path:  # a parameter behind the last copy
        return Row(left.xreplace(last), "=", Glyph(*_ordered([factor.xreplace(last) for factor in _factors(chain, path)])))
    own = path[0] in segment.nodes  # a parameter of copy l: its own copy, then those after it
    before = _factors(chain, path[: path.index(segment.output) + 1] if own else path[: path.index(trunk[0])])
    after = [factor.xreplace(last) for factor in _factors(chain, path[path.index(segment.output) :])]
    one_copy = [factor.xreplace({layer: copy}) for factor in _factors(chain, trunk)]
    (tex, text), (tex_after, text_after), (tex_before, text_before) = _ordered(one_copy), _ordered(after), _ordered(before)
    first = layer + 1 if own else sp.S.One
    product = (
        rf"\prod_{{k={latex(first)}}}^{{{latex(segment.repeat)}}} \left({tex}\right)",
        f"∏_{{k={plain(first)}..{plain(segment.repeat)}}} ({text})".replace(" + ", "+"),
    )
    tex_all = r"\,".join(part for part in (tex_after, product[0], tex_before) if part)
    text_all = " · ".join(part for part in (text_after, product[1], text_before) if part)
    return Row(left, "=", Glyph(tex_all, text_all), sentence("later copies stand to the left"))
