"""Checks of the chapter on wirings.

Averages are checked for exponentials in place of the activations, which decides them for all; what a channel is, by putting numbers through the
definitions; that averages over channels tend to their expectations is the theorem cited.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import sympy as sp

from ntksym import notation
from ntksym.nodes import Applied, ChannelLaw, Dual, Entry, Mean, TendsTo, Width
from ntksym.proof import Statement, Verdict, cited, false, proved, tested
from ntksym.rules.checks import exponentials

X, Y = notation.x1, notation.x2
_DENSE = "for all activations at once: both sides agree for exponentials, whose span is dense"
_HYPOTHESES = (
    r"weights drawn independently; $\phi$ (and $\phi'$) bounded by a polynomial or square-integrable as assumed; averages over channels enter smoothly; "
    "the expectation is that of the step before"
)


def _lists(conclusion: Statement, *keys: str) -> bool:
    return {*keys} <= {assumption.key for assumption in conclusion.assumptions}


def wire(premises: tuple[Statement, ...], conclusion: Statement, *, equation: sp.Eq, shapes: Any) -> Verdict:
    """Every coordinate runs over the width it belongs to; the right side has no free coordinate of its own."""
    claim = conclusion.claim
    known = {entry.args[:2]: widths for entry, widths in shapes}
    entries = [e for e in (claim.lhs, *sorted(claim.rhs.atoms(Entry), key=sp.default_sort_key))]
    if claim != equation or any(e.args[:2] not in known or len(known[e.args[:2]]) != len(e.indices) for e in entries):
        return false("a tensor in it has no such coordinates")
    for summed in claim.rhs.atoms(sp.Sum):
        for variable, low, high in summed.limits:
            for e in summed.function.atoms(Entry):
                for coordinate, width in zip(e.indices, known[e.args[:2]], strict=True):
                    if coordinate == variable and (low != 1 or high != width):
                        return false(f"{variable} runs to {high} but stands in a slot of {e} of size {width}")
    bound = {limit[0] for s in claim.rhs.atoms(sp.Sum) for limit in s.limits}
    coordinates = {symbol for e in entries[1:] for part in e.indices for symbol in part.free_symbols if symbol.is_integer and isinstance(symbol, sp.Symbol)}
    loose = coordinates - bound - set(claim.lhs.indices)
    if loose:
        return false(f"free coordinates {sorted(map(str, loose))} on the right only")
    return proved("all widths: every coordinate runs over the width it belongs to, and is summed or stands on the left")


def input_channels(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """One share, the entry itself, not Gaussian, on no weights."""
    claim = conclusion.claim
    good = claim.parts == ((sp.S.One, claim.entry),) and claim.entry.args[:2] == Entry("z", 0).args[:2] and not claim.gaussian and not claim.weights
    return proved("nothing is claimed: the input is given") if good else false("this is not the input")


def _own(equation: sp.Eq) -> set[Entry]:
    return {Entry(e.name, e.layer) for e in equation.rhs.atoms(Entry) if e.name in ("omega", "beta")}


def gaussian_channels(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The map is linear in its weights, which are not among those the tensor below was made with or are shared in the open."""
    definition, below, claim = premises[0].claim, premises[1].claim, conclusion.claim
    if not _lists(conclusion, "initialization", "widths-together"):
        return false("what it takes for granted is not listed")
    if claim.entry.args[:3] != definition.lhs.args[:3] or claim.parts != ((sp.S.One, claim.entry),) or not claim.gaussian:
        return false("the law is of another tensor")
    if set(claim.weights) != set(below.weights) | _own(definition):
        return false("it does not depend on these weights")
    (total,) = definition.rhs.atoms(sp.Sum)
    inside = [e for e in total.function.atoms(Entry) if e.name != "omega"]
    weights = [e for e in total.function.atoms(Entry) if e.name == "omega"]
    if len(inside) != 1 or len(weights) != 1 or inside[0].args[:3] != below.entry.args[:3] or sp.expand(total.function - inside[0] * weights[0]) != 0:
        return false("it is not weights times the tensor below")
    reused = "its weights are used before: the covariance with those channels is carried" if _own(definition) & set(below.weights) else "its weights are fresh"
    return cited("the master theorem", rf"{reused}; what goes in has channels that are functions of Gaussian ones")


