r"""Counting powers of the width n: what sizes a network's tensors have at initialization, and by how much they move in training.

Two laws do all the counting.  A sum of n terms that are independent of one another and centred is of size $\sqrt{n}$ (central limit theorem); a sum of n terms
that share a sign, because the factors were made from one another, is of size n (law of large numbers).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sympy as sp

from ntksym.errors import RuleError
from ntksym.forms import AbcClass, AbcNetwork, PowerCount
from ntksym.nodes import Applied, Entry, OfOrder
from ntksym.notation import x1, x2
from ntksym.proof import Assumption, Regime, Statement, rule
from ntksym.rules.checks import exponents as checks
from ntksym.rules.contraction import index
from ntksym.serialize import register
from ntksym.sources import Citation

for _form in (AbcNetwork, PowerCount, AbcClass):
    register(_form)

n = sp.Symbol("n", positive=True)
NOTHING = -sp.oo

WIDE = Assumption(
    "one-width", r"All hidden widths are proportional to one number $n \to \infty$; the input dimension, the outputs, the examples and the updates are fixed."
)
GENERIC = Assumption(
    "generic-counting",
    r"$\phi$ and its first two derivatives are of order one at pre-activations of order one, the loss has a slope of order one at the outputs, "
    r"and no sum is smaller than its law says; behind a tensor that has left order one, $\phi$ is taken to grow like its argument.",
)


@rule(
    source=Citation("", "central limit theorem and law of large numbers"),
    check=checks.counting_laws,
    reason=r"Sums over $n$ neurons: independent centred terms give $\sqrt{n}$, terms made from one another give $n$; a square matrix and its transpose, "
    r"one after the other, give $\sqrt{n}$ each.",
)
def counting_laws() -> Statement:
    r"""\sum_{a\le n}\omega_{ai}z_a = O(\sqrt{n})\ (\omega\perp z),\qquad \sum_{a\le n}z_a z'_a = O(n),\qquad \sum_{a,j\le n}\omega_{ai}\omega_{aj}g_j = O(n)"""
    a, i, j = index("a"), index("i"), index("j")
    first, second = Entry("omega", 2, (), (a, i)), Entry("omega", 2, (), (a, j))
    z, other, g = Entry("z", 1, (x1,), (a,)), Entry("z", 1, (x2,), (a,)), Entry("B", 2, (x1,), (j,))
    independent = OfOrder(sp.Sum(first * z, (a, 1, n)), sp.sqrt(n))
    alike = OfOrder(sp.Sum(z * other, (a, 1, n)), n)
    readout = OfOrder(sp.Sum(first**2, (a, 1, n)), n)
    square = OfOrder(sp.Sum(first * second * g, (a, 1, n), (j, 1, n)), n)
    return Statement(sp.Tuple(independent, alike, readout, square), Regime.ORDER_IN_WIDTH, (WIDE,))


@rule(
    source=Citation("yang2021", "abc-parametrizations"),
    check=checks.abc_parameterization,
    reason=r"The weights of the graph in the parameterization asked for; training moves $\omega$ by gradient descent with learning rate $\eta\,n^{-c}$.",
)
def abc_parameterization(
    *,
    equations: tuple[sp.Eq, ...],
    growth: tuple[tuple[sp.Expr, sp.Expr], ...],
    a: tuple[sp.Expr, ...],
    b: tuple[sp.Expr, ...],
    c: sp.Expr,
    frozen: tuple[sp.Expr, ...] = (),
) -> Statement:
    r"""W^l = n^{-a_l}\omega^l,\qquad \omega^l \sim \mathcal N(0, n^{-2b_l}),\qquad \omega^l \leftarrow \omega^l - \eta\,n^{-c}\,\partial_{\omega^l}\mathcal L

    ``equations``: the values of the tensors off the chain-rule graph, in order, the output last; ``growth``: the width of every tensor as a power of n.
    """
    made, weights, left = [], [], list(zip(a, b, strict=True))
    for equation in equations:
        found = sorted((e for e in equation.rhs.atoms(Entry) if e.name == "omega"), key=str)
        if len(found) > 1:
            raise RuleError(f"{equation.lhs} is made with {len(found)} matrices", where="abc_parameterization")
        if not found:
            made.append(equation)
            continue
        power, deviation = left.pop(0)
        (total,) = equation.rhs.atoms(sp.Sum)
        made.append(sp.Eq(equation.lhs, n**-power * total, evaluate=False))
        weights.append((found[0], power, deviation))
    return Statement(AbcNetwork(tuple(made), growth, tuple(weights), c, equations[-1].lhs, frozen), Regime.ORDER_IN_WIDTH, (WIDE,))


