"""Wirings: what a channel of every tensor is at infinite width, the kernels of the tensors that weights make, and the recursion they add up to.

All widths tend to infinity together, in fixed proportion: the joint limit of the tensor-programs theorems, which are cited with their hypotheses.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from ntksym import notation
from ntksym.errors import RuleError
from ntksym.forms import Block, Parameter, Recursion, kernel_variable
from ntksym.nodes import ChannelLaw, Entry, Mean, TendsTo, Width
from ntksym.proof import Assumption, Regime, Statement, rule
from ntksym.rules.channels import Pairs, Randomness, Sums, at, expectation, kernel, linear, named, tangent
from ntksym.rules.checks import wiring as checks
from ntksym.rules.contraction import index
from ntksym.rules.limits import INITIALIZATION, REGULAR
from ntksym.sources import Citation

X, Y = notation.x1, notation.x2
MASTER = Citation("yang2019", "Thm. 5.4 (NETSOR master theorem)")
TANGENT = Citation("yang2020", "Thm. 2 (NTK of any architecture)")

OPEN_WIDTHS = Assumption("open-widths", "Widths that the network leaves open are equal to one another.")
PROPORTION = Assumption("widths-together", "All widths tend to infinity together, in fixed proportion; the channels of a concatenation keep their shares.")
INDEPENDENT_MASKS = Assumption("masks", "Every example draws its own dropout masks, independent of everything else; an example meets itself under one mask.")


@rule(source=Citation("", "definition of the network"), check=checks.wire, reason="This is how the network computes this tensor.")
def wire(*, equation: sp.Eq, shapes: tuple[tuple[Entry, tuple[sp.Expr, ...]], ...]) -> Statement:
    r"""t_a = F(\text{tensors, parameters and masks it is made from})

    ``equation``: a tensor node's value, read off the graph; ``shapes``: the widths of the coordinates of every tensor and parameter in it.
    """
    return Statement(equation)


@rule(
    source=Citation("", "definition of the input"), check=checks.input_channels, reason="The coordinates of the input are fixed numbers, no Gaussian channels."
)
def input_channels() -> Statement:
    r"""z^0_a(x) = x_a"""
    entry = Entry("z", 0, (X,), (index("a"),))
    return Statement(ChannelLaw(entry, ((sp.S.One, entry),), sp.false, ()))


@rule(
    source=MASTER,
    check=checks.gaussian_channels,
    reason="Gaussian weights times a tensor: in the limit the channels are centred Gaussians, independent and alike, jointly with those of other tensors.",
)
def gaussian_channels(definition: Statement, below: Statement) -> Statement:
    r"""h_i = \tfrac{\sigma_w}{\sqrt n}\sum_a u_a\omega_{ai} + \sigma_b\beta_i \;\Rightarrow\; h \text{ has centred Gaussian channels}

    ``below``: the channels of u.
    """
    h = definition.claim.lhs
    entry = Entry(*h.args[:3], (index("a"),))
    own = sorted({Entry(e.name, e.layer) for e in definition.claim.rhs.atoms(Entry) if e.name in ("omega", "beta")}, key=sp.default_sort_key)
    weights = (*below.claim.weights, *(e for e in own if e not in below.claim.weights))
    return Statement(ChannelLaw(entry, ((sp.S.One, entry),), sp.true, weights), Regime.LIMIT_JOINT, (INITIALIZATION, PROPORTION))


@rule(
    source=Citation("", "equals for equals"),
    check=checks.channel_law,
    reason="The tensor is made channel by channel: its channels are this function of the Gaussian ones.",
)
def channel_law(definition: Statement, *premises: Statement, widths: tuple[sp.Expr, ...] = ()) -> Statement:
    r"""t_a = F(u_a, v_a, \dots),\; u_a = f(h_a), \dots \;\Rightarrow\; t_a = F(f(h_a), \dots)

    ``premises``: the channels of the tensors it is made from, then the limits of the averages over channels that stand in the definition; ``widths``: of the
    tensors a concatenation is made from.
    """
    equation = definition.claim
    laws = [p.claim for p in premises if isinstance(p.claim, ChannelLaw)]
    averages = [p.claim for p in premises if isinstance(p.claim, TendsTo)]
    value = equation.rhs.xreplace({average.lhs: average.rhs for average in averages})
    if value.has(sp.Sum):
        raise RuleError(f"an average in {value} has no limit yet", where="channel_law")
    parts = _beside(value, laws, widths) if isinstance(value, sp.Piecewise) else _together(value, laws)
    weights: list[sp.Expr] = []
    for law in laws:
        weights += [w for w in law.weights if w not in weights]
    own = [Entry(e.name, e.layer) for e in value.atoms(Entry) if e.name == "beta"]
    weights += [w for w in sorted(own, key=sp.default_sort_key) if w not in weights]
    gaussian = all(_is_gaussian(part) for _, part in parts)
    masks = (INDEPENDENT_MASKS,) if any(e.name == "xi" for e in value.atoms(Entry)) else ()
    return Statement(ChannelLaw(equation.lhs, parts, sp.true if gaussian else sp.false, tuple(weights)), Regime.EXACT, masks)


def _is_gaussian(part: sp.Expr) -> bool:
    try:
        linear(part)
    except RuleError:
        return False
    return True


def _together(value: sp.Expr, laws: list[ChannelLaw]) -> tuple[tuple[sp.Expr, sp.Expr], ...]:
    """The formula at every share; a tensor with one kind of channel has it at each share of the others."""
    shares = next((tuple(share for share, _ in law.parts) for law in laws if len(law.parts) > 1), (sp.S.One,))
    if any(len(law.parts) > 1 and tuple(share for share, _ in law.parts) != shares for law in laws):
        raise RuleError(
            "two concatenations whose channels lie differently", where="channel_law", why="no channel of the one belongs to one channel of the other"
        )
    found = []
    for k, share in enumerate(shares):
        places = {law.entry: law.parts[k if len(law.parts) > 1 else 0][1] for law in laws}
        found.append((share, value.xreplace(places)))
    return tuple(found)


def _beside(value: sp.Piecewise, laws: list[ChannelLaw], widths: tuple[sp.Expr, ...]) -> tuple[tuple[sp.Expr, sp.Expr], ...]:
    """The channels of a concatenation, each tensor with its share."""
    owners = {law.entry.args[:3]: law for law in laws}
    if len(widths) != len(value.args):
        raise RuleError(f"{len(widths)} widths for {len(value.args)} tensors", where="channel_law")
    total = sp.Add(*widths)
    laws_in_order = [owners[pair.args[0].args[:3]] for pair in value.args]
    return tuple((width / total * share, part) for law, width in zip(laws_in_order, widths, strict=True) for share, part in law.parts)


@rule(
    source=MASTER,
    check=checks.channel_average,
    reason="An average over the channels of one example tends to its expectation: a constant.",
)
def channel_average(law: Statement, *, average: sp.Expr, matrices: Pairs, masks: Pairs, sums: Sums) -> Statement:
    r"""\tfrac1n\sum_c u_c^p \;\to\; \mathbb E\,u_a^p

    ``average``: as it stands in a definition.
    """
    random = Randomness.of(matrices, masks, sums)
    body = average.function
    (entry,) = body.atoms(Entry)
    (a,) = law.claim.entry.indices
    total = sp.S.Zero
    for share, part in law.claim.parts:
        power = body.xreplace({entry: sp.Dummy("u")}).as_base_exp()[1]
        first, second = (part, sp.S.One) if power == 1 else (part ** (power - 1), part)
        total += share * expectation(first, second, random, same=True)
    width = average.limits[0][2]
    return Statement(TendsTo(average, width * total), Regime.LIMIT_JOINT, (REGULAR,))


@rule(
    source=Citation("", "moments of Gaussian vectors: independent factors apart, Isserlis, Stein"),
    check=checks.channel_moments,
    reason="The average of the product of two channels, at two examples and at one: independent factors apart, each pair of dependent ones a dual activation.",
)
def channel_moments(first: Statement, second: Statement, *, matrices: Pairs, masks: Pairs, sums: Sums) -> Statement:
    r"""\mathbb E\big[u_a(x)\,v_a(x')\big] \text{ in kernels and duals}

    ``first``, ``second``: the channels of u and v.
    """
    random = Randomness.of(matrices, masks, sums)
    u, v = first.claim, second.claim
    rows = []
    for same in (False, True):
        total = sp.Add(*(share * expectation(f, g, random, same=same) for share, f, g in _paired(u, v)))
        rows.append(sp.Eq(Mean(u.entry * at(v.entry, X if same else Y)), total, evaluate=False))
    return Statement(sp.Tuple(*rows))


def _paired(u: ChannelLaw, v: ChannelLaw) -> list[tuple[sp.Expr, sp.Expr, sp.Expr]]:
    if len(u.parts) == 1:
        return [(share, u.parts[0][1], part) for share, part in v.parts]
    if len(v.parts) == 1:
        return [(share, part, v.parts[0][1]) for share, part in u.parts]
    if [s for s, _ in u.parts] != [s for s, _ in v.parts]:
        raise RuleError("two concatenations whose channels lie differently", where="average over channels", why="one matrix meets channels of different kinds")
    return [(share, f, g) for (share, f), (_, g) in zip(u.parts, v.parts, strict=True)]


@rule(
    source=MASTER,
    check=checks.kernel_of_channels,
    reason="The covariance of what one weight matrix makes of two tensors is the average of their product, scaled; other matrices are independent of it.",
)
def kernel_of_channels(first: Statement, second: Statement, moments: Statement) -> Statement:
    r"""K_{h,h'} = \sigma_w^2\,\mathbb E\,u_a v_a + \sigma_b^2

    ``first``, ``second``: the definitions of h from u and of h' from v by one matrix; ``moments``: of u and v.
    """
    k, m = int(first.claim.lhs.layer), int(second.claim.lhs.layer)
    bias = notation.sigma_b**2 if first.claim.rhs.has(notation.sigma_b) else sp.S.Zero
    rows = []
    for other, equation in zip((Y, X), moments.claim, strict=True):
        value = sp.expand(notation.sigma_w**2 * equation.rhs + bias)
        rows.append(sp.Eq(kernel("K", k, m, X, other), value, evaluate=False))
    return Statement(sp.Tuple(*rows), Regime.LIMIT_JOINT, (REGULAR,))


@rule(
    source=Citation("", "a name"),
    check=checks.name_covariance,
    reason="The covariance of a Gaussian tensor under a name of its own.",
)
def name_covariance(law: Statement, moments: Statement) -> Statement:
    r"""K^{s}(x,x') := \mathbb E\big[s_a(x)\,s_a(x')\big]

    ``law``: of a tensor with Gaussian channels; ``moments``: its own.
    """
    s = named(law.claim.entry)
    rows = [sp.Eq(Entry("K", s, (X, other)), equation.rhs, evaluate=False) for other, equation in zip((Y, X), moments.claim, strict=True)]
    return Statement(sp.Tuple(*rows))


@rule(
    source=Citation("", "linear forms of Gaussian vectors are Gaussian"),
    check=checks.name_channels,
    reason="The tensor is Gaussian with that covariance: from here on it stands for itself.",
)
def name_channels(law: Statement) -> Statement:
    r"""s_a = \sum_k c_k h^k_a \;\Rightarrow\; s \text{ has centred Gaussian channels}

    ``law``: of a tensor whose channels are a linear form in Gaussian ones.
    """
    claim = law.claim
    if not claim.gaussian or len(claim.parts) != 1:
        raise RuleError(f"{claim.entry} is not Gaussian", where="name_channels")
    return Statement(ChannelLaw(claim.entry, ((sp.S.One, claim.entry),), sp.true, claim.weights))


@rule(
    source=TANGENT,
    check=checks.tangent_moments,
    reason="A parameter below moves a channel through the Gaussian channels it is made of: slopes averaged, times the tangent kernels of those.",
)
def tangent_moments(first: Statement, second: Statement, *, matrices: Pairs, masks: Pairs, sums: Sums) -> Statement:
    r"""\Theta_{u,v}(x,x') = \sum_{i,j}\mathbb E\big[\partial_i u_a(x)\,\partial_j v_a(x')\big]\,\Theta_{ij}(x,x')

    ``first``, ``second``: the channels of u and v.  Averages over channels move by O(1/n) in every direction and drop out.
    """
    random = Randomness.of(matrices, masks, sums)
    u, v = first.claim, second.claim
    rows = []
    for other, same in ((Y, False), (X, True)):
        total = sp.Add(*(share * tangent(f, g, random, same=same) for share, f, g in _paired(u, v)))
        rows.append(sp.Eq(tangent_name(u, v, other), total, evaluate=False))
    return Statement(sp.Tuple(*rows), Regime.LIMIT_JOINT, (REGULAR,))


def tangent_name(u: ChannelLaw, v: ChannelLaw, other: sp.Symbol) -> Entry:
    """The tangent kernel of two tensors, by their names."""
    more = () if u.entry == v.entry else (named(v.entry),)
    return Entry("Theta", named(u.entry), (X, other), more)


@rule(
    source=TANGENT,
    check=checks.tangent_of_affine,
    reason="The layer's own parameters give the inner product of what goes in; those below come through fresh weights, whose average keeps the trace.",
)
def tangent_of_affine(first: Statement, second: Statement, moments: Statement, below: Statement, *, training: str) -> Statement:
    r"""\Theta_{h,h'} = \text{own} + \sigma_w^2\,\Theta_{u,v},\qquad \text{own} = \sigma_w^2\,\mathbb E\,uv + \sigma_b^2

    ``training``: "ntk", "standard" (own = n E uv + 1) or "frozen" (own = 0); ``below``: the tangent kernel of u and v.
    """
    k, m = int(first.claim.lhs.layer), int(second.claim.lhs.layer)
    has_bias = first.claim.rhs.has(notation.sigma_b)
    (width,) = {s.limits[0][2] for s in first.claim.rhs.atoms(sp.Sum)}
    rows = []
    for other, moment, through in zip((Y, X), moments.claim, below.claim, strict=True):
        own = {
            "ntk": notation.sigma_w**2 * moment.rhs + (notation.sigma_b**2 if has_bias else 0),
            "standard": width * moment.rhs + int(has_bias),
            "frozen": sp.S.Zero,
        }[training]
        rows.append(sp.Eq(kernel("Theta", k, m, X, other), sp.expand(own + notation.sigma_w**2 * through.rhs), evaluate=False))
    return Statement(sp.Tuple(*rows), Regime.LIMIT_JOINT, (REGULAR,))


@rule(
    source=Citation("yang2020", "Sec. 3, gradient independence and its simple check"),
    check=checks.gradient_independence,
    reason="Whether the backward pass may treat the transposed weights as independent copies.",
)
def gradient_independence(*, matrices: Pairs, readouts: tuple[int, ...]) -> Statement:
    r"""W^\top \text{ in the backward pass} \sim \text{an independent copy of } W^\top

    ``matrices``: which h^k each weight matrix makes; ``readouts``: the h^k that are outputs.
    """
    uses: dict[int, list[int]] = {}
    for k, w in matrices:
        uses.setdefault(int(w), []).append(int(k))
    shared = sorted(ks for ks in uses.values() if len(ks) > 1)
    if not shared:
        text = "Every weight matrix is used once, on tensors that do not depend on it: the forward recursion needs no assumption on gradients."
        return Statement(text)
    if any(k in ks for ks in shared for k in readouts):
        raise RuleError("a readout shares its weights", where="gradient_independence", why="the simple check wants readouts of their own, used once")
    told = "; ".join(", ".join(f"$h^{{{k}}}$" for k in ks) for ks in shared)
    text = f"One matrix makes {told}. Gradient independence is needed, and it holds by the simple check: the readouts are fresh, centred, used nowhere else."
    return Statement(text, Regime.LIMIT_JOINT)


_GRAM = {(X, X): notation.s11, (X, Y): notation.s12, (Y, X): notation.s12, (Y, Y): notation.s22}


@rule(
    source=Citation("", "the equations of all tensors, in the order of the graph"),
    check=checks.read_wiring,
    reason="The kernels of all tensors made by weights, in order, for the pairs of inputs.",
)
def read_wiring(
    *equations: Statement, layers: tuple[tuple[str, int | None, str], ...], outputs: tuple[tuple[str, int], ...], parameters: tuple[Parameter, ...]
) -> Statement:
    r"""K_{h^1},\; K_{h^2}, \dots \;\Rightarrow\; \text{a recursion}

    ``equations``: of kernels and tangent kernels, each at (x, x') and (x, x), and the channels of the outputs; ``layers``: for each tensor its name, its
    entry of the per-layer keywords and a label; ``outputs``: names and numbers of the tensors asked for.
    """
    by_tensor: dict[str, list[tuple[sp.Symbol, sp.Expr]]] = {}
    for statement in equations:
        if isinstance(statement.claim, ChannelLaw):
            continue
        pair, single = statement.claim
        found = by_tensor.setdefault(tensor_name(pair.lhs), [])
        labels = [(X, Y)] if not pair.lhs.indices else [(X, Y), (Y, X)]
        rows = [(pair, {X: p, Y: q}) for p, q in labels] + [(single, {X: p}) for p in (X, Y)]
        for equation, places in rows:
            found.append((kernel_variable(_put(equation.lhs, places)), _as_state(_put(equation.rhs, places))))
    update = [(slot, label, by_tensor[name]) for name, slot, label in layers]
    state = tuple(symbol for *_, rows in update for symbol, _ in rows)
    blocks = tuple(Block(sp.S.One, tuple(rows), label, slot) for slot, label, rows in update)
    names = []
    for head, number in outputs:
        for key, name in (("K", "nngp"), ("Theta", "ntk")):
            symbols = [kernel_variable(kernel(key, number, number, X, other)) for other in (Y, X)]
            if symbols[0] in state:
                names.append((f"{name}_{head}" if head else name, *symbols))
    return Statement(Recursion(sp.Integer(len(update)), state, (), blocks, tuple(names), parameters, ()))


def _put(expression: sp.Expr, places: dict[sp.Symbol, sp.Symbol]) -> sp.Expr:
    """The same equation for another pair of inputs; the Gram goes with it."""
    p, q = places.get(X, X), places.get(Y, Y)
    moved = expression.xreplace({X: p, Y: q, notation.s12: _GRAM[(p, q)], notation.s11: _GRAM[(p, p)]})
    ordered = {e: kernel(e.name, e.layer, e.layer, *e.inputs) for e in moved.atoms(Entry) if not e.indices and e.name in ("K", "Theta")}
    return moved.xreplace(ordered)


def tensor_name(entry: Entry) -> str:
    """The tensor a kernel is of: h3, s2."""
    return str(entry.layer).replace("^", "") if isinstance(entry.layer, sp.Symbol) else f"h{entry.layer}"


def _as_state(expression: sp.Expr) -> sp.Expr:
    return expression.xreplace({e: kernel_variable(e) for e in expression.atoms(Entry) if e.name in ("K", "Theta")})


@rule(
    source=Citation("", "the widths the network declares"),
    check=checks.declared_widths,
    reason="Shares of a concatenation and widths that stay in the kernel are those the network declares; open ones are equal.",
)
def declared_widths(recursion: Statement, *, sizes: tuple[tuple[sp.Expr, int], ...]) -> Statement:
    r"""n_k := \text{the declared width}

    ``sizes``: the declared widths.
    """
    claim: Recursion = recursion.claim
    known = {width: sp.Integer(number) for width, number in sizes}
    common = Width(sp.Symbol("open"))
    used = {w for block in claim.blocks for _, value in block.update for w in value.atoms(Width)} - {Width(0)}
    places = {width: known.get(width, common) for width in used}
    blocks = tuple(replace(b, update=tuple((symbol, value.xreplace(places)) for symbol, value in b.update)) for b in claim.blocks)
    return Statement(replace(claim, blocks=blocks), Regime.EXACT, () if set(used) <= set(known) else (OPEN_WIDTHS,))
