"""Under which law an expectation is taken: the standing one needs no mark, every other law gets a number and a line that states it."""

from __future__ import annotations

import sympy as sp

from ntksym.nodes import Expect, Gaussian
from ntksym.notation import q11, q12, q22, u, v
from ntksym.report.document import Row
from ntksym.report.glyphs import Glyph, Moment

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

    def marked(self, expression: sp.Basic) -> sp.Basic:
        """The expression with every Expect node written as E or as E_k."""
        if not isinstance(expression, sp.Basic) or not expression.has(Expect):
            return expression
        mapping: dict[sp.Basic, sp.Basic] = {}
        for node in _inner_first(expression):
            inside = node.xreplace(mapping)
            mapping[node] = Moment(inside.args[0]) if is_standing(node.law) else Moment(inside.args[0], self._mark(node.law))
        return expression.xreplace(mapping)

    def _mark(self, law: Gaussian) -> Glyph:
        if law not in self._found:
            self._found.append(law)
        number = str(self._found.index(law) + 1)
        return Glyph(number, number)

    def rows(self) -> tuple[Row, ...]:
        """One line for each independent part of each numbered law."""
        out: list[Row] = []
        for number, law in enumerate(self._found, start=1):
            for part in independent_parts(law):
                variables: sp.Basic = part.variables[0] if len(part.variables) == 1 else part.variables
                out.append(Row(Labelled(Glyph(rf"\mathbb{{E}}_{{{number}}}", f"E_{number}"), variables), "~", part))
        return tuple(out)


class Labelled(sp.Basic):
    """``label: expression``."""


def _inner_first(expression: sp.Basic) -> list[Expect]:
    found = [node for node in sp.postorder_traversal(expression, keys=True) if isinstance(node, Expect)]
    return list(dict.fromkeys(found))


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
        upper = [law.cov(i, j) for i in members for j in members if i <= j]
        parts.append(Gaussian(sp.Tuple(*(law.variables[i] for i in members)), sp.Tuple(*(law.mean[i] for i in members)), sp.Tuple(*upper)))
    return tuple(parts)
