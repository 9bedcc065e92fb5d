"""A claim -> the equations that state it.  One function per type of claim; an unknown type raises."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import sympy as sp

from ntksym.errors import NotationError
from ntksym.forms import AbcClass, AbcNetwork, CrossDualForm, DualForm, EnsembleFlow, Flow, NumericDual, OutsideClass, PowerCount, Recursion
from ntksym.nodes import ChannelLaw, DistributedAs, Dual, Entry, Gaussian, OfOrder, Partial, TendsTo, Where, gaussian_pair
from ntksym.notation import DEFAULT, K11, K12, K22, Profile, Theta11, Theta12, Theta22, depth, layer, q, q11, q12, q22, sigma_b, u, v, w, x
from ntksym.report.channels import channel_notes, channel_rows, cross_rows, output_row, wiring_rows
from ntksym.report.document import Block, Bullets, Equation, Formula, Prose, Row, Text
from ntksym.report.flows import flow_blocks, with_long_filters_named
from ntksym.report.glyphs import AtLayer, Call, Glyph, Moment, Order
from ntksym.report.laws import Laws
from ntksym.report.layout import LINE, PAGE, height, width
from ntksym.report.letters import Letters, definition, dual_letter
from ntksym.report.mathematics import latex
from ntksym.report.names import symbol_latex
from ntksym.report.naming import Namer
from ntksym.report.page import page_form
from ntksym.report.prose import sentence, stop, words

_STATE = (K11, K12, K22, Theta11, Theta12, Theta22)
_RELATIONS = {sp.Eq: "=", sp.Ne: "ne", sp.Gt: ">", sp.Ge: ">=", sp.Lt: "<", sp.Le: "<="}
_NONE = Glyph("", "")
_UNROLL_LIMIT = 60  # operations of an unrolled kernel that a reader would still follow


class Page:
    """What a claim needs to know of the page it stands on."""

    def __init__(self, letters: Letters, profile: Profile = DEFAULT, used: frozenset[str] = frozenset(), limit: float = LINE) -> None:
        """``used``: the keys of the meanings that stand in the document."""
        self.letters, self.profile, self.limit = letters, profile, limit
        self.reserved = [profile.latex(key) for key in sorted(used)]
        self.renamed = self._renamed(used)

    def _renamed(self, used: frozenset[str]) -> dict[sp.Basic, sp.Basic]:
        """Second meanings of a letter: the variable of an activation where x is an input, a parameter where its letter is taken."""
        own = sorted({s for f in self.letters.functions for s in f.free_symbols if s.is_Symbol}, key=str)
        out: dict[sp.Basic, sp.Basic] = {}
        if used & {"x1", "x2", "K11", "K12", "Theta12"}:
            taken = {s.name for s in own} | used
            out[x] = next(sp.Symbol(name, real=True) for name in ("t", "y", "s") if name not in taken)
        for symbol in own:
            if symbol.name in used or symbol_latex(symbol.name, self.profile) in self.reserved:
                out[symbol] = Glyph(rf"{symbol_latex(symbol.name, self.profile)}_{{\phi}}", f"{symbol.name}_phi")
        return out

    def shown(self, expression: sp.Basic) -> sp.Basic:
        """Letters for functions, and no letter with two meanings."""
        spelled = self.letters.spelled(expression)
        return spelled.xreplace(self.renamed) if self.renamed else spelled

    def taken(self) -> list[str]:
        """Letters no part of a formula may get."""
        out = [r"\phi", r"\psi", r"\chi", "x", "u", "v", "q", *self.reserved]
        for function in self.letters.functions:
            out += [latex(s, self.profile) for s in sorted(function.free_symbols, key=str)]
        return out

    def namer(self) -> Namer:
        return Namer(self.profile, self.taken(), self.limit)

    def equation(self, rows: Sequence[Row], number: str = "") -> Equation:
        """Rows with letters for functions and names for big parts."""
        return self.equations([rows], number)[0]

    def equations(self, groups: Sequence[Sequence[Row]], number: str = "") -> tuple[Equation, ...]:
        """One equation; where it would be too high for a page, one for each group, a name being defined where it is used first."""
        rows = [row for group in groups for row in group]
        namer, laws = self.namer(), Laws()
        sides = [laws.marked(self.shown(side)) for row in rows for side in (row.right, _NONE if row.left is None else row.left)]
        sides = namer.shared_sums(sides)
        named = [namer.law(side, 0.6 * self.limit) if isinstance(side, Gaussian) else side for side in namer.name(sides[::2])]
        lefts = [None if row.left is None else namer.fitted(page_form(left)) for row, left in zip(rows, sides[1::2], strict=True)]
        made = tuple(Row(left, row.relation, right, row.note) for left, row, right in zip(lefts, rows, named, strict=True))
        stated = laws.rows(namer)
        if len(groups) == 1 or height(made, (*namer.bindings, *stated), self.profile, self.limit) <= PAGE:
            return (Equation(made, (*namer.bindings, *stated), number),)
        out: list[Equation] = []
        left, start = list(namer.bindings), 0
        for group in groups:
            part, start = made[start : start + len(group)], start + len(group)
            needed = {glyph for row in part for glyph in row.right.atoms(Glyph)}
            for row in reversed(left):
                needed |= row.right.atoms(Glyph) if row.left in needed else set()
            shown = [row for row in left if row.left in needed]
            left = [row for row in left if row not in shown]
            out.append(Equation(part, tuple(shown), "" if out else number))
        return (*out[:-1], Equation(out[-1].rows, (*out[-1].where, *left, *stated), out[-1].number))


def blocks_of(claim: Any, page: Page, number: str = "") -> tuple[Block, ...]:
    """The equations (and words) that state ``claim``."""
    return _blocks(claim, page, number)


@singledispatch
def _blocks(claim: Any, page: Page, number: str) -> tuple[Block, ...]:
    raise NotationError(f"no way to show a claim of type {type(claim).__name__}", where="ntksym/report/claims.py", fix="register a function for this type")


@_blocks.register(sp.Basic)
def _basic(claim: sp.Basic, page: Page, number: str) -> tuple[Block, ...]:
    return (page.equation(with_long_filters_named(rows_of(claim)), number),)


@_blocks.register(ChannelLaw)
def _channel_law(claim: ChannelLaw, page: Page, number: str) -> tuple[Block, ...]:
    rows = channel_rows(claim)
    return (page.equation(rows, number), channel_notes(claim)) if rows else (channel_notes(claim),)


@_blocks.register(str)
def _text(claim: str, page: Page, number: str) -> tuple[Block, ...]:
    return (sentence(claim),)


@_blocks.register(tuple)
def _tuple(claim: tuple[Any, ...], page: Page, number: str) -> tuple[Block, ...]:
    if all(isinstance(item, sp.Basic) for item in claim):
        return (page.equation([row for item in claim for row in rows_of(item)], number),)
    return tuple(block for item in claim for block in blocks_of(item, page, number))


def rows_of(claim: sp.Basic) -> list[Row]:
    """A relation as one row, a conjunction as one row each, anything else as a bare expression."""
    if isinstance(claim, sp.And):
        return [row for part in sorted(claim.args, key=sp.default_sort_key) for row in rows_of(part)]
    if isinstance(claim, sp.Tuple) and any(isinstance(part, sp.logic.boolalg.Boolean) for part in claim):
        return [row for part in claim for row in rows_of(part)]
    if isinstance(claim, sp.core.relational.Relational):
        return [Row(claim.lhs, next(sign for kind, sign in _RELATIONS.items() if isinstance(claim, kind)), claim.rhs)]
    if isinstance(claim, TendsTo):
        note = (
            Prose(
                (
                    Text("as "),
                    *_separated([Formula(sp.Symbol(str(n)) if isinstance(n, str) else n) for n in claim.widths]),
                    Text(" tend to infinity, in this order" if len(claim.widths) > 1 else " tends to infinity"),
                )
            )
            if claim.widths
            else None
        )
        return [Row(claim.lhs, "->", claim.rhs, note)]
    if isinstance(claim, OfOrder):
        where = None if claim.condition == sp.true else Prose((Text("for "), Formula(claim.condition)))
        return [Row(claim.lhs, "=", Order(claim.rhs), where)]
    if isinstance(claim, DistributedAs):
        return [Row(claim.args[0], "~", claim.args[1])]
    if isinstance(claim, ChannelLaw):
        return channel_rows(claim)
    if isinstance(claim, Where):
        return [Row(None, "", claim.body), *(Row(name, "where", value) for name, value in claim.bindings)]
    return [Row(None, "", claim)]


def _separated(parts: list[Any]) -> list[Any]:
    out: list[Any] = []
    for position, part in enumerate(parts):
        if position:
            out.append(Text(" and " if position == len(parts) - 1 else ", "))
        out.append(part)
    return out


def _definition_rows(functions: Sequence[sp.Basic], page: Page) -> list[Row]:
    found = [definition(page.letters, function) for function in functions]
    return [Row(pair[0], "=", pair[1]) for pair in found if pair is not None]


def _existence(condition: sp.Basic, page: Page) -> tuple[Block, ...]:
    if condition == sp.true:
        return ()
    return (Prose((Text("The expectation exists where "), Formula(page.shown(condition)), Text("."))),)


@_blocks.register(DualForm)
def _dual_form(form: DualForm, page: Page, number: str) -> tuple[Block, ...]:
    letter, slope = page.letters.of(form.phi) or Glyph(r"\phi", "phi"), page.letters.of(form.phi, 1) or Glyph(r"\phi'", "phi'")
    value, derivative = dual_letter(letter), dual_letter(slope)
    triple = (q11, q12, q22)
    rows = [*_definition_rows((form.phi,), page), Row(Call(value, *triple), ":=", Moment(Call(letter, u) * Call(letter, v))), Row(None, "=", form.value)]
    slopes = [Row(Call(derivative, *triple), ":=", Moment(Call(slope, u) * Call(slope, v))), Row(None, "=", form.derivative)]
    diagonal = [Row(Call(value, q), "=", form.diagonal_value)]
    if not form.at_jumps:
        diagonal.append(Row(Call(derivative, q), "=", form.diagonal_derivative))
    words_before = sentence("On the diagonal, where both inputs are equal and $q$ is the variance,")
    jumps = (_jumps(Call(derivative, *triple)),) if form.at_jumps else ()
    return (*page.equations([rows, slopes], number), *jumps, *_existence(form.condition, page), words_before, page.equation(diagonal))


@_blocks.register(CrossDualForm)
def _cross_form(form: CrossDualForm, page: Page, number: str) -> tuple[Block, ...]:
    first, second = page.letters.of(form.phi) or Glyph(r"\phi", "phi"), page.letters.of(form.psi) or Glyph(r"\psi", "psi")
    rows = [
        *_definition_rows((form.phi, form.psi), page),
        Row(Call(dual_letter(first, second), q11, q12, q22), ":=", Moment(Call(first, u) * Call(second, v))),
        Row(None, "=", form.value),
    ]
    return (page.equation(rows, number), *_existence(form.condition, page))


@_blocks.register(Flow)
@_blocks.register(EnsembleFlow)
def _training(claim: Flow | EnsembleFlow, page: Page, number: str) -> tuple[Block, ...]:
    flow = claim.flow if isinstance(claim, EnsembleFlow) else claim
    # In the result the kernel stands beside what it drives; in the steps it has a step of its own.
    kernel = () if number or flow.recursion is None else (words("The kernels:"), *blocks_of(flow.recursion, page))
    return (*flow_blocks(claim, number), *kernel)


@_blocks.register(OutsideClass)
def _outside(form: OutsideClass, page: Page, number: str) -> tuple[Block, ...]:
    return (page.equation(_definition_rows((form.phi,), page) or [Row(None, "", form.phi.expr)], number), why_outside(form, page))


def why_outside(form: OutsideClass, page: Page) -> Prose:
    """The sub-term that leads out of the class, named once."""
    head, named = str(form.term), Formula(page.shown(form.term))
    if form.reason.startswith(head):
        return Prose((Text("No closed form in this class: "), named, *stop(sentence(form.reason[len(head) :])).parts))
    return Prose((Text("No closed form in this class: the term "), named, Text(" leads out of it: "), *stop(sentence(form.reason)).parts))


@_blocks.register(NumericDual)
def _numeric(form: NumericDual, page: Page, number: str) -> tuple[Block, ...]:
    return (page.equation([*_definition_rows((form.phi,), page), *_averages(form.phi, page)], number), why_outside(form, page), *numeric_method(form, page))


def _averages(phi: sp.Lambda, page: Page) -> list[Row]:
    """What V and V' are, where no closed form says it."""
    letter, slope = page.letters.of(phi) or Glyph(r"\phi", "phi"), page.letters.of(phi, 1) or Glyph(r"\phi'", "phi'")
    return [Row(Call(dual_letter(f), q11, q12, q22), ":=", Moment(Call(f, u) * Call(f, v))) for f in (letter, slope)]


