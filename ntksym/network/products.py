"""The derivative of an output by a parameter: the sum over paths of the products of local Jacobians, with the coordinates in between summed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sympy as sp

from ntksym.nodes import Entry, Partial
from ntksym.rules.contraction import add_up, index, renamed

if TYPE_CHECKING:
    from ntksym.network.chain import ChainGraph

_OUTPUT = index("i")


def path_count(chain: ChainGraph, start: str, end: str) -> int:
    """How many paths lead from one node to another; two arrows between the same nodes count twice."""
    count = dict.fromkeys(chain.graph, 0)
    count[start] = 1
    for name in chain.graph:  # nodes stand parents first
        for _, head in chain.graph.out_edges(name):
            count[head] += count[name]
    return count[end]


def derivative(
    chain: ChainGraph, parameter: str, end: str, factor: Callable[[dict[str, Any]], sp.Expr], entry_form: Callable[[sp.Basic], sp.Basic] = lambda e: e
) -> tuple[Partial, str, sp.Expr]:
    """(d end_i / d parameter, "=", its value), ``factor`` giving each edge's local Jacobian.  Not for graphs with a repeated segment."""
    letters = iter(index(f"k{number}") for number in range(1, 1 + 2 * len(chain.graph)))
    total = sp.S.Zero
    by: Entry | None = None
    for path in (found for found in chain.paths(parameter) if found[-1] == end):
        acc, at = sp.S.One, _OUTPUT
        for tail, head in zip(path[-2::-1], path[:0:-1], strict=True):
            edges = list(chain.graph.get_edge_data(tail, head).values())
            (own,), below = edges[0]["of"].indices, edges[0]["by"].indices
            local = sp.Add(*(factor(edge) for edge in edges))
            if tail == parameter:
                by = edges[0]["by"]
                local, following = renamed(local, {own: at}), None
            else:
                following = next(letters)
                local = renamed(local, {own: at, below[0]: following})
            acc = local if at == _OUTPUT else add_up(acc * local, at, chain.graph.nodes[head]["shape"][0])
            at = following
        total += acc
    assert by is not None
    of = Entry(*chain.graph.nodes[end]["entry"].args[:3], (_OUTPUT,))
    return Partial(entry_form(of), entry_form(by)), "=", _tidy(total)


def _tidy(expression: sp.Expr) -> sp.Expr:
    """Summation indices called a, c, d, ... again."""
    names = [index(letter) for letter in "acdefgmpqrst"]

    def inner(part: sp.Basic, level: int) -> sp.Basic:
        if isinstance(part, sp.Sum):
            variables = {variable: names[min(level + k, len(names) - 1)] for k, (variable, _, _) in enumerate(part.limits)} if level < len(names) - 4 else {}
            body = inner(part.function, level + len(part.limits)).xreplace(variables)
            return sp.Sum(body, *((variables.get(v, v), low, high) for v, low, high in part.limits))
        if not part.has(sp.Sum):
            return part
        return part.func(*(inner(p, level) for p in part.args))

    return inner(expression, 0)
