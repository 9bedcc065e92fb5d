"""Recursions: read off the theorem at every layer, specialised to a network's activations and depth, with the closed duals put in."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import sympy as sp

from ntksym import notation
from ntksym.errors import RuleError
from ntksym.forms import Block, CrossDualForm, DualForm, NumericDual, OutsideClass, Parameter, Recursion
from ntksym.nodes import Applied, Dual, Entry
from ntksym.proof import Assumption, Regime, Statement, rule
from ntksym.rules.checks import recursion as checks
from ntksym.rules.limits import PHI_REGULAR
from ntksym.sources import Citation

X, Y = notation.x1, notation.x2
_PAIRS = ((X, X, "11"), (X, Y, "12"), (Y, Y, "22"))
_STATE = {name: {"11": getattr(notation, f"{name}11"), "12": getattr(notation, f"{name}12"), "22": getattr(notation, f"{name}22")} for name in ("K", "Theta")}
_GRAM = {"11": notation.s11, "12": notation.s12, "22": notation.s22}
_OUTPUTS = {"K": "nngp", "Theta": "ntk"}


class Slot(NamedTuple):
    """One segment of a network: ``repeat`` times phi (whose derivative stands for phi' as ``slope``) and a Dense with or without biases."""

    repeat: sp.Expr
    phi: sp.Lambda
    slope: sp.Lambda
    bias: bool


@rule(
    source=Citation("jacot2018", "Thm. 1"),
    check=checks.read_recursion,
    reason="The theorem at every layer, read as a recursion from the first layer to the output, for the three pairs of inputs.",
)
def read_recursion(*theorems: Statement, depth: sp.Expr) -> Statement:
    r"""K^1,\; K^{\ell+1} = F(K^\ell),\;\ell = 1,\dots,L

    ``theorems``: inductions, each with the value at layer 1 and at layer l+1; the network has ``depth`` hidden layers.
    """
    base: list[tuple[sp.Symbol, sp.Expr]] = []
    update: list[tuple[sp.Symbol, sp.Expr]] = []
    outputs = []
    level = notation.layer
    for theorem in theorems:
        first, following = [part for part in theorem.claim if isinstance(part, sp.Eq)]
        name = first.lhs.name
        for p, q, key in _PAIRS:
            symbol = _STATE[name][key]
            base.append((symbol, _states(_at(first.rhs, p, q), sp.S.One, dict(base))))
            update.append((symbol, _states(_at(following.rhs, p, q), level + 1, dict(update)).xreplace(_entries(level))))
        outputs.append((_OUTPUTS[name], _STATE[name]["12"], _STATE[name]["11"]))
    state = tuple(symbol for symbol, _ in base)
    parameters = tuple(Parameter(s, s, True) for s in (notation.sigma_w, notation.sigma_b) if any(v.has(s) for _, v in (*base, *update)))
    block = Block(depth, tuple(update), f"hidden layers 1 to {depth}")
    return Statement(Recursion(depth, state, tuple(base), (block,), tuple(outputs), parameters, ()))


def _at(expression: sp.Expr, first: sp.Symbol, second: sp.Symbol) -> sp.Expr:
    gram = _GRAM[next(key for p, q, key in _PAIRS if (p, q) == (first, second))]
    return expression.xreplace({X: first, Y: second, notation.s12: gram})


def _entries(level: sp.Expr) -> dict[sp.Basic, sp.Basic]:
    return {Entry(name, level, (p, q)): _STATE[name][key] for name in _STATE for p, q, key in _PAIRS}


def _states(expression: sp.Expr, level: sp.Expr, known: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    """Kernels at ``level`` replaced by what they are."""
    return expression.xreplace({entry: known[symbol] for entry, symbol in _entries(level).items() if symbol in known})


@rule(
    source=Citation("", r"a statement about every $\phi$ and $L$ holds for each; hypotheses on $\phi$ are checked here"),
    check=checks.specialise,
    reason="The general recursion for this activation and this depth; a literal zero for $\\sigma_b$ removes the bias terms.",
    discharges=(PHI_REGULAR,),
)
def specialise(general: Statement, *choices: Statement, slots: tuple[Slot, ...], first_bias: bool, parameters: tuple[Parameter, ...]) -> Statement:
    r"""\phi := \text{the activation},\quad L := \text{the depth}

    ``choices``: which derivative is meant where phi jumps; ``slots``: the segments of the network; ``first_bias``: whether its first Dense has biases;
    ``parameters``: its keywords and their defaults.
    """
    recursion: Recursion = general.claim
    if len(recursion.blocks) != 1:
        raise RuleError("the recursion is specialised already", where="specialise")
    (block,) = recursion.blocks
    base = tuple((s, _without_bias(value, first_bias)) for s, value in recursion.base)
    blocks, start = [], sp.S.One
    for slot in map(Slot._make, slots):
        update = tuple((s, _without_bias(_with_activation(value, slot), slot.bias)) for s, value in block.update)
        blocks.append(Block(slot.repeat, update, _label(start, slot.repeat)))
        start += slot.repeat
    chosen = [choice.claim.rhs for choice in choices]
    for slot in map(Slot._make, slots):
        if not isinstance(slot.slope.expr, sp.Derivative) and slot.slope not in chosen:
            raise RuleError(f"{slot.slope} stands for phi' without a step that says so", where="specialise")
    assumptions = [_assumed(slot) for slot in map(Slot._make, slots)]
    claim = Recursion(sp.expand(start - 1), recursion.state, base, tuple(blocks), recursion.outputs, parameters, ())
    return Statement(claim, Regime.EXACT, tuple(sorted({a for a in assumptions if a is not None})))


def _without_bias(value: sp.Expr, bias: bool) -> sp.Expr:
    return value if bias else value.xreplace({notation.sigma_b: sp.S.Zero})


def _with_activation(value: sp.Expr, slot: Slot) -> sp.Expr:
    def put_in(node: Dual) -> sp.Expr:
        function = slot.slope if isinstance(node.f.expr, sp.Derivative) else slot.phi
        return sp.S.Zero if function.expr == 0 else Dual(function, function, *node.q)

    return value.xreplace({node: put_in(node) for node in value.atoms(Dual)})


def _label(start: sp.Expr, repeat: sp.Expr) -> str:
    last = start + repeat - 1
    return f"hidden layer {start}" if repeat == 1 else f"hidden layers {start} to {last}"


def _assumed(slot: Slot) -> Assumption | None:
    """What of the hypotheses on phi is not seen from its growth and stays an assumption."""
    if checks.fourth_moments_finite(slot.phi) and checks.fourth_moments_finite(slot.slope):
        return None
    return Assumption(
        "phi-moments",
        r"$\phi$ is differentiable almost everywhere; $\phi(u)$ and $\phi'(u)$ have finite fourth moments under the Gaussian laws of the pre-activations, "
        "which their growth alone does not show.",
    )


@rule(
    source=Citation("", r"a statement about every layer, $\phi$ and $L$ holds for each"),
    check=checks.jacobian_of_network,
    reason="The theorem at every layer of this network, from the output down; a literal zero for $\\sigma_b$ removes the derivatives by biases.",
)
def jacobian_of_network(theorem: Statement, *, slots: tuple[Slot, ...], first_bias: bool) -> Statement:
    r"""\ell := L, L-1, \dots, 0,\quad \phi := \text{the activation of layer } \ell

    ``theorem``: B at the output, B's recursion, and the derivatives by weights and biases; ``slots``, ``first_bias``: the network's segments.
    """
    start, recursion, *own = theorem.claim
    layers = [slot for slot in map(Slot._make, slots) for _ in range(int(slot.repeat))]
    depth = sp.Integer(len(layers))
    parts = [start.xreplace({notation.depth: depth})]
    for level in range(len(layers), 0, -1):
        slot = layers[level - 1]
        (open_slope,) = {node.function for node in recursion.atoms(Applied)}
        parts.append(recursion.xreplace({open_slope: slot.slope}).xreplace({notation.layer: sp.Integer(level), notation.depth: depth}))
    for level in range(len(layers), -1, -1):
        bias = layers[level - 1].bias if level else first_bias
        for equation in own if bias else own[:1]:
            parts.append(equation.xreplace({notation.layer: sp.Integer(level), notation.depth: depth}))
    return Statement(sp.Tuple(*parts))


@rule(
    source=Citation("yang2020", "NETSOR-T master theorem"),
    check=checks.joint_limit,
    reason="A theorem of the literature, not used below: the same recursion holds when all widths tend to infinity together.",
    changes_regime=Regime.LIMIT_JOINT,
)
def joint_limit(recursion: Statement, *, functions: tuple[sp.Lambda, ...]) -> Statement:
    r"""n_1,\dots,n_L \to \infty \text{ together}: \text{ the same recursion}

    ``functions``: phi and phi' of every layer, which the theorem wants bounded by a polynomial.
    """
    return Statement(recursion.claim, Regime.EXACT)


@rule(source=Citation("", "equals for equals"), check=checks.put_in_duals, reason="The dual activations in closed form.")
def put_in_duals(recursion: Statement, *duals: Statement) -> Statement:
    r"""V_\phi := \text{its closed form}

    ``duals``: conclusions of their own derivations; one outside the class leaves its V an expectation, for code to compute where it can.
    """
    claim: Recursion = recursion.claim
    if any(not isinstance(dual.claim, DualForm | CrossDualForm | OutsideClass) for dual in duals):
        raise RuleError("a premise is no dual activation", where="put_in_duals")
    forms = tuple(dual.claim for dual in duals if isinstance(dual.claim, DualForm))
    numeric = tuple(dual.claim for dual in duals if isinstance(dual.claim, NumericDual))
    crosses = tuple(dual.claim for dual in duals if isinstance(dual.claim, CrossDualForm))
    return Statement(replace(claim, duals=forms, numeric=numeric, crosses=crosses))


@rule(
    source=Citation("", "convention: which derivative of a jump is meant"),
    check=checks.choose_derivative,
    reason=r"$\phi$ jumps, so its derivative is a choice: the one named by the network.",
)
def choose_derivative(*, phi: sp.Lambda, choice: str, slope: sp.Lambda) -> Statement:
    r"""\phi' := \text{the derivative almost everywhere, or the distributional one}"""
    text = {
        "almost_everywhere": r"$\phi$ jumps and $\phi'$ is its derivative almost everywhere, which is what a finite network trains with.",
        "distributional": r"$\phi$ jumps and $\phi'$ is its distributional derivative: the limit of smooth networks, not of finite networks with this $\phi$.",
    }[choice]
    return Statement(sp.Eq(sp.Symbol("phi'"), slope, evaluate=False), Regime.EXACT, (Assumption(f"derivative-{choice}", text),))