def numeric_method(form: NumericDual, page: Page, number: str = "") -> tuple[Block, ...]:
    """How both averages are computed, and that their error bound is an estimate."""
    letter = page.letters.of(form.phi) or Glyph(r"\phi", "phi")
    if form.method == "series":
        k, rho = sp.Symbol("k", integer=True, nonnegative=True), Glyph(r"\rho", "rho")
        coefficient, polynomial = Glyph("a_k", "a_k"), Glyph(r"\mathrm{He}_k", "He_k")
        terms = sp.Mul(Call(coefficient, q11), Call(coefficient, q22), sp.Pow(rho, k), evaluate=False)
        rows = (Row(Call(dual_letter(letter), q11, q12, q22), "=", sp.Sum(terms, (k, 0, sp.oo))),)
        weight = Moment(Call(letter, sp.sqrt(q) * w) * Call(polynomial, w))
        where = (Row(Call(coefficient, q), "where", weight / sp.sqrt(sp.factorial(k))), Row(rho, "where", q12 / sp.sqrt(q11 * q22)))
        blocks: list[Block] = [
            sentence(
                "Its numbers are computed by the Hermite-Mehler series, with $w$ a standard normal variable and $\\mathrm{He}_k$ the Hermite polynomials, "
                "and by quadrature on panels where its terms are too few:"
            ),
            Equation(rows, where, number),
        ]
    else:
        at = _separated([Formula(page.shown(t)) for t in form.thresholds])
        blocks = [Prose((Text("Its numbers are computed by Gauss-Legendre quadrature on panels that end at the kinks, here "), *at, Text(".")))]
    blocks.append(words("Their error bound is an estimate (truncation, a second set of nodes, rounding), no rigorous enclosure."))
    if form.at_jumps:
        blocks.append(_jumps(Call(dual_letter(page.letters.of(form.phi, 1) or Glyph(r"\phi'", "phi'")), q11, q12, q22)))
    if form.steep:
        blocks.append(
            Prose((Text("The average "), Formula(Moment(Call(page.letters.of(form.phi, 1) or Glyph(r"\phi'", "phi'"), u) ** 2)), Text(" is infinite.")))
        )
    return tuple(blocks)