def channel_law(premises: tuple[Statement, ...], conclusion: Statement, *, widths: tuple[sp.Expr, ...] = ()) -> Verdict:
    """Numbers for the Gaussian entries, symbols for phi: the definition at the values of its parents is the value claimed."""
    definition, claim = premises[0].claim, conclusion.claim
    laws = {p.claim.entry.args[:3]: p.claim for p in premises[1:] if isinstance(p.claim, ChannelLaw)}
    averages = {p.claim.lhs: p.claim.rhs for p in premises[1:] if isinstance(p.claim, TendsTo)}
    if claim.entry != definition.lhs:
        return false("it is the law of another tensor")
    shares = [share for share, _ in claim.parts]
    if sp.cancel(sp.Add(*shares) - 1) != 0:
        return false("the shares do not add up to one")
    if isinstance(definition.rhs, sp.Piecewise):
        problem = _concatenated(definition, claim, laws, widths)
    else:
        problem = _composed(definition, claim, laws, averages)
    if problem:
        return false(problem)
    if any(e.name == "xi" for e in definition.rhs.atoms(Entry)) and not _lists(conclusion, "masks"):
        return false("masks are used without an assumption on them")
    weights = {w for law in laws.values() for w in law.weights} | _own(definition)
    if set(claim.weights) != weights:
        return false("it does not depend on these weights")
    if claim.gaussian != all(_linear(part) for _, part in claim.parts):
        return false("whether its channels are Gaussian is wrong")
    return proved("the definition, at the channels of what it is made from, gives these channels; linear in Gaussian entries or not by its second derivatives")


def _composed(definition: sp.Eq, claim: ChannelLaw, laws: dict[Any, ChannelLaw], averages: dict[sp.Basic, sp.Basic]) -> str | None:
    for k, (share, part) in enumerate(claim.parts):
        body = definition.rhs
        for average, limit in averages.items():
            body = body.subs(average, limit)
        parents = sorted((e for e in body.atoms(Entry) if e.args[:3] in laws), key=sp.default_sort_key)
        function = sp.Lambda(
            tuple(sp.Symbol(f"_p{j}", real=True) for j in range(len(parents))),
            body.xreplace({e: sp.Symbol(f"_p{j}", real=True) for j, e in enumerate(parents)}),
        )
        values = []
        for e in parents:
            law = laws[e.args[:3]]
            if len(law.parts) not in (1, len(claim.parts)) or (len(law.parts) > 1 and law.parts[k][0] != share):
                return "the shares are not those of its parents"
            values.append(law.parts[k if len(law.parts) > 1 else 0][1])
        if function.expr.has(sp.Sum) or sp.expand(function(*values) - part) != 0:
            return f"at the channels of its parents the definition gives {function(*values)}"
    return None


def _concatenated(definition: sp.Eq, claim: ChannelLaw, laws: dict[Any, ChannelLaw], widths: tuple[sp.Expr, ...]) -> str | None:
    expected, below = [], sp.S.Zero
    (a,) = definition.lhs.indices
    for (piece, condition), width in zip((pair.args for pair in definition.rhs.args), widths, strict=True):
        if sp.expand(piece.indices[0] - (a - below)) != 0 or (condition != sp.true and condition != (a <= below + width)):
            return "the pieces do not lie one after the other"
        below += width
        expected += [(width * share, value) for share, value in laws[piece.args[:3]].parts]
    if len(expected) != len(claim.parts):
        return "a tensor is missing or stands twice"
    for (weight, value), (share, part) in zip(expected, claim.parts, strict=True):
        if sp.cancel(share * below - weight) != 0 or value != part:
            return "a share is not the width over the sum of widths"
    return None


def _linear(part: sp.Expr) -> bool:
    entries = sorted((e for e in part.atoms(Entry) if e.name in ("h", "s", "beta", "xi", "z")), key=sp.default_sort_key)
    names = {e: sp.Symbol(f"_e{k}", real=True) for k, e in enumerate(entries)}
    form = part.xreplace(names)
    if any(node.argument.free_symbols & set(names.values()) for node in form.atoms(Applied)) or any(e.name in ("xi", "z") for e in entries):
        return False
    at_zero = form.xreplace({name: sp.S.Zero for name in names.values()})
    return sp.expand(at_zero) == 0 and all(sp.expand(sp.diff(form, one, two)) == 0 for one in names.values() for two in names.values())


