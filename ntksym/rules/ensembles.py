"""Infinite width: the flow with the limit kernel, and the law of its outputs over the draw of the initial parameters."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from ntksym.errors import RuleError
from ntksym.forms import EnsembleFlow, Flow, Recursion
from ntksym.nodes import Array, Spectral, transpose
from ntksym.notation import X, lam, t, x1, x2
from ntksym.proof import Assumption, Regime, Statement, rule
from ntksym.rules.checks import ensembles as checks
from ntksym.sources import Citation

KERNELS_CONVERGE = Assumption(
    "kernels-converge",
    r"As the widths tend to infinity, $\hat\Theta_0$ tends to $\Theta \otimes I_k$ in probability and $f_0$ to the Gaussian process with mean 0 and covariance "
    r"$K \otimes I_k$, on the inputs named.",
)


@rule(
    source=Citation("lee2019", "Sec. 2.4"),
    check=checks.flow_at_infinite_width,
    reason="The outputs depend continuously on the kernel and on the initial outputs, so they tend to those with the limit kernel.",
)
def flow_at_infinite_width(finite: Statement, *recursion: Statement) -> Statement:
    r"""\hat\Theta_0 \to \Theta \;\Rightarrow\; \psi_t(\hat\Theta_0) \to \psi_t(\Theta)

    ``finite``: a Flow with the kernel at initialization; ``recursion``: where the limit kernel of a network was derived.
    """
    flow = finite.claim
    if not isinstance(flow, Flow) or flow.kernel != "Thetahat":
        raise RuleError(f"{flow}", where="flow_at_infinite_width", why="it takes a Flow of a finite network")
    limit = {node: Array("Theta", node.inputs) for equation in flow.equations for node in equation.atoms(Array) if node.name == "Thetahat"}
    outputs = tuple(equation for equation in flow.equations if equation.lhs.name == "flin")
    found = recursion[0].claim if recursion else None
    if found is not None and not isinstance(found, Recursion):
        raise RuleError(f"{found}", where="flow_at_infinite_width", why="the limit kernel comes from a Recursion")
    claim = replace(flow, kernel="Theta", equations=tuple(equation.xreplace(limit) for equation in outputs), recursion=found)
    return Statement(claim, Regime.EXACT if recursion else Regime.LIMIT_JOINT, (KERNELS_CONVERGE,))


@rule(
    source=Citation("lee2019", "Eqs. 13-16"),
    check=checks.ensemble_law,
    reason="The trained outputs are an affine function of the initial ones, which are Gaussian.",
)
def ensemble_law(flow: Statement) -> Statement:
    r"""\mathbb E f = C_t\mathcal Y,\; \operatorname{Cov} f = K + C_t K_{\mathcal X\mathcal X} C_t^\top - C_t K_{\mathcal X x'} - K_{x\mathcal X} C_t'^\top

    ``flow``: at infinite width; C_t(x) = Theta(x, X) psi_t(Theta).
    """
    if not isinstance(flow.claim, Flow) or flow.claim.kernel != "Theta":
        raise RuleError(f"{flow.claim}", where="ensemble_law", why="it takes a Flow at infinite width")

    def weights(label: sp.Basic) -> sp.Expr:
        return Array("Theta", (label, X)) * Spectral(sp.Lambda(lam, flow.claim.filter), Array("Theta", (X, X)))

    def prior(first: sp.Basic, second: sp.Basic) -> Array:
        return Array("K", (first, second))

    here, there = weights(x1), transpose(weights(x2))
    covariance = prior(x1, x2) + here * prior(X, X) * there - here * prior(X, x2) - prior(x1, X) * there
    mean = sp.Eq(Array("meanout", (x1,), (t,)), here * Array("targets", (X,)), evaluate=False)
    return Statement(EnsembleFlow(flow.claim, mean, sp.Eq(Array("covout", (x1, x2), (t,)), covariance, evaluate=False)))
