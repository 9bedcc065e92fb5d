"""Checks of the power counts: sums are sampled, paths listed, sizes added as numbers at one huge width, and chains meet the closed formulas of the paper."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator

import numpy as np
import sympy as sp

from ntksym import notation
from ntksym.forms import AbcClass, AbcNetwork, PowerCount
from ntksym.nodes import Applied, Entry, OfOrder
from ntksym.proof import Statement, Verdict, cited, false, proved, tested
from ntksym.rules.checks.indices import is_zero

SEED = 20111452
WIDTHS = (64, 128, 256, 512, 1024)
DRAWS = 12
_N = sp.Symbol("n", positive=True)
_LOG_N = 1e9  # log n of the huge width: constants in front of the powers of n weigh nothing there
_CLOSE = 1e-6

Links = list[tuple[Entry, Entry, Entry | None]]  # (tail, head, matrix)


def _lists(conclusion: Statement, key: str) -> bool:
    return any(assumption.key == key for assumption in conclusion.assumptions)


# -- the laws ----------------------------------------------------------------------------------------------------------


def counting_laws(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Every sum drawn at several widths: the slope of log size against log n is the exponent claimed."""
    if not _lists(conclusion, "one-width"):
        return false("what grows is not listed")
    if len(conclusion.claim) != 4:
        return false("four sums are meant")
    problem = _misplaced(conclusion.claim)
    if problem:
        return false(problem)
    worst = 0.0
    for claim in conclusion.claim:
        if not isinstance(claim, OfOrder) or not isinstance(claim.lhs, sp.Sum) or claim.condition != sp.true:
            return false(f"{claim} is no order of a sum over neurons")
        power = sp.degree(claim.rhs**2, _N) if (claim.rhs**2).is_polynomial(_N) else None
        if power is None or claim.rhs != _N ** (sp.Rational(power) / 2) or any(limit[1:] != (1, _N) for limit in claim.lhs.limits):
            return false(f"{claim} states no power of n")
        gap = abs(_sampled_slope(claim.lhs) - float(power) / 2)
        worst = max(worst, gap)
        if not gap < 0.1:
            return false(f"the size of {claim.lhs} grows like n^{_sampled_slope(claim.lhs):.2f}")
    points = len(WIDTHS) * len(conclusion.claim)
    return tested(points, 1, f"sums of normal variables at $n$ = {', '.join(map(str, WIDTHS))}, slopes within {max(worst, 0.01):.2f}", SEED)


def _misplaced(claims: sp.Tuple) -> str | None:
    """The letters stand for what they do in a network: omega^2 between z^1 below and derivatives above; only the second sum joins two inputs."""
    for position, claim in enumerate(claims):
        for entry in claim.atoms(Entry):
            if (entry.name, entry.layer) not in {("omega", 2), ("z", 1), ("B", 2)} or len(set(entry.indices)) != len(entry.indices):
                return f"{entry} stands in no such sum"
        layers: dict[sp.Basic, sp.Expr] = {}
        for entry in claim.atoms(Entry):
            for layer, coordinate in zip((1, 2) if entry.name == "omega" else (entry.layer,), entry.indices, strict=True):
                if layers.setdefault(coordinate, layer) != layer:
                    return f"{coordinate} runs over two layers"
        inputs = {label for entry in claim.atoms(Entry) for label in entry.inputs}
        if (notation.x2 in inputs) != (position == 1) or position == 1 and notation.x1 not in inputs:
            return f"{claim} joins other inputs"
        if {symbol.name for symbol in claim.lhs.free_symbols if symbol.is_integer} - {"i"}:
            return f"{claim} is for another neuron"
    return None