def _jumps(slope: Call) -> Prose:
    return Prose((Text("The activation jumps: "), Formula(slope), Text(" is the distributional derivative, and it is infinite at correlation one.")))


def _level(number: Any) -> Glyph:
    body = latex(sp.sympify(number, strict=True))
    return Glyph(body, str(number).replace("l", "l"))


def _at(expression: sp.Basic, level: Any) -> sp.Basic:
    return expression.xreplace({symbol: AtLayer(symbol, level) for symbol in _STATE})


def _shown(recursion: Recursion) -> list[sp.Symbol]:
    """State symbols in reading order, the second input's copy of the diagonal left out."""
    return [symbol for symbol in recursion.state if symbol not in (K22, Theta22)]


def _ordered_state(recursion: Recursion) -> list[sp.Symbol]:
    order = {K12: 0, K11: 1, Theta12: 2, Theta11: 3}
    return sorted(_shown(recursion), key=lambda s: (order.get(s, 9), recursion.state.index(s)))


@_blocks.register(Recursion)
def _recursion(recursion: Recursion, page: Page, number: str) -> tuple[Block, ...]:
    blocks: list[Block] = []
    shown = _ordered_state(recursion)
    base = dict(recursion.base)
    functions = _definition_rows([form.phi for form in (*recursion.duals, *recursion.numeric)], page)
    if functions:
        blocks += [words("Activation:"), page.equation(functions)]
    if recursion.is_wiring:
        return (*blocks, *_wiring(recursion, page, number))
    blocks += [words("First layer:"), page.equation([Row(AtLayer(s, 1), "=", _first_layer(s, base)) for s in shown if s in (K12, Theta12)])]
    done: sp.Expr = sp.S.One
    for block in recursion.blocks:
        blocks.append(_range(done, block.repeat))
        update = dict(block.update)
        rows = [Row(AtLayer(s, layer + 1), "=", _folded(s, update, layer)) for s in shown if s in update]
        blocks.append(page.equation(rows, number))
        done = done + block.repeat
    blocks += [*closed_duals(recursion, page), *numeric_duals(recursion, page)]
    blocks.append(words("Outputs:"))
    names = {"nngp": "NNGP kernel", "ntk": "NTK"}
    rows = []
    for name, off_diagonal, _ in recursion.outputs:
        title = names.get(name, name)
        rows.append(Row(Glyph(rf"\text{{{title}}}", title), "=", AtLayer(off_diagonal, done)))
    blocks.append(page.equation(rows))
    blocks += _unrolled(recursion, page)
    return tuple(blocks)


