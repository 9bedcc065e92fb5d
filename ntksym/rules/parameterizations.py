r"""From the NTK parameterization to the standard one: the same network, with $W = \frac{\sigma_w}{\sqrt n}\omega$ and $b = \sigma_b\beta$ trained instead."""

from __future__ import annotations

import sympy as sp

from ntksym import notation
from ntksym.errors import RuleError
from ntksym.nodes import Entry, Partial, Width
from ntksym.proof import Assumption, Regime, Statement, rule
from ntksym.rules.calculus import DIFFERENTIABLE
from ntksym.rules.checks import parameterizations as checks
from ntksym.rules.contraction import at_input, index, renamed
from ntksym.sources import Citation

HAS_BIASES = Assumption("sigma-b-positive", r"$\sigma_b > 0$; without biases the terms in $\beta$ and $b$ are absent on both sides.")
_NEW = {"omega": "Wstd", "beta": "bstd"}


def _coordinates(parameter: str) -> tuple[sp.Symbol, ...]:
    return (index("a"), index("j")) if parameter == "omega" else (index("j"),)


def _ranges(parameter: str, layer: sp.Expr) -> tuple[sp.Expr, ...]:
    return (Width(layer - 1), Width(layer)) if parameter == "omega" else (Width(layer),)


@rule(
    source=Citation("lee2019", "Eq. 1"),
    check=checks.standard_parameters,
    reason="The parameters of the standard parameterization: the scale stands in their variance instead of in front of them.",
)
def standard_parameters(*, parameter: str) -> Statement:
    r"""W^\ell_{aj} := \frac{\sigma_w}{\sqrt{n_{\ell-1}}}\,\omega^\ell_{aj},\qquad b^\ell_j := \sigma_b\,\beta^\ell_j

    ``parameter``: "omega" or "beta".
    """
    level, coordinates = notation.layer, _coordinates(parameter)
    scale = notation.sigma_w / sp.sqrt(Width(level - 1)) if parameter == "omega" else notation.sigma_b
    return Statement(sp.Eq(Entry(_NEW[parameter], level, (), coordinates), scale * Entry(parameter, level, (), coordinates), evaluate=False))


@rule(
    source=Citation("", "equals for equals"),
    check=checks.same_network,
    reason="Written in these parameters the layer has no scale in front: it is the same network.",
)
def same_network(forward: Statement, weights: Statement, biases: Statement) -> Statement:
    r"""h^{\ell+1}_i = \sum_a z^\ell_a W^{\ell+1}_{ai} + b^{\ell+1}_i

    ``forward``: the layer in the NTK parameterization; ``weights`` and ``biases`` define W and b.
    """
    claim, definitions = forward.claim, {d.claim.rhs.atoms(Entry).pop().name: d.claim for d in (weights, biases)}
    total = sp.S.Zero
    for term in sp.Add.make_args(claim.rhs):  # each is linear in one parameter, so its scale can be taken out of sums
        (old,) = (e for e in term.atoms(Entry) if e.name in definitions)
        definition = definitions[old.name]
        names = dict(zip(definition.lhs.indices, old.indices, strict=True)) | {notation.layer: old.layer}
        scale = (definition.rhs / definition.rhs.atoms(Entry).pop()).xreplace(names)
        total += term.xreplace({old: renamed(definition.lhs, names)}) / scale
    return Statement(sp.Eq(claim.lhs, total, evaluate=False))


@rule(
    source=Citation("", "chain rule"),
    check=checks.derivative_by_standard,
    reason="The output sees a parameter of the NTK parameterization only through its multiple in the standard one.",
)
def derivative_by_standard(definition: Statement, *, output: sp.Expr) -> Statement:
    r"""\partial_{\omega_{aj}} f = \tfrac{\sigma_w}{\sqrt{n_{\ell-1}}}\,\partial_{W_{aj}} f,\qquad \partial_{\beta_j} f = \sigma_b\,\partial_{b_j} f

    ``definition``: of W or b; ``output``: the layer of f.
    """
    (old,) = definition.claim.rhs.atoms(Entry)
    f = Entry("h", output, (notation.x1,), (index("i"),))
    return Statement(sp.Eq(Partial(f, old), definition.claim.rhs / old * Partial(f, definition.claim.lhs), evaluate=False), Regime.EXACT, (DIFFERENTIABLE,))