@functools.lru_cache(maxsize=64)
def _sampled_slope(summed: sp.Sum) -> float:
    """Slope of log root-mean-square of the sum against log n, over draws and values of the free index."""
    rng = np.random.default_rng(SEED)
    letters: dict[sp.Basic, str] = {}
    factors: list[Entry] = []
    for factor in sp.Mul.make_args(summed.function):
        base, exponent = factor.as_base_exp()
        if not isinstance(base, Entry) or not exponent.is_Integer or exponent < 1:
            return math.nan
        factors += [base] * int(exponent)
    for entry in factors:
        for coordinate in entry.indices:
            letters.setdefault(coordinate, "abcdefgh"[len(letters)])
    bound = {limit[0] for limit in summed.limits}
    free = [s for s in letters if s not in bound]
    spec = ",".join("".join(letters[s] for s in e.indices) for e in factors) + "->" + "".join(letters[s] for s in free)
    sizes = []
    for width in WIDTHS:
        total, count = 0.0, 0
        for _ in range(DRAWS):
            drawn: dict[object, np.ndarray] = {}
            arrays = []
            for e in factors:
                # one tensor at two inputs is correlated; the free index keeps four neurons
                shape = tuple(width if k == 0 or s in bound else 4 for k, s in enumerate(e.indices))
                first = drawn.setdefault(e.args[:2], rng.standard_normal((width, max(width, 4))) if len(e.indices) > 1 else rng.standard_normal(width))
                array = first[tuple(slice(size) for size in shape)]
                if len(e.inputs) and e.inputs[0] == notation.x2:
                    array = 0.6 * array + 0.8 * rng.standard_normal(array.shape)
                arrays.append(array)
            out = np.einsum(spec, *arrays, optimize=True)
            total, count = total + float(np.sum(out**2)), count + out.size
        sizes.append(0.5 * math.log(total / count))
    return float(np.polyfit(np.log(WIDTHS), sizes, 1)[0])


# -- the network -------------------------------------------------------------------------------------------------------


def abc_parameterization(
    premises: tuple[Statement, ...],
    conclusion: Statement,
    *,
    equations: tuple[sp.Eq, ...],
    growth: tuple[tuple[sp.Expr, sp.Expr], ...],
    a: tuple[sp.Expr, ...],
    b: tuple[sp.Expr, ...],
    c: sp.Expr,
    frozen: tuple[sp.Expr, ...] = (),
) -> Verdict:
    """With n^a taken out again, every equation is the graph's with sigma_w over the root of its width taken out."""
    claim = conclusion.claim
    if not _lists(conclusion, "one-width"):
        return false("what grows is not listed")
    if (claim.growth, claim.c, claim.frozen) != (growth, c, frozen) or len(claim.equations) != len(equations):
        return false("widths, learning rate, frozen weights or the number of tensors are not those asked for")
    if [(row[1], row[2]) for row in claim.weights] != list(zip(a, b, strict=True)):
        return false("the exponents are not those asked for")
    exponents = {row[0]: row[1] for row in claim.weights}
    if claim.output != equations[-1].lhs or len(exponents) != len(a):
        return false("the output is not the last tensor, or a matrix stands twice")
    used = []
    for before, after in zip(equations, claim.equations, strict=True):
        matrices = [entry for entry in exponents if after.rhs.has(entry)]
        used += matrices
        factor = sp.Mul(*(_N ** exponents[entry] for entry in matrices))
        widths = [limit[2] for total in before.rhs.atoms(sp.Sum) for limit in total.limits] if matrices else []
        scale = sp.Mul(*(sp.sqrt(width) / notation.sigma_w for width in widths))
        if before.lhs != after.lhs or not is_zero(after.rhs * factor - before.rhs * scale):
            return false(f"{after} is not the graph's equation with another scale")
    if used != [row[0] for row in claim.weights]:
        return false("the matrices are listed in another order than they are used in")
    return proved("each equation is the graph's, its scale in front of $\\omega$ replaced")


# -- sizes at initialization: every path -------------------------------------------------------------------------------


def _plain(entry: Entry) -> Entry:
    return Entry(entry.args[0], entry.layer, entry.inputs)


def _links(network: AbcNetwork) -> Links:
    matrices = {row[0] for row in network.weights}
    found: Links = []
    for equation in network.equations:
        used = next((node for node in sp.preorder_traversal(equation.rhs) if node in matrices), None)
        for node in sp.preorder_traversal(equation.rhs):
            link = (_plain(node), _plain(equation.lhs), used) if isinstance(node, Entry) and node not in matrices else None
            if link is not None and link not in found:
                found.append(link)
    return found


def _paths(links: Links, start: Entry, end: Entry) -> Iterator[Links]:
    if start == end:
        yield []
        return
    for link in links:
        if link[0] == start:
            for rest in _paths(links, link[1], end):
                yield [link, *rest]


