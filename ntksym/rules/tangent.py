"""The exact tangent kernel of a finite network of any wiring: backward through the graph, then layer by layer."""

from __future__ import annotations

import sympy as sp

from ntksym import notation
from ntksym.errors import RuleError
from ntksym.nodes import Applied, Entry, Partial
from ntksym.proof import Regime, Statement, rule
from ntksym.rules.calculus import DIFFERENTIABLE
from ntksym.rules.checks import tangent as checks
from ntksym.rules.contraction import add_up, at_input, index, renamed
from ntksym.sources import Citation

X, Y = notation.x1, notation.x2
Shapes = tuple[tuple[Entry, tuple[sp.Expr, ...]], ...]
_STANDARD = {"omega": "W", "beta": "b"}
OUTPUT = sp.Symbol("theta")  # f^theta: the output at these parameters


def output_entry(coordinate: sp.Expr, label: sp.Symbol = X) -> Entry:
    """The output of the network, heads side by side."""
    return Entry("f", OUTPUT, (label,), (coordinate,))


def backward_entry(tensor: Entry, coordinate: sp.Expr, output: sp.Expr) -> Entry:
    """B of a tensor: the derivative of output ``output`` by the tensor at ``coordinate``."""
    return Entry("B", sp.Symbol(f"{tensor.name}^{tensor.layer}"), tensor.inputs, (output, coordinate))


@rule(
    source=Citation("", "differentiation of the formula on the edge"),
    check=checks.edge_jacobian,
    reason="The local Jacobian on this edge of the chain-rule graph; where a tensor is used twice, the sum of both.",
)
def edge_jacobian(definition: Statement, *, by: Entry, jacobian: sp.Expr) -> Statement:
    r"""\partial t_a/\partial s_b

    ``definition``: of the tensor at the head; ``by``: the entry at the tail; ``jacobian``: read off the graph.
    """
    smooth = (DIFFERENTIABLE,) if jacobian.has(Applied) else ()
    return Statement(sp.Eq(Partial(definition.claim.lhs, by), jacobian, evaluate=False), Regime.EXACT, smooth)


@rule(
    source=Citation("", "definition"),
    check=checks.output_jacobian,
    reason="The outputs are this tensor (heads side by side), so their derivative by it is the identity, shifted to its place.",
)
def output_jacobian(*, tensor: Entry, offset: sp.Expr) -> Statement:
    r"""B^{\text{out}}_{ob} := \partial f_o/\partial h_b = \delta_{o,\,b+\text{offset}}"""
    o, b = index("o"), index("b")
    return Statement(sp.Eq(backward_entry(tensor, b, o), sp.KroneckerDelta(o, b + offset), evaluate=False))


@rule(
    source=Citation("", "chain rule"),
    check=checks.backward,
    reason="A tensor acts on the outputs through the tensors made from it: the sum over them of the products of Jacobians.",
)
def backward(*edges: Statement, widths: tuple[sp.Expr, ...]) -> Statement:
    r"""B^{s}_{ob} = \sum_{t}\sum_a B^{t}_{oa}\,\frac{\partial t_a}{\partial s_b}

    ``edges``: the local Jacobians of every tensor made from s; ``widths``: of those tensors.
    """
    o, b, c = index("o"), index("b"), index("d")
    tensor = edges[0].claim.lhs.by
    total = sp.S.Zero
    for edge, width in zip(edges, widths, strict=True):
        of, by = edge.claim.lhs.of, edge.claim.lhs.by
        if by.args[:3] != tensor.args[:3]:
            raise RuleError(f"{by} is not {tensor}", where="backward", why="the edges start at different tensors")
        local = renamed(edge.claim.rhs, {of.indices[0]: c, by.indices[0]: b})
        total += add_up(backward_entry(of, c, o) * local, c, width)
    return Statement(sp.Eq(backward_entry(tensor, b, o), total, evaluate=False))