def _law(matrices: Iterable[tuple[int, int]], masks: Iterable[tuple[int, sp.Expr]], sums: Any, same: bool) -> exponentials.Law:
    return exponentials.Law({int(k): int(w) for k, w in matrices}, {int(k): keep for k, keep in masks}, sums, same)


def _pairs(u: ChannelLaw, v: ChannelLaw) -> list[tuple[sp.Expr, sp.Expr, sp.Expr]]:
    """Share by share; a tensor of one kind of channels meets every kind of the other."""
    long = u if len(u.parts) >= len(v.parts) else v
    found = []
    for k, (share, _) in enumerate(long.parts):
        found.append((share, u.parts[k % len(u.parts)][1], v.parts[k % len(v.parts)][1]))
    return found


def _differs(left: sp.Expr, right: sp.Expr) -> bool:
    """Whether two sums of exponentials differ: exponents are brought to one fraction each, then the coefficients of equal ones compared."""
    total: dict[sp.Expr, sp.Expr] = {}
    for sign, side in ((1, exponentials.with_exponentials(left)), (-1, exponentials.with_exponentials(right))):
        for term in sp.Add.make_args(sp.expand(sp.powsimp(side), power_exp=False)):
            exponent, coefficient = sp.S.Zero, sp.Integer(sign)
            for factor in sp.Mul.make_args(term):
                if isinstance(factor, sp.exp):
                    exponent += factor.args[0]
                else:
                    coefficient *= factor
            key = sp.cancel(sp.together(exponent))
            total[key] = total.get(key, sp.S.Zero) + coefficient
    return any(sp.cancel(sp.together(coefficient)) != 0 for coefficient in total.values())


def channel_average(premises: tuple[Statement, ...], conclusion: Statement, *, average: sp.Expr, matrices: Any, masks: Any, sums: Any) -> Verdict:
    """The expectation with exponentials for activations."""
    law, claim = premises[0].claim, conclusion.claim
    if claim.lhs != average or not _lists(conclusion, "phi-regular"):
        return false("it is the limit of another average, or an assumption is missing")
    ((c, _, width),) = average.limits
    entry = next(e for e in average.function.atoms(Entry))
    if entry.args[:3] != law.entry.args[:3]:
        return false("the average is of another tensor")
    power = int(sp.degree(average.function.xreplace({entry: sp.Symbol("_u")}), sp.Symbol("_u")))
    if average.function != entry**power or entry.indices != sp.Tuple(c) or power not in (1, 2):
        return false("the average is of no power of the tensor")
    model = _law(matrices, masks, sums, True)
    expected = sp.S.Zero
    for share, part in law.parts:
        first, second = (part, sp.S.One) if power == 1 else (part, part)
        expected += share * exponentials.average(first, second, model)
    if _differs(width * expected, claim.rhs):
        return false("the expectation is another one")
    return cited("the law of large numbers for channels", f"{_HYPOTHESES}; {_DENSE}")


def channel_moments(premises: tuple[Statement, ...], conclusion: Statement, *, matrices: Any, masks: Any, sums: Any) -> Verdict:
    """Moment generating functions on both sides."""
    u, v = (premise.claim for premise in premises)
    for equation, same in zip(conclusion.claim, (False, True), strict=True):
        other = v.entry.xreplace({X: X if same else Y})
        if equation.lhs != Mean(u.entry * other):
            return false("the average is of other channels")
        model = _law(matrices, masks, sums, same)
        expected = sp.Add(*(share * exponentials.average(f, g, model) for share, f, g in _pairs(u, v)))
        if _differs(expected, equation.rhs):
            return false(f"with exponentials for the activations {equation.lhs} is {expected}")
    if any(part.has(Dual) for law in (u, v) for _, part in law.parts):
        return tested(2, 15, "exponentials in place of the activations, those in the averages over channels included: symbolically, in two rates")
    return proved(_DENSE)


def _same_matrix(first: sp.Eq, second: sp.Eq) -> bool:
    return {e.args[:2] for e in first.rhs.atoms(Entry) if e.name == "omega"} == {e.args[:2] for e in second.rhs.atoms(Entry) if e.name == "omega"}