# -- reading the equations ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Edge:
    """One way in which a tensor depends on another: coordinate by coordinate, or through a matrix with the exponents a and b."""

    tail: Entry
    head: Entry
    weights: Entry | None = None
    a: sp.Expr = sp.S.Zero
    b: sp.Expr = sp.S.Zero

    @property
    def scale(self) -> sp.Expr:
        """Exponent of an entry of W = n^(-a) omega."""
        return -self.a - self.b


class _Reader:
    """The edges of an AbcNetwork, and the powers of n that its tensors' widths are."""

    def __init__(self, network: AbcNetwork) -> None:
        self.network = network
        self.growth = {_tensor(entry): power for entry, power in network.growth}
        self.edges = [edge for equation in network.equations for edge in self._edges(equation)]

    def into(self, head: Entry) -> list[_Edge]:
        return [edge for edge in self.edges if edge.head == _tensor(head)]

    def out_of(self, tail: Entry) -> list[_Edge]:
        return [edge for edge in self.edges if edge.tail == _tensor(tail)]

    @property
    def tensors(self) -> list[Entry]:
        """Computed tensors, in order."""
        return [_tensor(equation.lhs) for equation in self.network.equations]

    def _edges(self, equation: sp.Eq) -> Iterator[_Edge]:
        head = _tensor(equation.lhs)
        matrices = {entry: (a, b) for entry, a, b in self.network.weights}
        seen = set()
        for tail in sorted((e for e in equation.rhs.atoms(Entry) if e not in matrices), key=str):
            if _tensor(tail) in seen:
                continue
            seen.add(_tensor(tail))
            used = [e for e in equation.rhs.atoms(Entry) if e in matrices]
            if used:
                yield _Edge(_tensor(tail), head, used[0], *matrices[used[0]])
            else:
                yield _Edge(_tensor(tail), head)


def _tensor(entry: Entry) -> Entry:
    """The tensor an entry belongs to."""
    return Entry(*entry.args[:3], ())


def _rows(sizes: dict[Entry, sp.Expr], order: list[Entry]) -> tuple[tuple[sp.Expr, sp.Expr], ...]:
    return tuple((tensor, sizes[tensor]) for tensor in order)


# -- counting ----------------------------------------------------------------------------------------------------------


@rule(
    source=Citation("yang2021", "stability of abc-parametrizations"),
    check=checks.count_values,
    reason=r"Forward at initialization: a fresh matrix sums over independent terms, so it multiplies sizes by its entries' size, times $\sqrt{n}$ where it "
    r"sums over a hidden layer.",
)
def count_values(parameterized: Statement, laws: Statement) -> Statement:
    r"""h^l \sim n^{-a_l-b_l}\sqrt{n_{l-1}}\;z^{l-1},\qquad z^l = \phi(h^l) \sim h^l

    ``parameterized``: the network; ``laws``: of sums over neurons.
    """
    reader = _Reader(parameterized.claim)
    sizes = {_tensor(entry): sp.S.Zero for entry, _ in parameterized.claim.growth if _tensor(entry) not in reader.tensors}
    for head in reader.tensors:
        sizes[head] = max(sizes[e.tail] + (e.scale + reader.growth[e.tail] / 2 if e.weights is not None else 0) for e in reader.into(head))
    return Statement(PowerCount("value", _rows(sizes, reader.tensors), _tensor(parameterized.claim.output)), Regime.ORDER_IN_WIDTH, (GENERIC,))


