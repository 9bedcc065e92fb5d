"""Wirings on the page: what the channels of a tensor are, and a recursion whose every tensor has variables of its own."""

from __future__ import annotations

import sympy as sp

from ntksym.forms import CrossDualForm, Recursion, kernel_of_variable
from ntksym.nodes import ChannelLaw, Dual
from ntksym.notation import q, q11, q12, q22, u, v, x1, x2
from ntksym.report.document import Formula, Prose, Row, Text
from ntksym.report.glyphs import Call, Glyph, Moment
from ntksym.report.letters import Letters, dual_letter, is_constant_one, mean_letter


def channel_rows(law: ChannelLaw) -> list[Row]:
    """A tensor channel by channel; the shares of a concatenation one below the other; nothing where it is not made of others."""
    if len(law.parts) == 1 and law.parts[0][1] == law.entry:
        return []
    if len(law.parts) == 1:
        return [Row(law.entry, "=", law.parts[0][1])]
    notes = [Prose((Text("in a share "), Formula(share), Text(" of the channels"))) for share, _ in law.parts]
    return [Row(law.entry if k == 0 else None, "=", part, note) for k, ((_, part), note) in enumerate(zip(law.parts, notes, strict=True))]


def channel_notes(law: ChannelLaw) -> Prose:
    """Whether the channels are Gaussian, and on which parameters they depend."""
    kind = " are centred Gaussians" if law.gaussian else " are no Gaussians"
    start = (Text("The channels "), Formula(law.entry), Text(kind))
    if not law.weights:
        return Prose((*start, Text(".")))
    named = [Formula(w) for w in law.weights]
    parts = [part for k, formula in enumerate(named) for part in ((Text(", "), formula) if k else (formula,))]
    return Prose((*start, Text("; they depend on "), *parts, Text(".")))


def wiring_rows(recursion: Recursion) -> list[tuple[str, list[Row], list[Row]]]:
    """The label of every block and its equations: the kernels between two inputs and on the diagonal, Theta in terms of K of the same tensor.

    The covariances of what goes into an activation, where they are no kernels themselves, get names (q_1, q_2, ...), defined in rows of their own.
    """
    places = {symbol: kernel_of_variable(symbol) for symbol in recursion.state}
    names: dict[sp.Expr, sp.Expr] = {}
    found = []
    for block in recursion.blocks:
        update = dict(block.update)
        shown = [(symbol, _folded(symbol, value, update)) for symbol, value in block.update if symbol.name.startswith(("K12", "K11", "Theta12", "Theta11"))]
        news = [row for _, value in shown for row in _covariances(value, names)]
        rows = [Row(places[symbol], "=", _named(value, names).xreplace(places)) for symbol, value in shown]
        found.append((block.label, rows, [Row(row.left, row.relation, row.right.xreplace(places)) for row in news]))
    return found


def _covariances(value: sp.Expr, names: dict[sp.Expr, sp.Expr]) -> list[Row]:
    """Names for the arguments of duals that are sums or quotients of kernels; the rows that define the new ones."""
    rows = []
    for node in sorted(value.atoms(Dual), key=sp.default_sort_key):
        if node.q[0] == node.q[1] or node.q[1] in names or all(argument.is_Symbol for argument in node.q) or node.q[1] == 0:
            continue
        letter = Glyph(f"q_{{{len({n.letter for n in names.values()}) + 1}}}", f"q_{len({n.letter for n in names.values()}) + 1}")
        pairs = ((x1, x1), (x1, x2), (x2, x2))
        for argument, pair in zip(node.q, pairs, strict=True):
            if not argument.is_number:
                names.setdefault(argument, Call(letter, *pair))
        rows += [Row(names[argument], "=", argument) for argument in (node.q[1], node.q[0]) if not argument.is_number and names[argument].letter == letter]
    return rows


def _named(value: sp.Expr, names: dict[sp.Expr, sp.Expr]) -> sp.Expr:
    """The value with the named covariances in its duals."""
    return value.xreplace({node: Dual(node.f, node.g, *(names.get(argument, argument) for argument in node.q)) for node in value.atoms(Dual)})


def _folded(symbol: sp.Symbol, value: sp.Expr, update: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    """Theta = K + ...: the kernel of the same tensor is named, not written out again."""
    kernel = next((s for s in update if s.name == symbol.name.replace("Theta", "K")), None)
    if kernel is None or symbol is kernel:
        return value
    terms, inside = sp.Add.make_args(value), sp.Add.make_args(update[kernel])
    if update[kernel] == 0 or not all(term in terms for term in inside):
        return value
    rest = sp.Add(*(term for term in terms if term not in inside))
    if rest == 0:
        return kernel
    together = sp.collect(rest, sorted(rest.atoms(Dual), key=sp.default_sort_key), sp.factor_terms)
    return sp.Add(kernel, *sp.Add.make_args(together), evaluate=False)


def output_row(title: str, symbol: sp.Symbol) -> Row:
    """An output of a wiring: the kernel of the tensor asked for."""
    return Row(Glyph(rf"\text{{{title}}}", title), "=", kernel_of_variable(symbol))


def cross_rows(form: CrossDualForm, letters: Letters) -> list[Row]:
    """The closed form of an average of two functions, or of one: M_phi(q) = E phi(u)."""
    first = letters.of(form.phi)
    if first is None:
        return []
    if is_constant_one(form.psi):
        return [Row(Call(mean_letter(first), q), ":=", Moment(Call(first, u))), Row(None, "=", form.value.xreplace({q11: q}))]
    if form.psi.expr == form.psi.variables[0]:
        slope = letters.of(form.phi, 1) or first
        rows = [Row(Call(dual_letter(first, Glyph(r"\mathrm{id}", "id")), q11, q12, q22), ":=", Moment(Call(first, u) * v)), Row(None, "=", form.value)]
        return [*rows, Row(Call(mean_letter(slope), q), "=", sp.diff(form.value, q12).xreplace({q11: q}))]
    second = letters.of(form.psi)
    if second is None:
        return []
    return [Row(Call(dual_letter(first, second), q11, q12, q22), ":=", Moment(Call(first, u) * Call(second, v))), Row(None, "=", form.value)]
