"""Claims about training: a Flow as matrix formulas and one function of an eigenvalue."""

from __future__ import annotations

from functools import singledispatch

import sympy as sp

from ntksym.forms import EnsembleFlow, Flow
from ntksym.nodes import Spectral
from ntksym.notation import lam, rho, rho_1, rho_2
from ntksym.report.document import Block, Equation, Formula, Prose, Row, Text
from ntksym.report.glyphs import Call, Glyph
from ntksym.report.prose import sentence, stop, words

_FILTER = Glyph(r"\psi_{t}", "psi_t")
_LONG = 25  # operations
_DYNAMICS = {
    "gradient_flow": "Gradient flow, $t$ counted in steps of the same learning rate:",
    "gradient_descent": "Gradient descent, $t = 0, 1, 2, \\dots$:",
    "momentum": "Gradient descent with momentum (the heavy ball), $t = 0, 1, 2, \\dots$, from rest:",
    "momentum_flow": "The flow whose unit step is the heavy ball, from rest:",
}


def with_long_filters_named(rows: list[Row]) -> list[Row]:
    """A long function of the kernel matrix as psi_t, said below for an eigenvalue: in the formula it would not be recognized."""
    made: list[Row] = []
    found: list[Spectral] = []
    for row in rows:
        long = [node for node in sorted(row.right.atoms(Spectral), key=str) if node.function.expr.count_ops() > _LONG]
        found += [node for node in long if node.function not in [known.function for known in found]]
        made.append(Row(row.left, row.relation, row.right.xreplace({node: _named(node) for node in long}), row.note))
    if len(found) != 1:
        return made if not found else rows
    return [*made, Row(Call(_FILTER, lam), "=", found[0].function.expr)]


def with_filter_named(equation: sp.Eq) -> tuple[sp.Expr, sp.Expr]:
    """Both sides, with psi_t in the place of the function of the kernel matrix."""
    named = {node: _named(node) for node in equation.rhs.atoms(Spectral)}
    return equation.lhs, equation.rhs.xreplace(named)


def _named(node: Spectral) -> sp.Expr:
    return Spectral(sp.Lambda(lam, sp.Function("psi_t")(lam)), node.matrix)


@singledispatch
def flow_blocks(claim: object, number: str) -> tuple[Block, ...]:
    """The blocks that state a claim about training; an unknown type raises."""
    raise TypeError(f"no way to show {type(claim).__name__}")


@flow_blocks.register(Flow)
def _flow(flow: Flow, number: str) -> tuple[Block, ...]:
    rows = [Row(left, "=", right) for left, right in map(with_filter_named, flow.equations)]
    limit = Prose((Text("A mode that converges ends at "), Formula(flow.final), Text("; it converges where "), Formula(flow.stable), Text(".")))
    return (
        sentence(_DYNAMICS[flow.dynamics]),
        Equation(tuple(rows), (), number),
        words("with, for every eigenvalue of the kernel matrix on the training inputs,"),
        Equation(tuple(_filter_rows(flow))),
        *_roots(flow),
        limit,
        *_places(flow),
    )


def _filter_rows(flow: Flow) -> list[Row]:
    """psi_t; with two roots, by their names."""
    return [Row(Call(_FILTER, lam), "=", flow.by_roots)]


def _roots(flow: Flow) -> tuple[Block, ...]:
    """What the two roots are roots of."""
    if len(flow.roots) == 1:
        return ()
    named = flow.characteristic.xreplace({rho: sp.Symbol("rho_i")})
    words_before = Prose((Text("where "), Formula(rho_1), Text(" and "), Formula(rho_2), Text(" are the roots of")))
    return (words_before, Equation((Row(named, "=", sp.S.Zero),)))


def _places(flow: Flow) -> tuple[Block, ...]:
    """What is meant where the formula reads 0/0."""
    several = len(flow.roots) > 1
    meant = "Where two roots meet, and at $\\lambda = 0$ without a ridge," if several else "At $\\lambda = 0$ without a ridge"
    return (stop(sentence(f"{meant} the function is its limit: no inverse of the kernel is needed")),)


@flow_blocks.register(EnsembleFlow)
def _ensemble(ensemble: EnsembleFlow, number: str) -> tuple[Block, ...]:
    rows = [Row(left, "=", right) for left, right in map(with_filter_named, (ensemble.mean, ensemble.covariance))]
    return (
        words("Over the draw of the initial parameters the outputs are Gaussian, with"),
        Equation(tuple(rows), (), number),
        words("and, for every eigenvalue of the kernel matrix on the training inputs,"),
        Equation(tuple(_filter_rows(ensemble.flow))),
        *_roots(ensemble.flow),
        *_places(ensemble.flow),
    )
