"""Recursion -> Program: which state variables each pass needs, which dual each node calls, which layer owns which parameter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import sympy as sp

from ntksym.errors import LoweringError
from ntksym.forms import Block, DualForm, NumericDual, Parameter, Recursion, phi_derivative
from ntksym.gaussian.fallback import for_code
from ntksym.lowering.duals import lower_dual
from ntksym.lowering.names import identifier, parameter_names
from ntksym.lowering.numeric import lower_numeric
from ntksym.lowering.program import Assign, Call, DualFunction, Header, Keyword, Line, NumericFunction, Pass, Program, Snap, Stage, reuse
from ntksym.lowering.wiring import Found, Straight
from ntksym.nodes import Dual
from ntksym.notation import MEANINGS, sigma_b, sigma_w


def lower_recursion(recursion: Recursion, header: Header) -> Program:
    """The program of a layerwise recursion; a closed form too long for code is computed instead.

    Raises LoweringError where the depth is symbolic, where a Dual node has no closed form, or where a parameter has no usable default.
    """
    if not recursion.depth.is_Integer:
        raise LoweringError(
            f"the depth {recursion.depth} is symbolic", where="lowering", why="code needs a number of layers", fix="derive the network at a fixed depth"
        )
    forms = [for_code(form) for form in (*recursion.duals, *recursion.numeric)]
    closed, computed = (tuple(form for form in forms if isinstance(form, kind)) for kind in (DualForm, NumericDual))
    recursion = replace(recursion, duals=closed, numeric=computed)
    declared = {parameter.symbol for parameter in recursion.parameters}
    free = {symbol for form in (*recursion.duals, *recursion.numeric) for symbol in form.parameters}
    names = parameter_names(declared | free, {s: str(s) for s in (sigma_w, sigma_b) if s in declared})
    form_names = _form_names(recursion, header)
    duals = tuple(lower_dual(form, form_names[form.phi], names) for form in recursion.duals)
    numeric = tuple(lower_numeric(form, form_names[form.phi], names) for form in recursion.numeric)
    functions = {dual.name: dual for dual in (*duals, *numeric)}
    dense_count = 1 + (max(block.dense or 0 for block in recursion.blocks) if recursion.is_wiring else sum(_repeat(block) for block in recursion.blocks))
    keywords = tuple(_keyword(parameter, names, dense_count) for parameter in recursion.parameters)
    keywords += tuple(Keyword(names[s], None, False, domain=_domain(s)) for s in sorted(free - declared, key=str))
    lowering = _Lowering(recursion, form_names, functions, names)
    return Program(
        header=header,
        dense_count=dense_count,
        keywords=keywords,
        duals=duals,
        off_diagonal=lowering.layers([symbol for _, symbol, _ in recursion.outputs]),
        diagonal=lowering.layers([symbol for _, _, symbol in recursion.outputs]),
        outputs=tuple(name for name, _, _ in recursion.outputs),
        numeric=numeric,
    )


def lower_form(form: DualForm | NumericDual, name: str) -> tuple[DualFunction | NumericFunction, tuple[Keyword, ...]]:
    """One dual activation alone, as ``dual_<name>``, and its parameters."""
    names = parameter_names(form.parameters, {})
    made = f"dual_{identifier(name).rstrip('_') or 'phi'}"
    dual = lower_numeric(form, made, names) if isinstance(form, NumericDual) else lower_dual(form, made, names)
    return dual, tuple(Keyword(names[s], None, False, domain=_domain(s)) for s in form.parameters)


def _domain(symbol: sp.Symbol) -> str:
    """What the derivation assumes of a parameter, in one word; empty where it may be any real number."""
    words = ("integer",) if symbol.is_integer else ()
    for word in ("positive", "negative", "nonnegative", "nonpositive", "nonzero"):
        if getattr(symbol, f"is_{word}"):
            return " ".join((word, *words))
    return "".join(words)


def _repeat(block: Block) -> int:
    if not block.repeat.is_Integer or block.repeat < 1:
        raise LoweringError(f"the block {block.label!r} repeats {block.repeat} times", where="lowering", fix="derive the network at a fixed depth")
    return int(block.repeat)


def _form_names(recursion: Recursion, header: Header) -> dict[sp.Basic, str]:
    wanted = dict(header.names)
    found: dict[sp.Basic, str] = {}
    forms = (*recursion.duals, *recursion.numeric)
    for form in forms:
        stem = wanted.get(form.phi, "phi" if len(forms) == 1 else f"phi{len(found) + 1}")
        name = f"dual_{identifier(f'{stem}').rstrip('_') or 'phi'}"
        base, k = name, 1
        while name in found.values():
            k += 1
            name = f"{base}{k}"
        found[form.phi] = name
    return found


def _keyword(parameter: Parameter, names: dict[sp.Symbol, str], dense_count: int) -> Keyword:
    name = names[parameter.symbol]
    meaning = MEANINGS.get(str(parameter.symbol))
    stands_for = meaning.stands_for if meaning and parameter.symbol in (sigma_w, sigma_b) else ""
    domain = "" if stands_for else _domain(parameter.symbol)
    default = parameter.default
    if default is None or default == parameter.symbol:
        return Keyword(name, None, parameter.per_layer, stands_for, domain)
    entries = tuple(_number(entry, name) for entry in default) if isinstance(default, sp.Tuple | tuple) else None
    if entries is None:
        return Keyword(name, _number(default, name), parameter.per_layer, stands_for, domain)
    if not parameter.per_layer or len(entries) != dense_count:
        raise LoweringError(
            f"{name} has {len(entries)} defaults", where="lowering", why=f"the network has {dense_count} Dense layers", fix="give one per Dense"
        )
    return Keyword(name, entries, True, stands_for, domain)


def _number(value: sp.Basic, name: str) -> float:
    number = sp.sympify(value, strict=True) if not isinstance(value, str) else sp.nan
    if not isinstance(number, sp.Expr) or not number.is_real or not number.is_finite:
        raise LoweringError(f"the default of {name} is {value}", where="lowering", why="a default is a real number", fix="give a number")
    return float(number.evalf(30))


class _Lowering:
    """What stays the same over the two passes."""

    def __init__(
        self, recursion: Recursion, form_names: dict[sp.Basic, str], functions: dict[str, DualFunction | NumericFunction], names: dict[sp.Symbol, str]
    ) -> None:
        self.recursion, self.form_names, self.functions = recursion, form_names, functions
        self.renamed = {symbol: sp.Symbol(name, **symbol.assumptions0) for symbol, name in names.items()}
        self.state_names = set(recursion.state)

    def layers(self, wanted: list[sp.Symbol]) -> Pass:
        """The pass that computes ``wanted``, with the state variables that this takes and no others."""
        needed = self._closure(wanted)
        if self.recursion.is_wiring:
            per_layer = frozenset(parameter.symbol for parameter in self.recursion.parameters if parameter.per_layer)
            return Straight(self.recursion, self._found, self.renamed, per_layer).layers(wanted, needed)
        state = tuple(symbol for symbol in self.recursion.state if symbol in needed)
        base = tuple(Assign(str(symbol), self._indexed(value)) for symbol, value in self.recursion.base if symbol in needed)
        stages: list[Stage] = []
        first = 1
        for block in self.recursion.blocks:
            repeat = _repeat(block)
            update = tuple((symbol, value) for symbol, value in block.update if symbol in needed)
            stages.append(Stage(block.label, first, repeat, self._lines(update)))
            first += repeat
        return Pass(tuple(str(symbol) for symbol in state), base, tuple(stages), tuple(str(symbol) for symbol in wanted))

    def _closure(self, wanted: Iterable[sp.Symbol]) -> set[sp.Basic]:
        needed: set[sp.Basic] = set(wanted)
        while True:
            more = {
                symbol
                for block in self.recursion.blocks
                for target, value in block.update
                if target in needed
                for symbol in value.free_symbols & self.state_names
            }
            if more <= needed:
                return needed
            needed |= more

    def _indexed(self, value: sp.Expr) -> sp.Expr:
        return value.xreplace(self.renamed)

    def _lines(self, update: tuple[tuple[sp.Symbol, sp.Expr], ...]) -> tuple[Line, ...]:
        """Calls of the duals, then the new state (all old values are read before any is written: new names carry ``_new``)."""
        lines: list[Line] = []
        nodes = sorted({node for _, value in update for node in value.atoms(Dual)}, key=sp.default_sort_key)
        groups: dict[tuple[str, tuple[sp.Expr, ...]], dict[int, Dual]] = {}
        for node in nodes:
            function, slot = self._function(node)
            groups.setdefault((function, tuple(node.q)), {})[slot] = node
        replaced: dict[sp.Basic, sp.Basic] = dict(self.renamed)
        many = len({function for function, _ in groups}) > 1
        for (function, (first, cov, second)), slots in groups.items():
            on_diagonal = first == cov == second
            tail = _tail(first, cov, second, self.recursion.state) + (f"_{function.removeprefix('dual_')}" if many else "")
            targets = []
            for slot, stem in ((0, "V"), (1, "dV")):
                target = f"{stem}{tail}" if slot in slots else "_"
                targets.append(target)
                if slot in slots:
                    replaced[slots[slot]] = sp.Symbol(target, real=True)
            arguments = [argument.xreplace(self.renamed) for argument in (first, cov, second)]
            arguments = arguments[:1] if on_diagonal else [arguments[0], Snap(*arguments), arguments[2]]
            called = f"{function}_diagonal" if on_diagonal else function
            lines.append(Call(tuple(targets), called, tuple(arguments), self.functions[function].parameters))
        fresh = {symbol: sp.Symbol(f"{symbol}_new", real=True) for symbol, _ in update}
        done: list[tuple[sp.Expr, sp.Symbol]] = []
        for symbol, value in update:
            new = value.xreplace(replaced)
            for earlier, name in done:  # Theta' = K' + ...: say K', not its formula again
                new = reuse(new, earlier, name)
            lines.append(Assign(str(fresh[symbol]), new))
            done.append((value.xreplace(replaced), fresh[symbol]))
        return tuple(lines)

    def _found(self, node: Dual) -> Found | None:
        """The function behind a dual of one activation; None for two different functions."""
        if node.f != node.g:
            return None
        function, slot = self._function(node)
        return function, slot, self.functions[function].parameters

    def _function(self, node: Dual) -> tuple[str, int]:
        for form in (*self.recursion.duals, *self.recursion.numeric):
            if node.f == node.g == form.phi:
                return self.form_names[form.phi], 0
            if node.f == node.g == phi_derivative(form.phi):
                return self.form_names[form.phi], 1
        raise LoweringError(
            f"the dual activation of {_describe(node)} has no closed form here",
            where="lowering",
            why="the activation lies outside the class whose Gaussian expectations are derived in closed form, and they cannot be computed either",
            fix="use an activation inside the class (ntksym list), or read the derivation, which holds V_phi as an expectation",
        )


def _describe(node: Dual) -> str:
    body = getattr(node.f, "expr", node.f)
    while isinstance(body, sp.Derivative):
        body = body.expr
    return f"phi(x) = {body}"


def _tail(first: sp.Expr, cov: sp.Expr, second: sp.Expr, state: tuple[sp.Symbol, ...]) -> str:
    del second, first, state
    text = str(cov)
    return text.lstrip("KTheta_") if text.isidentifier() and text[-2:].isdigit() else ""


def recursion_text(recursion: Recursion) -> tuple[str, ...]:
    """The recursion in plain text, V and V' standing for the dual activation and its derivative: what the head of a module says."""
    shown = [symbol for _, symbol, _ in recursion.outputs]
    lines = [f"{symbol} = {value}  (first Dense)" for symbol, value in recursion.base if symbol in shown]
    for block in recursion.blocks:
        nodes = sorted({node for _, value in block.update for node in value.atoms(Dual)}, key=sp.default_sort_key)
        named = {node: sp.Function(_dual_letter(node, recursion), real=True)(*node.q) for node in nodes}
        lines += [f"{symbol} <- {value.xreplace(named)}  ({block.label})" for symbol, value in block.update if symbol in shown]
    return tuple(lines)


def _dual_letter(node: Dual, recursion: Recursion) -> str:
    forms = [form.phi for form in (*recursion.duals, *recursion.numeric)]
    phi = next((phi for phi in forms if node.f in (phi, phi_derivative(phi))), None)
    number = str(forms.index(phi) + 1) if phi is not None and len(forms) > 1 else ""
    return f"V{number}" if phi is None or node.f == phi else f"V'{number}"
