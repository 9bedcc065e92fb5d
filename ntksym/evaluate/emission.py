"""A network's kernels as the text of one standalone Python module.  Loads no jax."""

from __future__ import annotations

import functools

from ntksym._version import __version__
from ntksym.errors import LoweringError
from ntksym.forms import EnsembleFlow, Flow, OutsideClass, Recursion
from ntksym.gaussian.fallback import without_numbers
from ntksym.lowering import Header, Program, flow_section, jax_source, lower_flow, lower_recursion, recursion_text
from ntksym.network import Network
from ntksym.notation import CONVENTIONS, TRAINING_CONVENTIONS_TEX
from ntksym.proof import Derivation
from ntksym.report.characters import ascii_only, tex_to_text
from ntksym.theory import derive
from ntksym.theory.derive import ALIASES

TARGETS = ("nngp", "ntk", "linearized", "ensemble")


def emit(network: Network, target: str = "ntk") -> str:
    """One Python module, standalone, imports jax only, with ``kernel_fn(x1, x2=None, get=..., *, sigma_w=..., ...)``.

    Target "linearized" (alias "flow") adds ``factorize(k_train_train)`` and ``flow(k_train_train, y_train, t, *, k_test_train=None, ...) -> (train, test)``,
    gradient flow on the squared loss; target "ensemble" also ``ensemble(nngp, ntk, y_train, t, *, ...) -> (mean, cov)``.

    The header names version, formula, conventions, assumptions and what happens where the mathematics is singular.  LoweringError for a target that
    is not supported, a symbolic depth, or an activation whose dual has no closed form and cannot be computed.
    """
    return _emitted(network, _checked(target))


def program(network: Network, target: str = "ntk") -> Program:
    """The Program behind :func:`emit`."""
    return _program(network, _checked(target))


def _checked(target: str) -> str:
    target = ALIASES.get(target, target)
    if target not in TARGETS:
        raise LoweringError(f"target {target!r}", where="emit", why=f"code is generated for {', '.join(TARGETS)}", fix='use target="ntk"')
    return target


@functools.lru_cache(maxsize=128)
def _emitted(network: Network, target: str) -> str:
    if target in ("nngp", "ntk"):
        return jax_source(_program(network, target))
    claim = derive(network, target).conclusion.claim
    flow = claim.flow if isinstance(claim, EnsembleFlow) else claim
    return jax_source(_program(network, target), flow_section(lower_flow(flow), law=target == "ensemble"))


@functools.lru_cache(maxsize=128)
def _program(network: Network, target: str) -> Program:
    derivation = derive(network, target)
    recursion = derivation.conclusion.claim
    recursion = recursion.flow if isinstance(recursion, EnsembleFlow) else recursion
    training = isinstance(recursion, Flow)
    recursion = recursion.recursion if isinstance(recursion, Flow) else recursion
    if not isinstance(recursion, Recursion):
        raise LoweringError(f"the derivation concludes a {type(recursion).__name__}", where="emit", why="code needs a Recursion")
    _require_computable(derivation, recursion)
    names = tuple({pointwise.function: pointwise.phi.name for pointwise in network.pointwises}.items())
    header = Header(
        title=_title(network, target),
        version=__version__,
        formula=recursion_text(recursion),
        conventions=(*CONVENTIONS, *(map(_plain, TRAINING_CONVENTIONS_TEX) if training else ())),
        assumptions=tuple(_plain(assumption.text) for assumption in derivation.assumptions),
        names=names,
    )
    return lower_recursion(recursion, header)


def _require_computable(derivation: Derivation, recursion: Recursion) -> None:
    known = {form.phi for form in (*recursion.duals, *recursion.numeric)}
    for step in derivation.all_steps():
        claim = step.conclusion.claim
        if isinstance(claim, OutsideClass) and claim.phi not in known:
            raise LoweringError(
                f"the dual of phi(x) = {claim.phi.expr} can neither be written in closed form nor computed here",
                where="emit",
                why=f"the sub-term {claim.term} leads outside the class: {claim.reason}; and {without_numbers(claim.phi)}",
                fix="use another activation (see `ntksym list`), or read the derivation, where V_phi stays an expectation",
            )


def _title(network: Network, target: str) -> str:
    depth = network.depth
    names = sorted({pointwise.phi.name for pointwise in network.pointwises})
    what = {"nngp": "NNGP", "ntk": "NNGP and NTK", "linearized": "Training, NNGP and NTK", "ensemble": "Trained ensemble, NNGP and NTK"}[target]
    plural = "" if depth == 1 else "s"
    return f"{what} of a fully connected network with {depth} hidden layer{plural}, {', '.join(names)}, of infinite width."


def _plain(text: str) -> str:
    """An assumption's sentence in ASCII, its formulas as text."""
    pieces = text.split("$")
    return ascii_only("".join(tex_to_text(piece) if position % 2 else piece for position, piece in enumerate(pieces)))