def _wiring(recursion: Recursion, page: Page, number: str) -> list[Block]:
    """Tensor by tensor, then the averages that stand in it, then what is asked for."""
    blocks: list[Block] = []
    for label, rows, covariances in wiring_rows(recursion):
        name, _, place = label.partition(": ")
        blocks.append(Prose((Formula(_tensor_name(name)), Text(f", {place}:"))))
        blocks += [page.equation(covariances)] if covariances else []
        blocks.append(page.equation(rows, number))
        number = ""
    blocks += [*closed_duals(recursion, page), *numeric_duals(recursion, page)]
    for form in recursion.crosses:
        rows = cross_rows(form, page.letters)
        if rows:
            blocks += [words("with the average"), page.equation(rows)]
    outputs = [output_row(_output_title(name), symbol) for name, symbol, _ in recursion.outputs]
    return [*blocks, words("Outputs:"), page.equation(outputs)]


def _tensor_name(name: str) -> Glyph:
    letter, _, level = name.partition("^")
    return Glyph(f"{letter}^{{{level}}}", name)


def _output_title(name: str) -> str:
    kind, _, head = name.partition("_")
    title = {"nngp": "NNGP kernel", "ntk": "NTK"}.get(kind, kind)
    return f"{title} of head {head}" if head else title


