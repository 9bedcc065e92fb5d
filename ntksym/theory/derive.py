"""``derive(network, target)``: the general theorem, made special."""

from __future__ import annotations

import functools

import sympy as sp

from ntksym.errors import NetworkError
from ntksym.forms import phi_derivative
from ntksym.gaussian import dual
from ntksym.network import Network, Pointwise
from ntksym.proof import Derivation
from ntksym.rules import algebra, recursion
from ntksym.rules.checks.growth import Growth, growth
from ntksym.rules.recursion import Slot
from ntksym.theory import theorems
from ntksym.theory.dynamics import trained_network
from ntksym.theory.jumps import has_jumps, slope_between_jumps
from ntksym.theory.parameters import distinct, keywords
from ntksym.theory.wired import wired
from ntksym.theory.wired_tangent import wired_jacobian

TARGETS = ("jacobian", "nngp", "ntk", "linearized", "ensemble")
ALIASES = {"flow": "linearized"}


def derive(network: Network, target: str = "ntk") -> Derivation:
    """The derivation of a network's Jacobian, NNGP or NTK recursion, or of its training.

    The conclusion's claim is a :class:`ntksym.forms.Recursion` for "nngp" and "ntk", the equations of every layer for "jacobian" (the general ones where the
    depth is a symbol), a :class:`ntksym.forms.Flow` for "linearized" (alias "flow"): gradient flow of the linearized network at infinite width on the squared
    loss, and an :class:`ntksym.forms.EnsembleFlow` for "ensemble": the law of its outputs over the draw of the initial parameters.  An activation outside the
    class of closed forms leaves its V as an expectation, and a step says why.  NetworkError for a target that is not supported, and for a target with the NTK
    and an activation that jumps unless its Pointwise says which derivative is meant.
    """
    if not isinstance(network, Network):
        raise NetworkError(f"{network!r} is a {type(network).__name__}", where="derive", fix="make a network first: fcn(3, 'relu')")
    target = ALIASES.get(target, target)
    if target not in TARGETS:
        raise NetworkError(f"target {target!r}", where="derive", fix=f"use one of {', '.join(TARGETS)}")
    return _derive(network, target)


@functools.lru_cache(maxsize=256)
def _derive(network: Network, target: str) -> Derivation:
    if target in ("linearized", "ensemble"):
        title = f"{'Linearized training' if target == 'linearized' else 'Trained ensemble'} of {_title(network, 'ntk').partition(' of ')[2]}"
        return trained_network(title, _derive(network, "ntk"), "gradient_flow", law=target == "ensemble")
    if target == "jacobian":
        return _jacobian(network) if network.is_chain else wired_jacobian(network, _title(network, target))
    if not network.is_chain:
        return wired(distinct(network), target, _title(network, target))
    general = theorems.nngp_theorem() if target == "nngp" else theorems.ntk_theorem()
    if network == theorems.general_network():
        return general
    network = distinct(network)
    if target == "ntk":
        for pointwise in network.pointwises:
            _require_derivative(pointwise)
    d = Derivation(_title(network, target))
    choices = []
    slots = []
    for segment in network.segments():
        slope = phi_derivative(segment.pointwise.function)
        if target == "ntk" and segment.pointwise.derivative is not None and has_jumps(segment.pointwise):
            if segment.pointwise.derivative == "almost_everywhere":
                slope = slope_between_jumps(segment.pointwise.function)
            d = d.by(recursion.choose_derivative, phi=segment.pointwise.function, choice=segment.pointwise.derivative, slope=slope)
            choices.append(d.last)
        slots.append(Slot(segment.repeat, segment.pointwise.function, slope, segment.has_bias))
    d = d.by(algebra.use_lemma, derivation=general)
    lemma = d.last
    d = d.by(recursion.specialise, lemma, *choices, slots=tuple(map(tuple, slots)), first_bias=network.first.has_bias, parameters=keywords(network))
    special = d.last
    functions = _functions(slots, target)
    if all(growth(f) <= Growth.POLYNOMIAL for f in functions):
        d = d.by(recursion.joint_limit, special, functions=functions)
    closed = []
    for function in _functions_with_duals(slots, target):
        d = d.by(algebra.use_lemma, derivation=dual(function))
        closed.append(d.last)
    return d.by(recursion.put_in_duals, special, *closed) if closed else d


def _jacobian(network: Network) -> Derivation:
    """The theorem, at the layers of the network where their number is known."""
    theorem = theorems.jacobian_theorem()
    if not network.depth.is_Integer:
        return theorem
    segments = network.segments()
    slots = tuple((s.repeat, s.pointwise.function, phi_derivative(s.pointwise.function), s.has_bias) for s in segments)
    d = Derivation(_title(network, "jacobian")).by(algebra.use_lemma, derivation=theorem)
    return d.by(recursion.jacobian_of_network, d.last, slots=slots, first_bias=network.first.has_bias)


def _title(network: Network, target: str) -> str:
    names = []
    for pointwise in network.pointwises:
        name = pointwise.phi.name
        if name == "phi" and not pointwise.is_abstract:
            name = f"phi(x) = {pointwise.function.expr}"
        if name not in names:
            names.append(name)
    if not network.is_chain:
        made = f"a network of {len(network.wiring.nodes) - 1} tensors"
        what = "Tangent kernel" if target == "jacobian" else target.upper()
        return f"{what} of {made}, {', '.join(names)}" if names else f"{what} of {made}"
    layers = "layer" if network.depth == 1 else "layers"
    return f"{'Jacobian' if target == 'jacobian' else target.upper()} of a fully connected network with {network.depth} hidden {layers}, {', '.join(names)}"


def _require_derivative(pointwise: Pointwise) -> None:
    if pointwise.derivative is not None or not has_jumps(pointwise):
        return
    raise NetworkError(
        f"the activation {pointwise.phi.name} jumps",
        where="derive, target 'ntk'",
        why="a finite network trains with the derivative almost everywhere; smooth networks tend to one with a delta, and a kernel infinite at x = x'",
        fix=f"say which, Pointwise({pointwise.phi.name!r}, derivative='almost_everywhere') or 'distributional' "
        "(on the command line --derivative); or take target 'nngp'",
    )


def _functions(slots: list[Slot], target: str) -> tuple[sp.Lambda, ...]:
    found: list[sp.Lambda] = []
    for slot in slots:
        for function in (slot.phi,) if target == "nngp" else (slot.phi, slot.slope):
            if function not in found:
                found.append(function)
    return tuple(found)


def _functions_with_duals(slots: list[Slot], target: str) -> list[sp.Lambda]:
    """The functions whose duals the recursion holds: every phi, and a slope that is not simply the derivative of its phi."""
    found: list[sp.Lambda] = []
    for function in _functions(slots, target):
        if not isinstance(function.expr, sp.Derivative) and function.expr != 0 and not _is_open(function):
            found.append(function)
    return found


def _is_open(function: sp.Lambda) -> bool:
    return bool(function.expr.atoms(sp.core.function.AppliedUndef))
