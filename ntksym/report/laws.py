"""Under which law an expectation is taken: the standing one needs no mark, every other law gets a number and a line that states it."""

from __future__ import annotations

import sympy as sp

from ntksym.nodes import Expect, Gaussian
from ntksym.notation import q11, q12, q22, u, v
from ntksym.report.document import Row
from ntksym.report.glyphs import Glyph, Moment
from ntksym.report.naming import Namer

_STANDING = {(u, u): q11, (u, v): q12, (v, u): q12, (v, v): q22}


def is_standing(law: Gaussian) -> bool:
    """Whether the law is that of (u, v) ~ N(0, [[q11, q12], [q12, q22]]) with independent standard normals beside it, or a marginal of it."""
    if not law.is_centred:
        return False
    names = list(law.variables)
    return all(law.cov(i, j) == _STANDING.get((a, b), sp.S.One if a == b else sp.S.Zero) for i, a in enumerate(names) for j, b in enumerate(names) if i <= j)


class Laws:
    """The laws of one equation, numbered in the order in which they are met."""

    def __init__(self) -> None:
        self._found: list[Gaussian] = []
        self._used: list[set[sp.Basic]] = []

    def marked(self, expression: sp.Basic) -> sp.Basic:
        """The expression with every Expect node written as E or as E_k."""
        if not isinstance(expression, sp.Basic) or not expression.has(Expect):
            return expression
        mapping: dict[sp.Basic, sp.Basic] = {}
        for node in _inner_first(expression):
            inside = node.xreplace(mapping)
            mapping[node] = Moment(inside.args[0]) if is_standing(node.law) else Moment(inside.args[0], self._mark(node.law, node.args[0]))
        return expression.xreplace(mapping)

    def _mark(self, law: Gaussian, integrand: sp.Basic) -> Glyph:
        if law not in self._found:
            self._found.append(law)
            self._used.append(set())
        position = self._found.index(law)
        self._used[position] |= integrand.free_symbols
        number = str(position + 1)
        return Glyph(number, number)

    def rows(self, namer: Namer) -> tuple[Row, ...]:
        """One line for each independent part of each numbered law; wide entries get names from ``namer``."""
        out: list[Row] = []
        for number, law in enumerate(self._found, start=1):
            for part in independent_parts(marginal(law, self._used[number - 1])):
                variables: sp.Basic = part.variables[0] if len(part.variables) == 1 else part.variables
                out.append(
                    Row(
                        Labelled(Glyph(rf"\mathbb{{E}}_{{{number}}}", f"E_{number}"), variables),
                        "~",
                        namer.law(part, 34.0 if len(part.variables) > 1 else 60.0),
                    )
                )
        return tuple(out)


class Labelled(sp.Basic):
    """``label: expression``."""


def _inner_first(expression: sp.Basic) -> list[Expect]:
    found = [node for node in sp.postorder_traversal(expression, keys=True) if isinstance(node, Expect)]
    return list(dict.fromkeys(found))


def marginal(law: Gaussian, used: set[sp.Basic]) -> Gaussian:
    """The law of the variables used; of all where none is."""
    kept = [i for i, name in enumerate(law.variables) if name in used] or list(range(len(law.variables)))
    upper = [law.cov(i, j) for i in kept for j in kept if i <= j]
    return Gaussian(sp.Tuple(*(law.variables[i] for i in kept)), sp.Tuple(*(law.mean[i] for i in kept)), sp.Tuple(*upper))


def independent_parts(law: Gaussian) -> tuple[Gaussian, ...]:
    """The law as a product of laws of groups of variables that are uncorrelated with each other."""
    n = len(law.variables)
    group = list(range(n))
    for i in range(n):
        for j in range(i + 1, n):
            if law.cov(i, j) != 0:
                old, new = max(group[i], group[j]), min(group[i], group[j])
                group = [new if g == old else g for g in group]
    parts: list[Gaussian] = []
    for label in sorted(set(group)):
        members = [i for i in range(n) if group[i] == label]
        parts.append(marginal(law, {law.variables[i] for i in members}))
    return tuple(parts)