def _coefficients(definition: sp.Eq) -> tuple[sp.Expr, sp.Expr]:
    """What multiplies the average of products, and what comes from the biases: by squaring the definition's coefficients."""
    weight, bias = sp.S.Zero, sp.S.Zero
    for term in sp.Add.make_args(sp.expand(definition.rhs)):
        sums = [f for f in sp.Mul.make_args(term) if isinstance(f, sp.Sum)]
        rest = sp.Mul(*(f for f in sp.Mul.make_args(term) if not isinstance(f, sp.Sum) and not (isinstance(f, Entry) and f.name == "beta")))
        if sums:
            weight = rest**2 * sums[0].limits[0][2]
        else:
            bias = rest**2
    return weight, bias


def _tensors(definition: sp.Eq) -> tuple[Any, ...]:
    (total,) = definition.rhs.atoms(sp.Sum)
    return next(e.args[:3] for e in total.function.atoms(Entry) if e.name != "omega")


def kernel_of_channels(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The second moment of the definition over its weights, given the average."""
    first, second, moments = (premise.claim for premise in premises)
    if not _same_matrix(first, second):
        return false("the matrices are two")
    if not _lists(conclusion, "phi-regular"):
        return false("what it takes for granted is not listed")
    weight, bias = _coefficients(first)
    for equation, moment, other in zip(conclusion.claim, moments, (Y, X), strict=True):
        if moment.lhs != _mean_of(first, second, other):
            return false("the average is of other tensors")
        if equation.lhs != _named("K", first.lhs, second.lhs, other):
            return false("the kernel is of other tensors")
        if sp.expand(equation.rhs - weight * moment.rhs - bias) != 0:
            return false("it is not the second moment over the weights")
    return cited("the master theorem", _HYPOTHESES)


def _mean_of(first: sp.Eq, second: sp.Eq, other: sp.Symbol) -> Mean:
    a = sp.Symbol("a", integer=True, positive=True)
    u, v = (Entry(*_tensors(definition), (a,)) for definition in (first, second))
    return Mean(u * v.xreplace({X: other}))


def _named(name: str, first: Entry, second: Entry, other: sp.Symbol) -> Entry:
    more = () if first.layer == second.layer else (second.layer,)
    return Entry(name, first.layer, (X, other), more)


def name_covariance(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Both sides are averages of the named tensor with itself."""
    law, moments = premises[0].claim, premises[1].claim
    name = sp.Symbol(f"{law.entry.name}^{law.entry.layer}")
    for equation, moment, other in zip(conclusion.claim, moments, (Y, X), strict=True):
        if moment.lhs != Mean(law.entry * law.entry.xreplace({X: other})) or not law.gaussian:
            return false("the average is of another tensor, or the tensor is not Gaussian")
        if equation.lhs != Entry("K", name, (X, other)) or equation.rhs != moment.rhs:
            return false("the name is another tensor's, or stands for something else")
    return proved("a name for an average")


def name_channels(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The law named is linear in Gaussian entries, by its second derivatives."""
    law, claim = premises[0].claim, conclusion.claim
    if (claim.entry, claim.weights, claim.gaussian) != (law.entry, law.weights, True) or claim.parts != ((sp.S.One, law.entry),):
        return false("it is another tensor, or on other weights")
    if len(law.parts) != 1 or not _linear(law.parts[0][1]):
        return false("its channels are no linear form in Gaussian ones")
    return proved("a linear form in jointly Gaussian entries is Gaussian with them")


def tangent_moments(premises: tuple[Statement, ...], conclusion: Statement, *, matrices: Any, masks: Any, sums: Any) -> Verdict:
    """Slopes by a small shift, averaged with exponentials for the activations."""
    u, v = (premise.claim for premise in premises)
    if not _lists(conclusion, "phi-regular"):
        return false("what it takes for granted is not listed")
    for equation, same in zip(conclusion.claim, (False, True), strict=True):
        tensor = (u.entry.name, u.entry.layer)
        if (equation.lhs.name, str(equation.lhs.layer), equation.lhs.inputs) != ("Theta", f"{tensor[0]}^{tensor[1]}", sp.Tuple(X, X if same else Y)):
            return false("it is the tangent kernel of another tensor")
        if bool(equation.lhs.indices) != (u.entry != v.entry):
            return false("it is the tangent kernel of another pair")
        model = _law(matrices, masks, sums, same)
        expected = sp.Add(*(share * exponentials.tangent(f, g, model) for share, f, g in _pairs(u, v)))
        if _differs(expected, equation.rhs):
            return false(f"with exponentials for the activations {equation.lhs} is {expected}")
    return cited("the tangent kernel of a tensor program", f"{_HYPOTHESES}; {_DENSE}")


def tangent_of_affine(premises: tuple[Statement, ...], conclusion: Statement, *, training: str) -> Verdict:
    """Own parameters by the squares of their Jacobians, those below by the trace that fresh weights keep."""
    first, second, moments, below = (premise.claim for premise in premises)
    if not _same_matrix(first, second):
        return false("the matrices are two")
    if not _lists(conclusion, "phi-regular"):
        return false("what it takes for granted is not listed")
    weight, bias = _coefficients(first)
    (total,) = first.rhs.atoms(sp.Sum)
    width = total.limits[0][2]
    own_weight, own_bias = {"ntk": (weight, bias), "standard": (width, sp.S.One if bias != 0 else sp.S.Zero), "frozen": (sp.S.Zero, sp.S.Zero)}[training]
    for equation, moment, through, other in zip(conclusion.claim, moments, below, (Y, X), strict=True):
        if moment.lhs != _mean_of(first, second, other) or not _is_tangent_of(through.lhs, first, second, other):
            return false("the average or the tangent kernel is of other tensors")
        if equation.lhs != _named("Theta", first.lhs, second.lhs, other):
            return false("the kernel is of other tensors")
        if sp.expand(equation.rhs - own_weight * moment.rhs - own_bias - weight * through.rhs) != 0:
            return false("it is not own parameters plus those below")
    return cited("the tangent kernel of a tensor program", _HYPOTHESES)


def _is_tangent_of(entry: Entry, first: sp.Eq, second: sp.Eq, other: sp.Symbol) -> bool:
    names = [sp.Symbol(f"{tensor[0]}^{tensor[1]}") for tensor in (_tensors(first), _tensors(second))]
    more = () if names[0] == names[1] else (names[1],)
    return entry == Entry("Theta", names[0], (X, other), more)


def gradient_independence(premises: tuple[Statement, ...], conclusion: Statement, *, matrices: Any, readouts: tuple[int, ...]) -> Verdict:
    """Counted again: matrices with two uses, and whether a readout is among them."""
    users: dict[int, set[int]] = {}
    for number, matrix in matrices:
        users.setdefault(int(matrix), set()).add(int(number))
    shared = [numbers for numbers in users.values() if len(numbers) > 1]
    said = {int(number) for number in re.findall(r"h\^\{(\d+)\}", conclusion.claim)}
    if said != {number for numbers in shared for number in numbers}:
        return false("it names other tensors than those that share a matrix")
    words = ("is needed, and it holds",) if shared else ("is used once", "needs no assumption")
    if not all(word in conclusion.claim for word in words):
        return false("it says the wrong thing about shared weights")
    if not shared:
        return proved("no matrix is used twice")
    if any(numbers & set(readouts) for numbers in shared):
        return false("a readout shares its weights")
    return cited(
        "the simple check of gradient independence",
        "readouts drawn independently with mean zero and used nowhere else; no transposed weights in the forward pass",
    )


def read_wiring(premises: tuple[Statement, ...], conclusion: Statement, *, layers: Any, outputs: Any, parameters: Any) -> Verdict:
    """Names taken back: every equation of the recursion is one of the premises at its pair of inputs, and no kernel is missing."""
    claim = conclusion.claim
    if claim.base or claim.parameters != parameters or len(claim.outputs) == 0:
        return false("the recursion has a first layer of its own, or other parameters")
    wanted: dict[tuple[str, str], sp.Expr] = {}
    laws = [premise.claim for premise in premises if isinstance(premise.claim, ChannelLaw)]
    if {int(law.entry.layer) for law in laws if law.gaussian and law.entry.name == "h"} != {number for _, number in outputs}:
        return false("an output is not known to be Gaussian")
    for premise in premises:
        if isinstance(premise.claim, ChannelLaw):
            continue
        pair, single = premise.claim
        kinds = [("12", pair, X, Y), ("11", single, X, X), ("22", single, Y, Y)] + ([("21", pair, Y, X)] if pair.lhs.indices else [])
        for key, equation, p, q in kinds:
            name = "".join(_suffix(n) for n in (equation.lhs.layer, *equation.lhs.indices))
            wanted[(f"{equation.lhs.name}{key}{name}", _suffix(equation.lhs.layer))] = _relabelled(equation.rhs, p, q)
    found: dict[tuple[str, str], sp.Expr] = {}
    if len(claim.blocks) != len(layers):
        return false("a layer is missing or stands twice")
    for (tensor, slot, label), block in zip(layers, claim.blocks, strict=True):
        if block.repeat != 1 or (block.dense, block.label) != (slot, label):
            return false("a block is not that of its layer")
        new: dict[tuple[str, str], sp.Expr] = {}
        for symbol, value in block.update:
            if str(symbol) in {name for name, _ in (*found, *new)} or symbol not in claim.state:
                return false(f"{symbol} stands twice, or is no variable")
            if {str(s) for s in value.free_symbols} & {name for name, _ in wanted} - {name for name, _ in found}:
                return false(f"{symbol} is read off a kernel that is not known yet")
            new[(str(symbol), f"_{tensor}")] = value
        found |= new
    if set(found) != set(wanted):
        return false("a kernel is missing or too many")
    for key, value in found.items():
        if sp.expand(value - wanted[key]) != 0:
            return false(f"{key[0]} is not the kernel derived")
    named = {f"{name}_{head}" if head else name: number for head, number in outputs for name in ("nngp", "ntk")}
    for name, off, on in claim.outputs:
        letter = "K" if name.startswith("nngp") else "Theta"
        if (str(off), str(on)) != (f"{letter}12_h{named[name]}", f"{letter}11_h{named[name]}"):
            return false(f"{name} is another kernel")
    return proved("every variable of the recursion is a kernel derived, at its pair of inputs; none is missing")


def _suffix(tensor: sp.Expr) -> str:
    """_h3 for the third tensor that weights make, _s2 for a sum."""
    return "_" + (str(tensor).replace("^", "") if isinstance(tensor, sp.Symbol) else f"h{tensor}")


def _relabelled(expression: sp.Expr, p: sp.Symbol, q: sp.Symbol) -> sp.Expr:
    """The right side at (p, q), its kernels as variables."""
    keys = {(X, X): "11", (X, Y): "12", (Y, X): "21", (Y, Y): "22"}
    grams = {(X, X): notation.s11, (X, Y): notation.s12, (Y, X): notation.s12, (Y, Y): notation.s22}
    places: dict[sp.Basic, sp.Basic] = {notation.s12: grams[(p, q)], notation.s11: grams[(p, p)]}
    for e in expression.atoms(Entry):
        one, two = ({X: p, Y: q}[label] for label in e.inputs)
        key = "12" if not e.indices and {one, two} == {X, Y} else keys[(one, two)]
        name = f"{e.name}{key}" + "".join(_suffix(n) for n in (e.layer, *e.indices))
        positive = one == two and not e.indices
        places[e] = sp.Symbol(name, positive=True) if positive else sp.Symbol(name, real=True)
    return expression.xreplace(places)


def declared_widths(premises: tuple[Statement, ...], conclusion: Statement, *, sizes: Any) -> Verdict:
    """Equation by equation: the difference vanishes once the widths are put in as numbers, the open ones as one number, twice."""
    before, after = premises[0].claim, conclusion.claim
    if (before.state, before.outputs, before.parameters, before.depth) != (after.state, after.outputs, after.parameters, after.depth):
        return false("more than the widths changed")
    open_before = {w for b in before.blocks for _, v in b.update for w in v.atoms(Width)} - {width for width, _ in sizes} - {Width(0)}
    if open_before and not _lists(conclusion, "open-widths"):
        return false("that open widths are equal is not listed")
    for one, two in zip(before.blocks, after.blocks, strict=True):
        if (one.label, one.dense, one.repeat) != (two.label, two.dense, two.repeat):
            return false("more than the widths changed")
        for (symbol, value), (other, put) in zip(one.update, two.update, strict=True):
            if symbol != other or put.atoms(Width) - {Width(0), Width(sp.Symbol("open"))}:
                return false(f"{symbol} still holds a width that is declared")
            for number in (sp.Integer(7), sp.Integer(11)):
                left = value.subs([(w, n) for w, n in sizes]).subs([(w, number) for w in sorted(open_before, key=str)])
                if sp.expand(left - put.subs(Width(sp.Symbol("open")), number)) != 0:
                    return false(f"{symbol} is another kernel at these widths")
    return proved("rational functions of the widths, equal at the declared ones and homogeneous in the open ones at two values")
