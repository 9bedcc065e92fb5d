"""Calculus on the chain-rule graph: exact statements about a network of any widths."""

from __future__ import annotations

import sympy as sp

from ntksym import notation
from ntksym.errors import RuleError
from ntksym.nodes import Applied, Entry, Partial, Width
from ntksym.proof import Assumption, Regime, Statement, rule
from ntksym.rules.checks import calculus as checks
from ntksym.rules.contraction import add_up, at_input, index, product_of_sums, renamed
from ntksym.sources import Citation

DIFFERENTIABLE = Assumption(
    "phi-differentiable",
    r"$\phi$ is differentiable at every pre-activation that occurs; if it is so almost everywhere, this holds almost surely unless $x = 0$ without biases.",
)


@rule(source=Citation("lee2019", "Eq. 1"), check=checks.forward_pass, reason="This is how the network computes this tensor.")
def forward_pass(*, equation: sp.Eq) -> Statement:
    r"""h^{\ell+1}_i = \frac{\sigma_w}{\sqrt{n_\ell}}\sum_a z^\ell_a\,\omega^{\ell+1}_{ai} + \sigma_b\,\beta^{\ell+1}_i,\qquad z^\ell_a = \phi(h^\ell_a)

    ``equation`` is a tensor node's value, read off the graph.
    """
    return Statement(equation)


@rule(
    source=Citation("", "differentiation of an affine or an entrywise map"),
    check=checks.local_jacobian,
    reason="The local Jacobian standing on this edge of the chain-rule graph.",
)
def local_jacobian(definition: Statement, *, by: Entry, jacobian: sp.Expr) -> Statement:
    r"""\partial t_i/\partial s_j

    ``definition`` is the head's value; ``jacobian`` stands on the edge from ``by``.
    """
    smooth = (DIFFERENTIABLE,) if jacobian.has(Applied) else ()
    return Statement(sp.Eq(Partial(definition.claim.lhs, by), jacobian, evaluate=False), Regime.EXACT, smooth)


@rule(
    source=Citation("", "chain rule"),
    check=checks.chain_rule,
    reason="The derivative through a layer is the sum, over its neurons, of the products of the Jacobians on both sides.",
)
def chain_rule(outer: Statement, inner: Statement) -> Statement:
    r"""\frac{\partial f}{\partial s} = \sum_a \frac{\partial f}{\partial t_a}\frac{\partial t_a}{\partial s}

    ``outer`` differentiates f by the tensor t, ``inner`` differentiates the same tensor by s.
    """
    above, below = outer.claim, inner.claim
    if not isinstance(above.lhs, Partial) or not isinstance(below.lhs, Partial) or above.lhs.by.args[:3] != below.lhs.of.args[:3]:
        raise RuleError(
            f"{below.lhs} does not continue {above.lhs}", where="chain_rule", why="the tensor in the middle must be the same, at the same layer and input"
        )
    middle, by = above.lhs.by.indices[0], below.lhs.by
    taken = above.free_symbols | below.free_symbols
    dummy = next(s for s in (index(c) for c in "acdefg") if s not in taken)
    free = _fresh_coordinates(by, set(above.lhs.of.indices) | {dummy})
    first = renamed(above.rhs, {middle: dummy})
    second = renamed(below.rhs, {below.lhs.of.indices[0]: dummy, **free})
    derivative = Partial(above.lhs.of, renamed(by, free))
    return Statement(sp.Eq(derivative, _tidy(add_up(first * second, dummy, Width(above.lhs.by.layer)), dummy), evaluate=False))


def _fresh_coordinates(entry: Entry, taken: set[sp.Basic]) -> dict[sp.Basic, sp.Basic]:
    """New names for coordinates of ``entry`` that would clash."""
    names: dict[sp.Basic, sp.Basic] = {}
    for coordinate in entry.indices:
        if coordinate in taken:
            used = taken | set(entry.indices) | set(names.values())
            names[coordinate] = next(s for s in (index(c) for c in "jkbcdm") if s not in used)
    return names


