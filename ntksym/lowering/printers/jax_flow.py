"""FlowProgram -> text: the part of a generated module that trains linearized networks.  This file imports no jax."""

from __future__ import annotations

import sympy as sp

from ntksym.lowering.flows import FlowProgram
from ntksym.lowering.printers.jax import code
from ntksym.lowering.printers.jax_flow_runtime import AFTER_STEPS, ENSEMBLE, FLOW, SECOND_ORDER, SPECTRUM

_TITLES = {
    "gradient_flow": "gradient flow, t in steps",
    "gradient_descent": "gradient descent, t = 0, 1, 2, ...",
    "momentum": "gradient descent with momentum (the heavy ball), t = 0, 1, 2, ..., from rest",
    "momentum_flow": "the flow whose unit step is the heavy ball, t in steps, from rest",
}


def flow_section(program: FlowProgram, law: bool) -> str:
    """``factorize``, ``spectral_filter``, ``flow`` and, where ``law``, ``ensemble``; what they need to import is the prelude's."""
    parts = [SPECTRUM, *_filter(program), FLOW.replace("<dynamics>", _TITLES[program.dynamics])]
    if law:
        parts.append(ENSEMBLE.replace("<dynamics>", _TITLES[program.dynamics]))
    return "".join(parts)


def _filter(program: FlowProgram) -> list[str]:
    lines = [
        "",
        "",
        "def spectral_filter(lam, t, learning_rate=1.0, momentum=0.0, ridge=0.0):",
        f'    """psi_t(lam) = {program.formula},',
        "",
        f"    the roots being those of {program.law}; derived step: solve_by_modes.",
        "    At lam + r = 0 it is its limit.  At t = inf it is 1/(lam + r), and 0 for a mode that never moves.",
        '    """',
        "    # solve_by_modes, mode by mode",
        f"    strength = {code(program.pull)}",
        "    ended = jnp.isinf(t)",
        "    still = strength <= 0",
        "    time = jnp.where(ended, jnp.zeros_like(t), t)",
        "    safe = jnp.where(still, jnp.ones_like(strength), strength)",
        "    final = jnp.where(still, jnp.zeros_like(strength), 1 / safe)",
    ]
    helper = ""
    if program.continuous and program.order == 1:
        rate = program.coefficients[0]
        at_rest = program.at_rest.xreplace({sp.Symbol("t", nonnegative=True): sp.Symbol("time", nonnegative=True)})
        lines += [
            f"    rate = {code(rate)}",
            f"    moving = jnp.where(still, {code(at_rest)} * jnp.ones_like(strength), -jnp.expm1(-rate * time) / safe)",
        ]
    elif program.continuous:
        pull, damping = program.coefficients
        helper = SECOND_ORDER
        lines += [
            f"    damping, pull = {code(damping)}, {code(pull)}",
            f"    moving = ({code(program.gain)}) * _second_order(damping, pull, time)",
        ]
    else:
        helper = AFTER_STEPS
        first, *others = [-c for c in reversed(program.coefficients)]
        lines.append(f"    first = {code(first)}")
        if others:
            lines.append(f"    second = ({code(others[0])}) * jnp.ones_like(strength)")
            rows = "[[first, second], [jnp.ones_like(first), jnp.zeros_like(first)]]"
        else:
            rows = "[[first]]"
        lines += [
            "    # the state after one more step, and what that step adds",
            f"    step = jnp.moveaxis(jnp.array({rows}), (0, 1), (-2, -1))",
            f"    push = jnp.zeros_like(step[..., 0]).at[..., 0].set({code(program.gain)})",
            "    moving = _after_steps(step, push, time)",
        ]
    lines.append("    return jnp.where(ended, final, moving)")
    return [helper, "\n".join(lines) + "\n"]