@rule(
    source=Citation("yang2021", "stability of abc-parametrizations"),
    check=checks.count_derivatives,
    reason=r"Backward at initialization: the transposed matrix sums over the neurons of the layer above, independent terms again (gradient independence).",
)
def count_derivatives(parameterized: Statement, laws: Statement) -> Statement:
    r"""\partial_{z^{l-1}}f \sim n^{-a_l-b_l}\sqrt{n_l}\;\partial_{h^l}f,\qquad \partial_{h^l}f = \phi'(h^l)\,\partial_{z^l}f"""
    reader = _Reader(parameterized.claim)
    output = _tensor(parameterized.claim.output)
    sizes = {output: sp.S.Zero}
    for tensor in reversed(reader.tensors):
        ways = [sizes[e.head] + (e.scale + reader.growth[e.head] / 2 if e.weights is not None else 0) for e in reader.out_of(tensor) if e.head in sizes]
        if ways:
            sizes[tensor] = max(ways)
    order = [tensor for tensor in reader.tensors if tensor in sizes]
    return Statement(PowerCount("derivative", _rows(sizes, order), output), Regime.ORDER_IN_WIDTH, (GENERIC,))


@rule(
    source=Citation("yang2021", "stability of abc-parametrizations"),
    check=checks.count_updates,
    reason=r"Training: the update of a matrix is made of the signals that it meets again, so its sums over neurons are of size $n$; what moved below is "
    r"carried on by the matrix itself.",
)
def count_updates(parameterized: Statement, values: Statement, derivatives: Statement, laws: Statement) -> Statement:
    r"""\Delta W^l z^{l-1} \sim n^{-2a_l-c}\,\frac{\partial f}{\partial h^l}\,\langle z^{l-1},z^{l-1}\rangle,\qquad \langle z^{l-1},z^{l-1}\rangle \sim n_{l-1}

    Update after update, until no exponent changes any more or a size leaves its bounds; an update sees the values and derivatives of the one before.
    """
    reader = _Reader(parameterized.claim)
    training = _Training(reader, dict(values.claim.rows), dict(derivatives.claim.rows))
    updates = training.run()
    rows = _rows(training.change, reader.tensors)
    return Statement(PowerCount("change", rows, _tensor(parameterized.claim.output), updates), Regime.ORDER_IN_WIDTH, (GENERIC,))


class _Training:
    """Exponents of the changes, of tensors and of the output's derivatives by them."""

    def __init__(self, reader: _Reader, values: dict[Entry, sp.Expr], derivatives: dict[Entry, sp.Expr]) -> None:
        self.reader, self.values, self.derivatives = reader, values, derivatives
        for edge in reader.edges:
            self.values.setdefault(edge.tail, sp.S.Zero)  # the input
        self.change: dict[Entry, sp.Expr] = dict.fromkeys(self.values, NOTHING)
        self.turn: dict[Entry, sp.Expr] = dict.fromkeys(self.derivatives, NOTHING)

    def run(self) -> int:
        """Updates until nothing changes; the number of the one whose changes stand in ``change``."""
        limit = len(self.reader.network.weights) + 2
        for number in range(1, limit + 1):
            before = dict(self.change), dict(self.turn)
            self._update()
            if number > 1 and (self.change, self.turn) == before:
                return number - 1
            if self._is_out_of_bounds():
                return number
        return limit

    def _is_out_of_bounds(self) -> bool:
        output = _tensor(self.reader.network.output)
        started = any(self.values[t] != 0 for t in self.reader.tensors if t != output) or self.values[output] > 0
        return started or any(self.change[t] > 0 for t in self.reader.tensors)

    def _update(self) -> None:
        value = {t: max(size, self.change[t]) for t, size in self.values.items()}
        slope = {t: max(size, self.turn[t]) for t, size in self.derivatives.items()}
        growth, frozen = self.reader.growth, self.reader.network.frozen
        c = self.reader.network.c
        step = {}  # exponent of an entry of the update of W, without the two signals it is made of
        for e in self.reader.edges:
            step[e] = NOTHING if e.weights is None or e.weights in frozen or e.head not in slope else -2 * e.a - c
        for head in self.reader.tensors:
            ways = []
            for e in self.reader.into(head):
                if e.weights is None:
                    ways.append(self.change[e.tail])
                    continue
                ways.append(step[e] + slope.get(head, sp.S.Zero) + value[e.tail] + max(self.values[e.tail], self.change[e.tail]) + growth[e.tail])
                ways.append(e.scale + self.change[e.tail] + _gain(growth[e.tail], growth[head]))
            self.change[head] = max(ways)
        for tensor in reversed([t for t in self.reader.tensors if t in self.derivatives]):
            ways = [NOTHING]
            for e in self.reader.out_of(tensor):
                if e.head not in slope:
                    continue
                if e.weights is None:
                    bent = self.change[tensor] + slope[e.head]  # phi'' times the change of its argument
                    ways += [self.turn[e.head], bent if self._bends(e) else NOTHING]
                    continue
                ways.append(step[e] + 2 * slope[e.head] + value[tensor] + growth[e.head])
                ways.append(e.scale + self.turn[e.head] + _gain(growth[e.head], growth[tensor]))
            self.turn[tensor] = max(ways)

    def _bends(self, edge: _Edge) -> bool:
        equation = next(q for q in self.reader.network.equations if _tensor(q.lhs) == edge.head)
        return equation.rhs.has(Applied)


