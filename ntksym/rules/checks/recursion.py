"""Checks of the recursion chapter."""

from __future__ import annotations

import functools
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from ntksym import notation
from ntksym.forms import CrossDualForm, DualForm, NumericDual, OutsideClass, Parameter, Recursion
from ntksym.nodes import Applied, Dual, Entry, Partial
from ntksym.proof import Statement, Verdict, cited, false, proved, tested
from ntksym.rules.checks.growth import Growth, growth

X, Y = notation.x1, notation.x2
_PAIR_OF = {"11": (X, X), "12": (X, Y), "22": (Y, Y)}


@functools.lru_cache(maxsize=256)
def fourth_moments_finite(function: sp.Lambda) -> bool:
    """Whether E f(u)^4 is finite for every Gaussian u, seen from the growth of f; an open function counts as not seen."""
    return growth(function) is not Growth.UNDECIDED


def read_recursion(premises: tuple[Statement, ...], conclusion: Statement, *, depth: sp.Expr) -> Verdict:
    """Layers 1 to 3 of the recursion, composed, against the theorem's equations at those layers, followed down to the input."""
    claim: Recursion = conclusion.claim
    if len(claim.blocks) != 1 or claim.blocks[0].repeat != depth or claim.depth != depth:
        return false(f"the block is not repeated {depth} times")
    held = {tuple(symbol for symbol, _ in pairs) for pairs in (claim.base, claim.blocks[0].update)}
    if held != {claim.state} or len(set(claim.state)) != len(claim.state):
        return false("the state is not what base and block give values to")
    free = [s for s in (notation.sigma_w, notation.sigma_b) if any(value.has(s) for _, value in (*claim.base, *claim.blocks[0].update))]
    if [(p.symbol, p.default, p.per_layer) for p in claim.parameters] != [(s, s, True) for s in free]:
        return false("the parameters are not the sigmas it holds")
    if {name: (off, on) for name, off, on in claim.outputs} != {n: v for n, v in _EXPECTED_OUTPUTS.items() if n in [o[0] for o in claim.outputs]}:
        return false("an output names another kernel")
    triples = {tuple(_STATES["K" + key] for key in keys) for keys in (("11", "11", "11"), ("11", "12", "22"), ("22", "22", "22"))}
    if any(node.q not in triples for _, value in claim.blocks[0].update for node in value.atoms(Dual)):
        return false("a dual stands at other kernels than K(x,x), K(x,x'), K(x',x') in this order")
    problem = _differs(premises, claim)
    if problem:
        return false(problem)
    return proved(r"layers 1 to 3, $\phi$ abstract: the block applied again and again is the theorem followed down to the input; one block, repeated $L$ times")


def _differs(premises: tuple[Statement, ...], claim: Recursion) -> str | None:
    """The first kernel of the recursion that is not what the equations say."""
    equations: dict[str, list[Any]] = {}
    for premise in premises:
        for equation in premise.claim:
            if isinstance(equation, sp.Eq):
                equations.setdefault(equation.lhs.name, []).append(equation)
    values = dict(claim.base)
    for layer in (1, 2, 3):
        if layer > 1:
            values = {s: value.xreplace(values) for s, value in claim.blocks[0].update}
        for symbol in claim.state:
            name, (first, second) = str(symbol)[:-2], _PAIR_OF[str(symbol)[-2:]]
            if sp.expand(values[symbol] - _from_equations(equations, name, layer, first, second)) != 0:
                return f"{symbol} at layer {layer} is not what the theorem says"
    return None


_STATES = {str(symbol): symbol for symbol in (notation.K11, notation.K12, notation.K22)}
_EXPECTED_OUTPUTS = {"nngp": (notation.K12, notation.K11), "ntk": (notation.Theta12, notation.Theta11)}


def _from_equations(equations: dict[str, list[Any]], name: str, layer: int, first: sp.Symbol, second: sp.Symbol) -> sp.Expr:
    """The kernel at a layer straight from the equations, the one at layer 1 and the one at layer l+1."""
    gram = {(X, X): notation.s11, (X, Y): notation.s12, (Y, Y): notation.s22}[(first, second)]
    equation = equations[name][0 if layer == 1 else 1]
    value = equation.rhs.xreplace({notation.layer: sp.Integer(max(layer - 1, 1)), X: first, Y: second, notation.s12: gram})
    places = {entry: _from_equations(equations, entry.name, int(entry.layer), *entry.inputs) for entry in sorted(value.atoms(Entry), key=str)}
    return value.xreplace(places)


