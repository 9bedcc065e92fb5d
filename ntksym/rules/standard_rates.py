"""Learning rates in the standard parameterization: the kernel grows like the width, so the learning rate falls like it."""

from __future__ import annotations

import sympy as sp

from ntksym.errors import RuleError
from ntksym.nodes import Entry, TendsTo, Width
from ntksym.notation import depth, eta, layer
from ntksym.proof import Assumption, Statement, rule
from ntksym.rules.checks import standard_rates as checks
from ntksym.sources import Citation

N = sp.Symbol("n", positive=True)
ETA_0 = sp.Symbol("eta0", positive=True)

EQUAL_WIDTHS = Assumption("equal-widths", r"All hidden layers have one width: $n_1 = \dots = n_L = n$.")


@rule(
    source=Citation("", "the first term of a sum apart"),
    check=checks.kernel_per_width,
    reason="Divided by the width: the hidden weights keep their part, the first layer's is n_0/n of its own, that of the biases 1/n.",
)
def kernel_per_width(kernel: Statement) -> Statement:
    r"""\tfrac1n\hat\Theta_{\mathrm{std}} = \sum_{\ell\ge2}\tfrac{1}{\sigma_w^2}\hat\Theta_{\omega^\ell} + O(\tfrac1n)

    ``kernel``: of the standard parameterization, layer by layer.
    """
    claim, terms = kernel.claim, []
    for term in sp.Add.make_args(claim.rhs):
        if not isinstance(term, sp.Sum) or term.limits != ((layer, 1, depth + 1),):
            raise RuleError(f"{term} is no sum over the layers", where="kernel_per_width")
        factor = Width(layer - 1)
        if factor not in sp.Mul.make_args(term.function):
            terms.append(sp.Sum(term.function / N, *term.limits))
            continue
        rest = term.function / factor
        terms += [Width(0) / N * rest.xreplace({layer: sp.S.One}), sp.Sum(rest, (layer, 2, depth + 1))]
    return Statement(sp.Eq(claim.lhs / N, sp.Add(*terms), evaluate=False), assumptions=(EQUAL_WIDTHS,))


@rule(
    source=Citation("", "limit"), check=checks.vanishing_weights, reason="In the limit of large width only the weights behind the first layer keep their part."
)
def vanishing_weights(kernel: Statement) -> Statement:
    r"""\frac{n_0}{n} \to 0,\qquad \frac1n \to 0

    ``kernel``: divided by the width.
    """
    found = [factor for term in sp.Add.make_args(kernel.claim.rhs) for factor in (_weight(term),) if factor.has(N)]
    return Statement(sp.Tuple(*(TendsTo(factor, sp.S.Zero, (N,)) for factor in sorted(found, key=sp.default_sort_key))))


def _weight(term: sp.Expr) -> sp.Expr:
    """What stands in front of a layer's part of the kernel."""
    inside = term.function if isinstance(term, sp.Sum) and term.limits[0][0] == layer else term
    return sp.Mul(*(factor for factor in sp.Mul.make_args(inside) if not isinstance(factor, sp.Sum)))


@rule(source=Citation("lee2019", "App. F"), check=checks.rate_per_width, reason="So one learning rate for all widths is that times the width.")
def rate_per_width(kernel: Statement) -> Statement:
    r"""\eta = \frac{\eta_0}{n} \;\Rightarrow\; \eta\,\hat\Theta_{\mathrm{std}} = \eta_0\,\tfrac1n\hat\Theta_{\mathrm{std}}

    ``kernel``: divided by the width.
    """
    (letter,) = kernel.claim.lhs.atoms(Entry)
    claims = (sp.Eq(eta, ETA_0 / N, evaluate=False), sp.Eq(eta * letter, ETA_0 * kernel.claim.lhs, evaluate=False))
    return Statement(sp.Tuple(*claims))