@rule(
    source=Citation("", "chain rule"),
    check=checks.parameter_jacobian,
    reason="A parameter acts through every tensor it makes.",
)
def parameter_jacobian(*edges: Statement, widths: tuple[sp.Expr, ...]) -> Statement:
    r"""\frac{\partial f_o}{\partial\omega_{ab}} = \sum_{t}\sum_c B^{t}_{oc}\,\frac{\partial t_c}{\partial\omega_{ab}}

    ``edges``: the local Jacobians by the parameter of every tensor it makes; ``widths``: of those tensors.
    """
    o, c = index("o"), index("d")
    parameter = edges[0].claim.lhs.by
    names = dict(zip(parameter.indices, (index("a"), index("b")) if len(parameter.indices) == 2 else (index("b"),), strict=True))
    by = Entry(*parameter.args[:3], tuple(names.values()))
    total = sp.S.Zero
    for edge, width in zip(edges, widths, strict=True):
        of = edge.claim.lhs.of
        if edge.claim.lhs.by.args[:3] != parameter.args[:3]:
            raise RuleError(f"{edge.claim.lhs.by} is not {parameter}", where="parameter_jacobian")
        local = renamed(edge.claim.rhs, {of.indices[0]: c, **names})
        total += add_up(backward_entry(of, c, o) * local, c, width)
    return Statement(sp.Eq(Partial(output_entry(o), by), total, evaluate=False))


@rule(
    source=Citation("lee2019", "Eq. 4"),
    check=checks.layer_term,
    reason="The inner product of outer products is the product of the inner products; a matrix that is used several times gives one term per pair of uses.",
)
def layer_term(jacobian: Statement, *, widths: tuple[sp.Expr, ...], standard: bool = False) -> Statement:
    r"""\hat\Theta^{\omega}_{op} = \sum_{a,b}\partial_{\omega_{ab}}f_o\,\partial_{\omega_{ab}}f'_p = \tfrac{\sigma_w^2}{n}(z\cdot z')(B\,B'^\top)_{op}

    ``jacobian``: of the outputs by one parameter; ``widths``: the ranges of the parameter's coordinates.  ``standard``: what is trained is
    W = sigma_w omega/sqrt(n), or b = sigma_b beta, whose derivative is sqrt(n)/sigma_w, or 1/sigma_b, times as large.
    """
    claim = jacobian.claim
    by, o, p = claim.lhs.by, index("o"), index("p")
    left, right = claim.rhs, at_input(renamed(claim.rhs, {o: p}), Y)
    total = sp.S.Zero
    for one in sp.Add.make_args(sp.expand(left)):
        for two in sp.Add.make_args(sp.expand(right)):
            term = one * two
            for variable, width in zip(by.indices, widths, strict=True):
                term = add_up(term, variable, width)
            total += term
    if standard:
        scale = widths[0] / notation.sigma_w**2 if by.name == "omega" else 1 / notation.sigma_b**2
        by, total = Entry(_STANDARD[by.name], by.layer), sp.expand(scale * total)
    return Statement(sp.Eq(layer_kernel(by, o, p), total, evaluate=False))


def layer_kernel(parameter: Entry, first: sp.Expr, second: sp.Expr) -> Entry:
    """The part of the tangent kernel that one parameter gives."""
    return Entry("Thetahat", sp.Symbol(f"{parameter.name}^{parameter.layer}"), (X, Y), (first, second))


@rule(
    source=Citation("lee2019", "Eq. 4"),
    check=checks.tangent_kernel_of_wiring,
    reason="The tangent kernel is the sum over all trained parameters; frozen ones do not move.",
)
def tangent_kernel_of_wiring(*premises: Statement, trained: tuple[Entry, ...], outputs: tuple[Entry, ...], shapes: Shapes) -> Statement:
    r"""\hat\Theta_{op}(x,x') = \sum_{\text{trained parameters}} \hat\Theta^{\omega}_{op}(x,x')

    ``premises``: the definitions of all tensors in order, the Jacobians backward, then the terms of the trained parameters; ``trained``: those; ``outputs``:
    the tensors that are outputs; ``shapes``: the widths of the coordinates of everything.
    """
    o, p = index("o"), index("p")
    terms = [s.claim for s in premises if isinstance(s.claim, sp.Eq) and isinstance(s.claim.lhs, Entry) and s.claim.lhs.name == "Thetahat"]
    found = [term.lhs for term in terms]
    wanted = [layer_kernel(entry, o, p) for entry in trained]
    if found != wanted:
        raise RuleError("a trained parameter has no term, or the order differs", where="tangent_kernel_of_wiring")
    whole = Entry("Thetahat", OUTPUT, (X, Y), (o, p))
    return Statement(sp.Eq(whole, sp.Add(*(term.rhs for term in terms)), evaluate=False))