def _first_layer(symbol: sp.Symbol, base: dict[sp.Symbol, sp.Expr]) -> sp.Basic:
    """Theta^1 = K^1 is said so, not written out twice."""
    if symbol is Theta12 and K12 in base and base[symbol] == base[K12]:
        return AtLayer(K12, 1)
    return base[symbol]


def _folded(symbol: sp.Symbol, update: dict[sp.Symbol, sp.Expr], level: Any) -> sp.Basic:
    """Theta^{l+1} = K^{l+1} + ...: the kernel's own update inside that of the tangent kernel is named by its left side."""
    right = update[symbol]
    for theta, kernel in ((Theta12, K12), (Theta11, K11), (Theta22, K22)):
        if symbol is theta and kernel in update:
            terms, folded = sp.Add.make_args(right), sp.Add.make_args(update[kernel])
            if all(term in terms for term in folded) and len(terms) > len(folded):
                rest = [term for term in terms if term not in folded]
                return sp.Add(AtLayer(kernel, level + 1), *(_at(term, level) for term in rest), evaluate=False)
    return _at(right, level)


def _range(done: sp.Expr, repeat: sp.Expr) -> Prose:
    last = done + repeat - 1
    if repeat == 1:
        return (
            Prose((Text("Then, for "), Formula(sp.Eq(layer, done, evaluate=False)), Text(","))) if not isinstance(sp.Eq(layer, done), bool) else words("Then")
        )
    return Prose((Text("Then, for "), Formula(layer), Text(" from "), Formula(done), Text(" to "), Formula(depth if last == depth else last), Text(",")))


def closed_duals(recursion: Recursion, page: Page) -> list[Block]:
    """The dual activations of a recursion, in closed form."""
    out: list[Block] = []
    needs_slope = any(str(s).startswith("Theta") for s in recursion.state)
    for form in recursion.duals:
        letter, slope = page.letters.of(form.phi), page.letters.of(form.phi, 1)
        if letter is None or slope is None:
            continue
        values = [[Row(Call(dual_letter(letter), q11, q12, q22), "=", form.value)]]
        diagonal = [Row(Call(dual_letter(letter), q), "=", form.diagonal_value)]
        if needs_slope:
            values.append([Row(Call(dual_letter(slope), q11, q12, q22), "=", form.derivative)])
            diagonal.append(Row(Call(dual_letter(slope), q), "=", form.diagonal_derivative))
        out += [
            words("with the dual activations"),
            *page.equations(values),
            words("and on the diagonal"),
            page.equation(diagonal),
            *_existence(form.condition, page),
        ]
    return out


def numeric_duals(recursion: Recursion, page: Page) -> list[Block]:
    """The dual activations of a recursion that are computed, with the reason why they have no closed form here."""
    out: list[Block] = []
    for form in recursion.numeric:
        rows = [*_averages(form.phi, page), Row(sp.Tuple(u, v), "~", gaussian_pair(u, v, q11, q12, q22))]
        out += [words("with the dual activations"), page.equation(rows), why_outside(form, page), *numeric_method(form, page)]
    return out