def _count_problem(network: AbcNetwork, claim: PowerCount, conclusion: Statement, of: str) -> str | None:
    if claim.of != of or claim.output != _plain(network.output):
        return f"this is no count of the {of}s of this network"
    if not _lists(conclusion, "generic-counting"):
        return "what the count takes for granted is not listed"
    if [row[0] for row in claim.rows] != [_plain(equation.lhs) for equation in network.equations]:
        return "the rows are not the tensors of the network in order"
    return None


def _by_paths(network: AbcNetwork, start: Entry, end: Entry, summed: int) -> sp.Expr:
    """The largest exponent over the paths; ``summed`` is the end of a link over whose neurons its matrix sums (0 the tail, 1 the head)."""
    widths = {_plain(entry): power for entry, power in network.growth}
    scales = {row[0]: -(row[1] + row[2]) for row in network.weights}
    totals = []
    for path in _paths(_links(network), start, end):
        matrices = [link for link in path if link[2] is not None]
        totals.append(sp.Add(*(scales[link[2]] + sp.Rational(1, 2) * widths[link[summed]] for link in matrices)))
    return max(totals)


def count_values(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The largest over all paths from the input of the sum of the exponents on the path."""
    network, claim = premises[0].claim, conclusion.claim
    problem = _count_problem(network, claim, conclusion, "value")
    if problem or claim.updates != 0:
        return false(problem or "values at initialization are those before any update")
    heads = {_plain(equation.lhs) for equation in network.equations}
    inputs = [_plain(entry) for entry, _ in network.growth if _plain(entry) not in heads]
    for tensor, exponent in claim.rows:
        expected = max(_by_paths(network, start, tensor, 0) for start in inputs)
        if expected != exponent:
            return false(f"the paths to {tensor} give n^({expected})")
    return proved("every path from the input listed, exponents added along it")


def count_derivatives(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The largest over all paths to the output of the sum of the exponents on the path."""
    network, claim = premises[0].claim, conclusion.claim
    problem = _count_problem(network, claim, conclusion, "derivative")
    if problem or claim.updates != 0:
        return false(problem or "derivatives at initialization are those before any update")
    for tensor, exponent in claim.rows:
        expected = _by_paths(network, tensor, _plain(network.output), 1)
        if expected != exponent:
            return false(f"the paths from {tensor} give n^({expected})")
    return proved("every path to the output listed, exponents added along it")


# -- training: numbers at one huge width -------------------------------------------------------------------------------


def _sum(*logs: float) -> float:
    top = max(logs, default=-math.inf)
    return top if math.isinf(top) else top + math.log(sum(math.exp(value - top) for value in logs))


class _Huge:
    """Logarithms of sizes at n = exp(10^9), every update kept as the outer product that it is."""

    def __init__(self, network: AbcNetwork, values: dict[Entry, sp.Expr], derivatives: dict[Entry, sp.Expr]) -> None:
        self.network, self.links = network, _links(network)
        self.order = [_plain(equation.lhs) for equation in network.equations]
        self.bent = {_plain(equation.lhs) for equation in network.equations if equation.rhs.has(Applied)}
        self.width = {_plain(entry): float(power) * _LOG_N for entry, power in network.growth}
        self.start = {t: float(values.get(t, sp.S.Zero)) * _LOG_N for t in self.width}
        self.slope0 = {t: float(e) * _LOG_N for t, e in derivatives.items()}
        self.scale = {row[0]: -float(row[1] + row[2]) * _LOG_N for row in network.weights}
        self.rate = {row[0]: -float(2 * row[1] + network.c) * _LOG_N if row[0] not in network.frozen else -math.inf for row in network.weights}
        self.kept: dict[Entry, list[tuple[float, float]]] = {row[0]: [] for row in network.weights}
        self.moved = dict.fromkeys(self.width, -math.inf)
        self.turned = dict.fromkeys(self.order, -math.inf)

    def update(self) -> None:
        """One step of gradient descent, then a forward and a backward pass."""
        now = {t: _sum(self.start[t], self.moved[t]) for t in self.width}
        back = {t: _sum(self.slope0[t], self.turned[t]) for t in self.order}
        for tail, head, matrix in self.links:
            if matrix is not None:
                self.kept[matrix].append((self.rate[matrix] + back[head], now[tail]))
        for head in self.order:
            ways = []
            for tail, _, matrix in (link for link in self.links if link[1] == head):
                if matrix is None:
                    ways.append(self.moved[tail])
                    continue
                here = _sum(self.start[tail], self.moved[tail])
                ways += [column + row + here + self.width[tail] for column, row in self.kept[matrix]]
                # the largest singular value of a Gaussian matrix, and lengths turned into sizes of entries
                norm = self.scale[matrix] + 0.5 * max(self.width[tail], self.width[head])
                ways.append(norm + self.moved[tail] + 0.5 * (self.width[tail] - self.width[head]))
            self.moved[head] = _sum(*ways)
        for tail in reversed(self.order):
            ways = []
            for _, head, matrix in (link for link in self.links if link[0] == tail):
                if matrix is None:
                    ways.append(self.turned[head])
                    if head in self.bent:
                        ways.append(self.moved[tail] + _sum(self.slope0[head], self.turned[head]))
                    continue
                ways += [column + row + _sum(self.slope0[head], self.turned[head]) + self.width[head] for column, row in self.kept[matrix]]
                norm = self.scale[matrix] + 0.5 * max(self.width[tail], self.width[head])
                ways.append(norm + self.turned[head] + 0.5 * (self.width[head] - self.width[tail]))
            self.turned[tail] = _sum(*ways)

    def exponents(self) -> dict[Entry, float]:
        """Of the changes."""
        return {t: self.moved[t] / _LOG_N for t in self.order}

    def turns(self) -> dict[Entry, float]:
        """Of the changes of the derivatives."""
        return {t: self.turned[t] / _LOG_N for t in self.order}


def _same(one: dict[Entry, float], two: dict[Entry, float]) -> bool:
    return all(one[t] == two[t] or abs(one[t] - two[t]) < _CLOSE for t in one)


def count_updates(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Sizes added as numbers at one huge width, every update kept; chains also by the closed formula."""
    network, values, derivatives = (premise.claim for premise in premises[:3])
    claim = conclusion.claim
    problem = _count_problem(network, claim, conclusion, "change")
    if problem:
        return false(problem)
    started, output = dict(values.rows), _plain(network.output)
    begun = any(started[t] != 0 for t in started if t != output) or started[output] > 0
    huge = _Huge(network, started, dict(derivatives.rows))
    if claim.updates < 1:
        return false("a change takes an update")
    before: tuple[dict[Entry, float], dict[Entry, float]] | None = None
    for number in range(1, claim.updates + 1):
        huge.update()
        if before is not None and _same(before[0], huge.exponents()) and _same(before[1], huge.turns()):
            return false(f"nothing changes any more after update {number - 1}")
        before = huge.exponents(), huge.turns()
        beyond = begun or any(exponent > _CLOSE for exponent in huge.exponents().values())
        if beyond and number < claim.updates:
            return false(f"a size leaves its bounds at update {number} already")
    found, turned = huge.exponents(), huge.turns()
    for tensor, exponent in claim.rows:
        if not (found[tensor] == float(exponent) or abs(found[tensor] - float(exponent)) < _CLOSE):
            return false(f"at a huge width {tensor} moves by n^({found[tensor]:.4f})")
    if not beyond:
        huge.update()
        if not (_same(found, huge.exponents()) and _same(turned, huge.turns())):
            return false(f"update {claim.updates + 1} changes the exponents again")
    verdict = tested(len(claim.rows) * claim.updates, 6, "sizes added as numbers at $n = e^{10^9}$, every update kept")
    formula = _closed(network)
    if formula is None or beyond:
        return verdict
    by_level, at_output, _ = formula
    for tensor, exponent in claim.rows:
        expected = at_output if tensor == output else by_level[_level(network, tensor)]
        if expected != exponent:
            return false(f"the closed formula gives n^({expected}) for {tensor}")
    return verdict + proved("the closed formulas for fully connected networks give the same exponents")


# -- fully connected chains: the closed formulas -----------------------------------------------------------------------


def _level(network: AbcNetwork, tensor: Entry) -> int:
    """How many matrices stand below a tensor of a chain."""
    heads = [_plain(equation.lhs) for equation in network.equations]
    matrices = [any(equation.rhs.has(row[0]) for row in network.weights) for equation in network.equations]
    return sum(matrices[: heads.index(tensor) + 1])


def _closed(network: AbcNetwork) -> tuple[dict[int, sp.Expr], sp.Expr, bool] | None:
    r"""Exponents of the changes by layer and of the output, with r = min(a_{L+1}+b_{L+1}, 2a_{L+1}+c) + c - 1 + min_{k<=l}(2a_k + 1_{k=1}).

    The third entry: whether hidden values are of order one at initialization and the output bounded.  None where the network is no trained chain.
    """
    heads = [_plain(equation.lhs) for equation in network.equations]
    links = _links(network)
    chain = [(tail, head) for tail, head, _ in links]
    if [head for _, head in chain] != heads or any(tail != head for (tail, _), (_, head) in zip(chain[1:], chain, strict=False)) or network.frozen:
        return None
    widths = {_plain(entry): power for entry, power in network.growth}
    if widths[chain[0][0]] != 0 or any(widths[head] != 1 for head in heads[:-1]) or links[-1][2] is None or len(network.weights) < 2:
        return None
    a, b, c = [row[1] for row in network.weights], [row[2] for row in network.weights], network.c
    top = min(a[-1] + b[-1], 2 * a[-1] + c)
    r = [top + c - 1 + min(2 * a[k] + (1 if k == 0 else 0) for k in range(level + 1)) for level in range(len(a) - 1)]
    begun = a[0] + b[0] == 0 and all(a[k] + b[k] == sp.Rational(1, 2) for k in range(1, len(a) - 1)) and a[-1] + b[-1] >= sp.Rational(1, 2)
    return {level + 1: -value for level, value in enumerate(r)}, max(1 - 2 * a[-1] - c, 1 - a[-1] - b[-1] - r[-1]), begun


def _paper(network: AbcNetwork) -> str | None:
    """The regime by the inequalities of Yang and Hu; None where the network is no trained chain."""
    formula = _closed(network)
    if formula is None:
        return None
    by_level, _, begun = formula
    (a, b), c, r = network.weights[-1][1:], network.c, -max(by_level.values())
    if not begun or r < 0 or 2 * a + c < 1 or a + b + r < 1:
        return "unstable"
    if a + b + r != 1 and 2 * a + c != 1:
        return "trivial"
    return "feature learning" if r == 0 else "kernel"


def classify(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """By the limits of the powers of n, and for chains by the inequalities of the paper."""
    network, values, derivatives, changes = (premise.claim for premise in premises)
    claim: AbcClass = conclusion.claim
    if not all(_lists(conclusion, key) for key in ("one-width", "generic-counting")):
        return false("what the count takes for granted is not listed")
    if (claim.values, claim.derivatives, claim.changes, claim.updates) != (values.rows, derivatives.rows, changes.rows, changes.updates):
        return false("the exponents are not those counted")
    if list(zip(claim.a, claim.b, strict=True)) != [row[1:] for row in network.weights] or claim.c != network.c:
        return false("the exponents are not those of the network")
    output = _plain(network.output)
    start, moved = ({t: sp.limit(_N**e, _N, sp.oo) for t, e in rows} for rows in (values.rows, changes.rows))
    hidden = [t for t in start if t != output]
    stable = all(start[t] == 1 for t in hidden) and start[output] != sp.oo and sp.oo not in moved.values()
    slowest = sorted(-exponent for t, exponent in changes.rows if t != output)[0]
    if stable and moved[output] == 0:
        regime = "trivial"
    elif stable:
        regime = "feature learning" if any(moved[t] == 1 for t in hidden) else "kernel"
    else:
        regime = "unstable"
    if (claim.stable, claim.trivial, claim.regime, claim.r) != (stable, regime == "trivial", regime, slowest):
        return false(f"the limits say {regime}, r = {slowest}")
    known = {str(sign * e) for _, e in (*values.rows, *changes.rows) for sign in (1, -1)}
    if not claim.reasons or any(power not in known for text in claim.reasons for power in re.findall(r"n\^\{(.*?)\}\$", text)):
        return false("a reason names an exponent that was not counted")
    verdict = proved("by the limits of the powers of $n$")
    paper = _paper(network)
    if paper is None:
        return verdict
    if paper != regime:
        return false(f"the inequalities of Yang and Hu say {paper}")
    return verdict + proved("by the inequalities of Yang and Hu") + cited("Yang and Hu 2021", "fully connected, $\\phi$ tanh or a smooth ReLU")