def _tidy(expression: sp.Expr, dummy: sp.Symbol) -> sp.Expr:
    """The bound index named a where that letter is free."""
    a = index("a")
    if a in expression.free_symbols or dummy == a:
        return expression
    return expression.xreplace({dummy: a}) if dummy not in expression.free_symbols else expression


@rule(
    source=Citation("", "definition"),
    check=checks.name_jacobian,
    reason="A name for the Jacobian of the output with respect to the pre-activations of a layer.",
)
def name_jacobian(*, output: sp.Expr, layer: sp.Expr) -> Statement:
    r"""B^\ell_{oi}(x) := \frac{\partial f_o(x)}{\partial h^\ell_i(x)}"""
    o, i = index("o"), index("i")
    derivative = Partial(Entry("h", output, (notation.x1,), (o,)), Entry("h", layer, (notation.x1,), (i,)))
    value = sp.KroneckerDelta(o, i) if output == layer else Entry("B", layer, (notation.x1,), (o, i))
    return Statement(sp.Eq(derivative, value, evaluate=False))


@rule(source=Citation("jacot2018", "Sec. 4"), check=checks.tangent_kernel, reason="The definition of the tangent kernel of a finite network.")
def tangent_kernel(*, layer: sp.Expr) -> Statement:
    r"""\hat\Theta^\ell_{ij}(x,x') := \sum_p \frac{\partial h^\ell_i(x)}{\partial\theta_p}\frac{\partial h^\ell_j(x')}{\partial\theta_p}

    theta: every parameter of the layers up to ``layer``.
    """
    i, j, p = index("i"), index("j"), index("p")
    theta = Entry("theta", layer, (), (p,))
    first, second = (Partial(Entry("h", layer, (label,), (k,)), theta) for label, k in ((notation.x1, i), (notation.x2, j)))
    kernel = Entry("Thetahat", layer, (notation.x1, notation.x2), (i, j))
    return Statement(sp.Eq(kernel, sp.Sum(first * second, (p, 1, Entry("P", layer))), evaluate=False))


@rule(
    source=Citation("lee2019", "Eq. 4"),
    check=checks.sum_over_layers,
    reason="The parameters of a layer's output are its own and those of the layers below; the tangent kernel is the sum over both.",
)
def sum_over_layers(*, layer: sp.Expr, own: tuple[Entry, ...], below: bool = True) -> Statement:
    r"""\hat\Theta^{\ell+1} = \hat\Theta^{\text{own}} + \sum_{p\le P_\ell}\partial_{\theta_p}h^{\ell+1}\,\partial_{\theta_p}h^{\ell+1}

    ``own``: the parameter nodes with an edge into layer ``layer`` of the graph; ``below``: whether layers with parameters lie below.
    """
    i, j, p = index("i"), index("j"), index("p")
    h, k = Entry("h", layer, (notation.x1,), (i,)), Entry("h", layer, (notation.x2,), (j,))
    total = sp.S.Zero
    for parameter in own:
        coordinates = (index("a"), index("b")) if parameter.name == "omega" else (index("b"),)
        entry = Entry(parameter.name, layer, (), coordinates)
        total += _gram(h, k, entry, list(zip(coordinates, _ranges(parameter.name, layer), strict=True)))
    if below:
        total += _gram(h, k, Entry("theta", layer - 1, (), (p,)), [(p, Entry("P", layer - 1))])
    return Statement(sp.Eq(Entry("Thetahat", layer, (notation.x1, notation.x2), (i, j)), total, evaluate=False))


def _ranges(name: str, layer: sp.Expr) -> tuple[sp.Expr, ...]:
    return (Width(layer - 1), Width(layer)) if name == "omega" else (Width(layer),)


def _gram(first: Entry, second: Entry, parameter: Entry, ranges: list[tuple[sp.Symbol, sp.Expr]]) -> sp.Expr:
    product = Partial(first, parameter) * Partial(second, parameter)
    for variable, width in reversed(ranges):
        product = sp.Sum(product, (variable, 1, width))
    return product