@rule(
    source=Citation("", "a common factor of a sum"),
    check=checks.gram_by_standard,
    reason="The factor is the same for every parameter of the group, so their part of the tangent kernel is multiplied by its inverse square.",
)
def gram_by_standard(derivative: Statement) -> Statement:
    r"""\sum_{a,j}\partial_{W_{aj}}f_i\,\partial_{W_{aj}}f'_k = \frac{n_{\ell-1}}{\sigma_w^2}\sum_{a,j}\partial_{\omega_{aj}}f_i\,\partial_{\omega_{aj}}f'_k

    ``derivative``: by a parameter of the NTK parameterization, as a multiple of that by the standard one.
    """
    claim = derivative.claim
    (new,) = (p for p in claim.rhs.atoms(Partial))
    factor = claim.rhs / new
    extra = () if claim.lhs.by.name == "omega" else (HAS_BIASES,)
    return Statement(sp.Eq(_gram(new), _gram(claim.lhs) / factor**2, evaluate=False), Regime.EXACT, extra)


def _gram(derivative: Partial) -> sp.Expr:
    """Sum over the coordinates of a parameter of the products of derivatives at both inputs, of outputs i and k."""
    other = at_input(renamed(derivative.of, {index("i"): index("k")}), notation.x2)
    parameter = {new: old for old, new in _NEW.items()}.get(derivative.by.name, derivative.by.name)
    limits = zip(derivative.by.indices, _ranges(parameter, derivative.by.layer), strict=True)
    return sp.Sum(derivative * Partial(other, derivative.by), *((coordinate, 1, width) for coordinate, width in limits))


@rule(
    source=Citation("lee2019", "App. F"),
    check=checks.standard_kernel,
    reason="The definition of the tangent kernel of the finite network trained in the standard parameterization.",
)
def standard_kernel(*, output: sp.Expr) -> Statement:
    r"""\hat\Theta_{\mathrm{std},ik} := \sum_\ell\big(\sum_{a,j}\partial_{W_{aj}}f_i\,\partial_{W_{aj}}f'_k + \sum_j\partial_{b_j}f_i\,\partial_{b_j}f'_k\big)

    ``output``: the layer of f, whose kernel it is.
    """
    f, level = Entry("h", output, (notation.x1,), (index("i"),)), notation.layer
    parts = [_gram(Partial(f, Entry(name, level, (), _coordinates(old)))) for old, name in _NEW.items()]
    kernel = Entry("Thetastd", output, (notation.x1, notation.x2), (index("i"), index("k")))
    return Statement(sp.Eq(kernel, sp.Add(*(sp.Sum(part, (level, 1, output)) for part in parts)), evaluate=False))


@rule(
    source=Citation("", "equals for equals"), check=checks.kernel_layer_by_layer, reason="Put in what was found for the weights and for the biases of a layer."
)
def kernel_layer_by_layer(definition: Statement, *grams: Statement) -> Statement:
    r"""\hat\Theta_{\mathrm{std}} = \sum_\ell\Big(\frac{n_{\ell-1}}{\sigma_w^2}\hat\Theta_{\omega^\ell} + \frac{1}{\sigma_b^2}\hat\Theta_{\beta^\ell}\Big)

    ``grams``: the parts of the weights and of the biases of a layer.
    """
    places = {gram.claim.lhs: gram.claim.rhs for gram in grams}
    terms = []
    for term in sp.Add.make_args(definition.claim.rhs):
        layer = sp.Sum(term.function, *term.limits[:-1])  # SymPy writes a sum of sums with one list of limits, the outermost last
        if layer not in places:
            raise RuleError(f"nothing is known of {layer}", where="kernel_layer_by_layer")
        terms.append(sp.Sum(places[layer], term.limits[-1]))
    return Statement(sp.Eq(definition.claim.lhs, sp.Add(*terms), evaluate=False))