def specialise(
    premises: tuple[Statement, ...], conclusion: Statement, *, slots: tuple[Any, ...], first_bias: bool, parameters: tuple[Parameter, ...]
) -> Verdict:
    """With the activation opened up again every block is the general one; the hypotheses on phi are read off its growth."""
    general: Recursion = premises[0].claim
    claim: Recursion = conclusion.claim
    if len(claim.blocks) != len(slots) or sp.expand(sum((block.repeat for block in claim.blocks), sp.S.Zero) - claim.depth) != 0:
        return false("the blocks do not add up to the depth")
    if claim.state != general.state or claim.outputs != general.outputs or claim.parameters != parameters:
        return false("state, outputs or keywords are not those asked for")
    sources = [(dict(general.base), dict(claim.base), first_bias, None)]
    sources += [(dict(general.blocks[0].update), dict(block.update), slot[3], slot) for block, slot in zip(claim.blocks, slots, strict=True)]
    for wanted, found, bias, slot in sources:
        for symbol, value in wanted.items():
            expected = _flat(value if bias else value.subs(notation.sigma_b, 0), slot)
            if sp.expand(_opaque(expected, None) - _opaque(found[symbol], slot)) != 0:
                return false(f"{symbol} is not the general update with the activation put in")
    if any(block.repeat != slot[0] for block, slot in zip(claim.blocks, slots, strict=True)):
        return false("a block is repeated another number of times")
    kept = any(assumption.key == "phi-moments" for assumption in conclusion.assumptions)
    if kept != any(not fourth_moments_finite(slot[k]) for slot in slots for k in (1, 2)):
        return false("the hypotheses on phi are neither seen nor assumed, or assumed though seen")
    return proved("with the activation opened up again every block is the general one") + _hypotheses(slots)


def _flat(value: sp.Expr, slot: Any) -> sp.Expr:
    """The update with the dual of a slope that is zero put to zero."""
    if slot is None or slot[2].expr != 0:
        return value
    return value.xreplace({node: sp.S.Zero for node in value.atoms(Dual) if isinstance(node.f.expr, sp.Derivative)})


def _opaque(value: sp.Expr, slot: Any) -> sp.Expr:
    """Every dual as an open function of its covariances, named phi or slope."""
    places = {}
    for node in sorted(value.atoms(Dual), key=str):
        is_slope = isinstance(node.f.expr, sp.Derivative) if slot is None else node.f == slot[2]
        if slot is not None and node.f not in (slot[1], slot[2]):
            return sp.nan
        if node.f != node.g:
            return sp.nan
        places[node] = sp.Function("slope" if is_slope else "phi")(*node.q)
    return value.xreplace(places)


def _hypotheses(slots: tuple[Any, ...]) -> Verdict:
    words = {
        Growth.BOUNDED: "bounded",
        Growth.POLYNOMIAL: "bounded by a polynomial",
        Growth.EXPONENTIAL: "bounded by $e^{c|x|}$",
        Growth.UNDECIDED: "not decided, kept as an assumption",
    }
    seen = []
    for slot in slots:
        text = rf"$\phi$ {words[growth(slot[1])]}, $\phi'$ {words[growth(slot[2])]}"
        if text not in seen:
            seen.append(text)
    return proved(rf"hypotheses on $\phi$, from its formula: {'; '.join(seen)}")


def joint_limit(premises: tuple[Statement, ...], conclusion: Statement, *, functions: tuple[sp.Lambda, ...]) -> Verdict:
    """The hypotheses of the theorem cited hold; the claim is that of the sequential limit, unchanged."""
    if conclusion.claim != premises[0].claim:
        return false("the joint limit is claimed of another recursion")
    found = [growth(function) for function in functions]
    if max(found, default=Growth.BOUNDED) > Growth.POLYNOMIAL:
        return false("phi or phi' is not seen to be bounded by a polynomial, as the theorem wants")
    return cited(
        "the NETSOR-T master theorem",
        r"$\phi$ and $\phi'$ bounded by polynomials, checked on the formula; Gaussian weights; readout independent and used once; all widths of one order",
    )