@rule(
    source=Citation("", "inner product of outer products"),
    check=checks.outer_product_gram,
    reason="The inner product of two outer products is the product of the inner products.",
)
def outer_product_gram(jacobian: Statement) -> Statement:
    r"""\langle z\otimes e_i,\; z'\otimes e_j\rangle = (z\cdot z')\,\delta_{ij}

    ``jacobian``: of h_i by its own weights or biases.
    """
    claim = jacobian.claim
    h, by = claim.lhs.of, claim.lhs.by
    first, second = h.indices[0], index("j")
    names = dict(zip(by.indices, (index("a"), index("b")) if by.name == "omega" else (index("b"),), strict=True))
    entry = renamed(by, names)
    left = renamed(claim.rhs, names)
    right = at_input(renamed(claim.rhs, {**names, first: second}), notation.x2)
    product, total = (
        left * right,
        _gram(h, at_input(renamed(h, {first: second}), notation.x2), entry, list(zip(entry.indices, _ranges(by.name, by.layer), strict=True))),
    )
    for variable, width in reversed(list(zip(entry.indices, _ranges(by.name, by.layer), strict=True))):
        product = add_up(product, variable, width)
    return Statement(sp.Eq(total, product, evaluate=False))


@rule(
    source=Citation("", "chain rule"), check=checks.total_derivative, reason="A parameter of a layer below acts on the output only through the layer between."
)
def total_derivative(through: Statement, *, parameter: Entry) -> Statement:
    r"""\frac{\partial h^{\ell+1}_i}{\partial\theta_p} = \sum_a \frac{\partial h^{\ell+1}_i}{\partial h^\ell_a}\frac{\partial h^\ell_a}{\partial\theta_p}

    ``through``: the Jacobian of one layer by the layer below.
    """
    claim = through.claim
    tensor, a = claim.lhs.by, index("a")
    moved = renamed(tensor, {tensor.indices[0]: a})
    body = renamed(claim.rhs, {tensor.indices[0]: a}) * Partial(moved, parameter)
    return Statement(sp.Eq(Partial(claim.lhs.of, parameter), add_up(body, a, Width(tensor.layer)), evaluate=False))


@rule(
    source=Citation("jacot2018", "proof of Thm. 1"),
    check=checks.gram_through_map,
    reason="A linear map carries the tangent kernel of the layer below along on both sides.",
)
def gram_through_map(derivative: Statement, definition: Statement) -> Statement:
    r"""\sum_p (A\,\partial_p h)_i\,(A'\,\partial_p h')_j = \sum_{a,b} A_{ia}A'_{jb}\,\hat\Theta_{ab}

    ``derivative``: h^{l+1} by a parameter below, through h^l; ``definition``: of the tangent kernel at layer l.
    """
    claim, kernel = derivative.claim, definition.claim.lhs
    h, theta = claim.lhs.of, claim.lhs.by
    i, j = h.indices[0], index("j")
    other = at_input(renamed(claim, {i: j}), notation.x2)
    left = _gram(h, other.lhs.of, theta, [(theta.indices[0], Entry("P", theta.layer))])
    product = product_of_sums(claim.rhs, other.rhs)
    pairs = {}
    sums = product.atoms(sp.Sum)
    for body in sorted({f for s in sums for f in [s.function]}, key=str):
        tangents = [f for f in sp.Mul.make_args(body) if isinstance(f, Partial)]
        if len(tangents) == 2:
            first, second = sorted(tangents, key=lambda t: t.of.inputs != kernel.inputs[:1])
            if first.by != second.by or first.of.layer != kernel.layer:
                raise RuleError(f"{kernel} is not the kernel of {first.of}", where="gram_through_map")
            named = Entry("Thetahat", kernel.layer, kernel.inputs, (first.of.indices[0], second.of.indices[0]))
            pairs[body] = sp.Mul(*(f for f in sp.Mul.make_args(body) if f not in tangents)) * named
    return Statement(sp.Eq(left, product.xreplace(pairs), evaluate=False))
