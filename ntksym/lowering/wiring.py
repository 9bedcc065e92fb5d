"""A wiring's recursion -> straight lines: every tensor made by weights is a few assignments, in the order of the graph."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import sympy as sp

from ntksym.errors import LoweringError
from ntksym.forms import Block, Recursion
from ntksym.lowering.algebra import stable
from ntksym.lowering.program import Assign, Call, Line, OnesLike, Pass, Snap, reuse
from ntksym.nodes import Dual, Width
from ntksym.notation import q11, q12, q22, s11

_PAIR = re.compile(r"[A-Za-z]+(\d\d)_")

Found = tuple[str, int, tuple[str, ...]]  # function, which of its two results, its parameters


class Straight:
    """The lines of one pass; a dual that several tensors need is called once."""

    def __init__(
        self, recursion: Recursion, function_of: Callable[[Dual], Found | None], renamed: Mapping[sp.Symbol, sp.Symbol], per_layer: frozenset[sp.Symbol]
    ) -> None:
        self.recursion, self.function_of, self.renamed, self.per_layer = recursion, function_of, renamed, per_layer
        self.lines: list[Line] = []
        self.replaced: dict[sp.Basic, sp.Basic] = {Width(0): sp.Symbol("n0", positive=True)}
        self.taken: set[str] = set()
        self.groups: dict[tuple[str, tuple[sp.Expr, ...]], dict[int, Dual]] = {}

    def layers(self, wanted: list[sp.Symbol], needed: set[sp.Basic]) -> Pass:
        """The pass that computes ``wanted``; ``needed`` are the variables this takes."""
        blocks = [(block, [(symbol, value) for symbol, value in block.update if symbol in needed]) for block in self.recursion.blocks]
        for node in sorted({n for _, rows in blocks for _, value in rows for n in value.atoms(Dual)}, key=sp.default_sort_key):
            found = self.function_of(node)
            if found is not None:
                self.groups.setdefault((found[0], tuple(node.q)), {})[found[1]] = node
        for block, rows in blocks:
            if rows:
                self._block(block, rows)
        left = sorted({w for line in self.lines if isinstance(line, Assign) for w in line.value.atoms(Width)}, key=str)
        if left:
            raise LoweringError(
                f"the width {left[0]} is open",
                where="lowering",
                why="in the standard parameterization the kernel grows with the widths, and a concatenation keeps the shares of its tensors",
                fix="give every Dense of the network a width",
            )
        state = tuple(str(symbol) for symbol in self.recursion.state if symbol in needed)
        return Pass(state, tuple(self.lines), (), tuple(str(symbol) for symbol in wanted))

    def _block(self, block: Block, rows: list[tuple[sp.Symbol, sp.Expr]]) -> None:
        own = {s: sp.Symbol(f"{self.renamed[s]}[{block.dense}]", **s.assumptions0) for s in self.per_layer if s in self.renamed}
        comment = block.label
        start = len(self.lines)
        for node in sorted({n for _, value in rows for n in value.atoms(Dual)}, key=sp.default_sort_key):
            if node not in self.replaced:
                self._dual(node)
        done: list[tuple[sp.Expr, sp.Symbol]] = []
        for symbol, value in rows:
            new = value.xreplace(self.replaced).xreplace(own).xreplace(dict(self.renamed))
            if new.is_number:
                new = new * OnesLike(s11)
            whole = new
            for earlier, name in done:
                new = reuse(new, earlier, name)
            self.lines.append(Assign(str(symbol), new))
            done.append((whole, sp.Symbol(str(symbol), real=True)))
        self.lines[start] = _commented(self.lines[start], comment)

    def _dual(self, node: Dual) -> None:
        found = self.function_of(node)
        if found is None:
            self._cross(node)
            return
        function, _, parameters = found
        key = (function, tuple(node.q))
        slots = self.groups[key]
        pair = _pair(node)
        targets = []
        for slot, stem in ((0, "V"), (1, "dV")):
            name = self._name(f"{stem}{pair}") if slot in slots else "_"
            targets.append(name)
            if slot in slots:
                self.replaced[slots[slot]] = sp.Symbol(name, real=True)
        first, cov, second = (self._argument(argument, f"q{key_}") for argument, key_ in zip(node.q, ("11", pair, "22"), strict=True))
        if node.q[0] == node.q[1] == node.q[2]:
            self.lines.append(Call(tuple(targets), f"{function}_diagonal", (first,), parameters))
        else:
            self.lines.append(Call(tuple(targets), function, (first, Snap(first, cov, second), second), parameters))

    def _cross(self, node: Dual) -> None:
        """Two functions, or one and a constant: the closed form written out."""
        for form in self.recursion.crosses:
            value = form.of(node)
            if value is None:
                continue
            used = [name in value.free_symbols for name in (q11, q12, q22)]
            named = zip(node.q, ("11", _pair(node), "22"), used, strict=True)
            first, cov, second = (self._argument(argument, f"q{key}") if needed else argument for argument, key, needed in named)
            safe = Snap(first, cov, second) if used[1] and not first == cov == second else cov
            if safe != cov:
                name = self._name("c")
                self.lines.append(Assign(name, safe))
                safe = sp.Symbol(name, real=True)
            closed = stable(value).xreplace({q11: first, q12: safe, q22: second}).xreplace(dict(self.renamed))
            if closed.has(sp.zoo, sp.nan, sp.oo):
                break
            target = self._name(f"E{_pair(node)}")
            self.lines.append(Assign(target, closed))
            self.replaced[node] = sp.Symbol(target, real=True)
            return
        raise LoweringError(
            f"no closed form for the average of {node.f.expr} and {node.g.expr}",
            where="lowering",
            why="the wiring adds tensors that are not independent, and averages of two different functions are computed in closed form only",
            fix="use activations inside the class (ntksym list), or read the derivation, where the average stays",
        )

    def _argument(self, value: sp.Expr, stem: str) -> sp.Expr:
        """A variable as it is; a sum, or a number (as an array), under a name of its own."""
        value = value.xreplace(dict(self.renamed))
        if value.is_Symbol or value == 0:
            return value
        if value.is_number:
            value = value * OnesLike(s11)
        known = self.replaced.get(sp.Tuple(sp.Symbol("argument"), value))
        if known is None:
            name = self._name(stem)
            self.lines.append(Assign(name, value))
            known = self.replaced[sp.Tuple(sp.Symbol("argument"), value)] = sp.Symbol(name, real=True)
        return known

    def _name(self, stem: str) -> str:
        name = next(candidate for candidate in _numbered(stem) if candidate not in self.taken)
        self.taken.add(name)
        return name


def _numbered(stem: str) -> Iterator[str]:
    number = 1
    while True:
        yield f"{stem}_{number}"
        number += 1


def _pair(node: Dual) -> str:
    """Which inputs a dual is about: 11, 12, 21 or 22, read off its variables."""
    keys = {match.group(1) for symbol in node.q[1].free_symbols | node.q[0].free_symbols for match in [_PAIR.match(str(symbol))] if match}
    crossed = keys & {"12", "21"}
    return min(crossed or keys or {"12"})


def _commented(line: Line, comment: str) -> Line:
    if isinstance(line, Assign):
        return Assign(line.name, line.value, comment)
    return Call(line.targets, line.function, line.arguments, line.parameters, comment)