def put_in_duals(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The recursion is unchanged but for the duals, each of which stands for a node of it."""
    before, after = premises[0].claim, conclusion.claim
    if (before.depth, before.state, before.base, before.blocks, before.outputs, before.parameters) != (
        after.depth,
        after.state,
        after.base,
        after.blocks,
        after.outputs,
        after.parameters,
    ):
        return false("more than the duals changed")
    given = [premise.claim for premise in premises[1:]]
    for kept, kind in ((after.duals, DualForm), (after.crosses, CrossDualForm), (after.numeric, NumericDual)):
        if list(kept) != [claim for claim in given if isinstance(claim, kind)]:
            return false("the duals are not those derived")
    for block in after.blocks:
        for _, value in block.update:
            for node in sorted(value.atoms(Dual), key=str):
                if not any(_stands_for(form, node) for form in given) and not _is_outside(premises[1:], node) and not node.atoms(AppliedUndef):
                    return false(f"nothing was derived for {node}")
    return proved("every dual of the recursion is one that was derived, or named as outside the class, or of a function left open")


def _stands_for(form: Any, node: Dual) -> bool:
    if isinstance(form, CrossDualForm):
        mean_of_slope = {_slope(form.phi), sp.Lambda(notation.x, sp.S.One)} if form.psi(notation.x) == notation.x else None
        return {node.f, node.g} in ({form.phi, form.psi}, {_slope(form.phi), _slope(form.psi)}, mean_of_slope)
    return isinstance(form, DualForm) and node.f == node.g and node.f in (form.phi, _slope(form.phi))


def _is_outside(premises: tuple[Statement, ...], node: Dual) -> bool:
    return any(isinstance(p.claim, OutsideClass) and {node.f, node.g} & {p.claim.phi, _slope(p.claim.phi)} for p in premises)


def _slope(phi: sp.Lambda) -> sp.Lambda:
    x = notation.x  # not phi's own: SymPy gives the identity a variable of its own
    return sp.Lambda(x, sp.Derivative(phi(x), x, evaluate=False))


def choose_derivative(premises: tuple[Statement, ...], conclusion: Statement, *, phi: sp.Lambda, choice: str, slope: sp.Lambda) -> Verdict:
    """Between the jumps the slope named is the derivative of phi, by finite differences."""
    if conclusion.claim.lhs != sp.Symbol("phi'") or conclusion.claim.rhs != slope:
        return false("another slope is named than the one chosen")
    if not any(assumption.key == f"derivative-{choice}" for assumption in conclusion.assumptions):
        return false("the choice is not listed as an assumption")
    if choice == "distributional":
        return proved("the derivative itself, left as it is")
    variable = phi.variables[0]
    values = {symbol: sp.Rational(7 + k, 5) for k, symbol in enumerate(sorted(phi.free_symbols, key=str))}
    f, g = (expr.xreplace(values) for expr in (phi.expr, slope.expr))
    step = sp.Rational(1, 10**8)
    for point in (sp.Rational(-37, 11), sp.Rational(-5, 13), sp.Rational(3, 17), sp.Rational(29, 7)):
        difference = (f.subs(variable, point + step) - f.subs(variable, point - step)) / (2 * step) - g.subs(variable, point)
        if abs(sp.N(difference, 40)) > sp.Rational(1, 10**10):
            return false(f"at x = {point} the slope is not the derivative")
    return tested(4, 10, "central differences between the jumps", scope="the deltas at the jumps are dropped by choice")


def jacobian_of_network(premises: tuple[Statement, ...], conclusion: Statement, *, slots: tuple[Any, ...], first_bias: bool) -> Verdict:
    """Every equation, with phi opened up again, is the theorem's at the layer it names; each layer has its own, and none is missing."""
    depth = sum(int(slot[0]) for slot in slots)
    biases = [first_bias, *(slot[3] for slot in slots for _ in range(int(slot[0])))]
    activations = [slot for slot in slots for _ in range(int(slot[0]))]
    theorem = [part.xreplace({notation.depth: sp.Integer(depth)}) for part in premises[0].claim]
    opened = next(iter(theorem[1].atoms(Applied))).function
    seen: list[tuple[str, int]] = []
    for equation in conclusion.claim:
        derivative = equation.lhs
        name = "start" if isinstance(derivative, Partial) and derivative.by.name == "h" else derivative.by.name if isinstance(derivative, Partial) else "B"
        layer = int(derivative.by.layer if isinstance(derivative, Partial) else derivative.layer)
        level = layer if name in ("B", "start") else layer - 1
        position = {"start": 0, "B": 1, "omega": 2, "beta": 3}[name]
        again = equation.xreplace({activations[layer - 1][2]: opened}) if name == "B" else equation
        if again != theorem[position].xreplace({notation.layer: sp.Integer(level)}):
            return false(f"the equation for {derivative} is not that of the theorem")
        seen.append((name, layer))
    wanted = [("start", depth + 1)] + [("B", k) for k in range(1, depth + 1)] + [("omega", k) for k in range(1, depth + 2)]
    wanted += [("beta", k + 1) for k, bias in enumerate(biases) if bias]
    if sorted(seen) != sorted(wanted):
        return false("a layer is missing or stands twice")
    return proved(r"with $\phi$ opened up again every equation is the theorem's at its layer; every layer has its own")