def _gain(summed: sp.Expr, kept: sp.Expr) -> sp.Expr:
    """Exponent that a matrix adds to a signal made from it, besides its entries' size: it sums over n^summed neurons and keeps n^kept."""
    return max(summed / 2, summed - kept / 2)


# -- judging -----------------------------------------------------------------------------------------------------------


@rule(
    source=Citation("yang2021", "dynamical dichotomy"),
    check=checks.classify,
    reason="Stable if hidden values are of order one and stay so and the output stays bounded; trivial if the output does not move; else the features "
    "move, or they do not.",
)
def classify(parameterized: Statement, values: Statement, derivatives: Statement, changes: Statement) -> Statement:
    r"""\text{stable},\ \Delta f \sim 1:\qquad \Delta z \sim n^{-r},\quad r = 0\ \text{(feature learning)},\quad r > 0\ \text{(kernel)}"""
    network, output = parameterized.claim, changes.claim.output
    value, change = dict(values.claim.rows), dict(changes.claim.rows)
    hidden = [tensor for tensor in value if tensor != output]
    r = -max(change[tensor] for tensor in hidden)
    updates = changes.claim.updates
    broken = [f"At initialization ${_name(tensor)}$ is {_size(value[tensor])}, not of order one." for tensor in hidden if value[tensor] != 0]
    if value[output] > 0:
        broken.append(f"At initialization the output is {_size(value[output])}.")
    grown = [tensor for tensor in hidden if change[tensor] > 0]
    if grown and not broken:
        broken.append(f"Update {updates} moves ${_name(grown[0])}$ by a change {_size(change[grown[0]])}.")
    elif change[output] > 0 and not broken:
        broken.append(f"Update {updates} moves the output by a change {_size(change[output])}.")
    stable = not broken
    trivial = stable and change[output] < 0
    if not stable:
        regime, reasons = "unstable", broken
    else:
        reasons = [
            f"Hidden values are of order one, the output is {_size(value[output])} at initialization, and training moves nothing further than its size allows."
        ]
        if trivial:
            regime = "trivial"
            reasons.append(f"Training moves the output by a change {_size(change[output])}, which vanishes.")
        elif r > 0:
            regime = "kernel"
            reasons.append(
                f"Training moves the output by order one, the features by a change {_size(-r)}, which vanishes: the tangent kernel stays what it was."
            )
        else:
            regime = "feature learning"
            reasons.append("Training moves the output and the features by order one.")
    a, b = (tuple(row[k] for row in network.weights) for k in (1, 2))
    claim = AbcClass(a, b, network.c, values.claim.rows, derivatives.claim.rows, changes.claim.rows, r, updates, stable, trivial, regime, tuple(reasons))
    return Statement(claim, Regime.ORDER_IN_WIDTH)


def _size(exponent: sp.Expr) -> str:
    return "of order one" if exponent == 0 else f"of size $n^{{{exponent}}}$"


def _name(tensor: Entry) -> str:
    return f"{tensor.name}^{{{tensor.layer}}}"