def _collected(expression: sp.Expr) -> sp.Expr:
    """Sorted by the first kernel and the bias variance."""
    return sp.collect(sp.expand(expression), [*sorted(expression.atoms(AtLayer), key=sp.default_sort_key), sigma_b])


def _unrolled(recursion: Recursion, page: Page) -> list[Block]:
    """The diagonal of the outputs in K^1, where it is short."""
    if not recursion.depth.is_Integer or int(recursion.depth) > 4:
        return []
    values: dict[sp.Symbol, sp.Expr] = {s: AtLayer(K11 if s in (K11, Theta11) else s, 1) for s in recursion.state}
    done = 1
    for block in recursion.blocks:
        if not block.repeat.is_Integer:
            return []
        for _ in range(int(block.repeat)):
            diagonal = {s: value for s, value in block.update if s in (K11, Theta11)}
            if any(e.free_symbols & {K12, K22, Theta12, Theta22} for e in diagonal.values()):
                return []
            values = {**values, **{s: sp.expand(recursion.closed(e).xreplace(values)) for s, e in diagonal.items()}}
            done += 1
            if any(values[s].has(Dual) or values[s].count_ops() > _UNROLL_LIMIT for s in diagonal):
                return []
    rows = [Row(AtLayer(diag, done), "=", _collected(values[diag])) for _, _, diag in recursion.outputs if diag in values]
    if not rows or any(width(latex(row.right)) > 2 * page.limit for row in rows):
        return []
    return [words("Unrolled on the diagonal:"), page.equation(rows)]


_n = sp.Symbol("n", positive=True)
_COUNTS = {
    "value": "Sizes of entries at initialization:",
    "derivative": "Sizes of the output's derivatives at initialization:",
    "change": "Sizes of the changes:",
}


@_blocks.register(AbcNetwork)
def _abc_network(network: AbcNetwork, page: Page, number: str) -> tuple[Block, ...]:
    rows = [Row(equation.lhs, "=", equation.rhs) for equation in network.equations]
    laws = [Row(weights, "~", Gaussian(sp.Tuple(weights), sp.Tuple(sp.S.Zero), sp.Tuple(_n ** (-2 * deviation)))) for weights, _, deviation in network.weights]
    fixed = [Formula(weights) for weights in network.frozen]
    still = (Prose((*_separated(fixed), Text(" is not trained." if len(fixed) == 1 else " are not trained."))),) if fixed else ()
    rate = "The learning rate is $\\eta$." if network.c == 0 else f"The learning rate is $\\eta\\,n^{{{-network.c}}}$."
    return (*page.equations([rows, laws], number), sentence(rate), *still)


@_blocks.register(PowerCount)
def _power_count(count: PowerCount, page: Page, number: str) -> tuple[Block, ...]:
    when = f"Sizes of the changes at update {count.updates}:"
    return (words(when if count.of == "change" else _COUNTS[count.of]), page.equation(_size_rows(count.of, count.rows, count.output), number))


def _size_rows(of: str, rows: Sequence[tuple[Any, sp.Expr]], output: Any) -> list[Row]:
    return [Row(_sized(of, tensor, output), "=", sp.S.Zero if exponent == -sp.oo else Order(_n**exponent)) for tensor, exponent in rows]


def _sized(of: str, tensor: Entry, output: Any) -> sp.Basic:
    if of == "change":
        return Glyph(rf"\Delta {latex(tensor)}", f"Delta {tensor.name}^{tensor.layer}(x)")
    return Partial(output, tensor) if of == "derivative" else tensor


@_blocks.register(AbcClass)
def _abc_class(claim: AbcClass, page: Page, number: str) -> tuple[Block, ...]:
    verdict = {"unstable": "Unstable.", "trivial": "Stable and trivial.", "kernel": "Stable, in the kernel regime."}.get(
        claim.regime, "Stable, with feature learning."
    )
    output = claim.values[-1][0]
    exponents = [Row(Glyph(letter, letter), "=", sp.Tuple(*numbers)) for letter, numbers in (("a", claim.a), ("b", claim.b))]
    exponents += [Row(Glyph("c", "c"), "=", claim.c), Row(Glyph("r", "r"), "=", claim.r)]
    return (
        words(verdict),
        page.equation(exponents, number),
        words(_COUNTS["value"]),
        page.equation(_size_rows("value", claim.values, output)),
        words("Sizes of their changes in training:"),
        page.equation(_size_rows("change", claim.changes, output)),
        Bullets(tuple(sentence(reason) for reason in claim.reasons)),
    )
