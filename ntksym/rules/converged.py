"""The law of converged networks over the draw of their initial parameters, beside the posteriors of the same kernels."""

from __future__ import annotations

import sympy as sp

from ntksym.errors import RuleError
from ntksym.forms import Flow, Recursion
from ntksym.nodes import Array, Equivalence, Follows, Spectral, transpose
from ntksym.notation import K11, K12, K22, Theta11, Theta12, Theta22, X, lam, noise, ridge, s11, s12, s22, sigma_w, x1, x2
from ntksym.proof import Assumption, Statement, rule
from ntksym.rules.checks import converged as checks
from ntksym.rules.posteriors import PRIORS, TARGETS
from ntksym.sources import Citation

AT_THE_END = (sp.oo,)
RATIO = sp.Symbol("ratio", positive=True)
WEIGHTS, WEIGHTS_K = Array("regression", (x1, X)), Array("regressionK", (x1, X))

LIMIT_KERNEL = Assumption(
    "limit-kernel", r"The widths are infinite: the tangent kernel is its limit $\Theta$; it is invertible on the training inputs, or $r > 0$."
)
OWN_TARGETS = Assumption(
    "own-targets", "Every network is trained on targets of its own, $\\mathcal{Y}$ plus fresh noise of variance $s$; $s = 0$: all on the same."
)
WITNESS = Assumption(
    "witness",
    r"Depth 1, $\phi(x) = x^2$, $\sigma_w = 1$, no biases; one training input, $\lVert x\rVert^2 = \lVert x'\rVert^2 = n_0$, $x\cdot x' = n_0/2$; "
    r"the training input is $x'$; $r = s = 0$.",
)


@rule(
    source=Citation("lee2019", "Sec. 2.4"),
    check=checks.converged_outputs,
    reason="Every mode has converged; the outputs are those at the start, moved by a linear map of the residual.",
)
def converged_outputs(flow: Statement) -> Statement:
    r"""f_\infty(x) = f_0(x) + C(x)(\mathcal Y - f_0(\mathcal X)),\qquad C(x) = \Theta(x,\mathcal X)(\Theta + rI)^{-1}

    ``flow``: gradient flow under the squared loss, its kernel that of a finite network.
    """
    if not isinstance(flow.claim, Flow) or not flow.claim.continuous:
        raise RuleError(f"{flow.claim}", where="converged_outputs", why="it takes the Flow of a gradient flow")
    weights = Array("Theta", (x1, X)) * Spectral(sp.Lambda(lam, flow.claim.final), Array("Theta", (X, X)))
    start = (sp.S.Zero,)
    outputs = Array("f", (x1,), start) + WEIGHTS * (TARGETS - Array("f", (X,), start))
    claims = (sp.Eq(WEIGHTS, weights, evaluate=False), sp.Eq(Array("flin", (x1,), AT_THE_END), outputs, evaluate=False))
    return Statement(sp.Tuple(*claims), assumptions=(LIMIT_KERNEL,))


@rule(
    source=Citation("lee2019", "Eqs. 13-16"),
    check=checks.law_of_converged,
    reason="An affine map of the Gaussian initial outputs, and of the noise of the targets, is Gaussian.",
)
def law_of_converged(outputs: Statement) -> Statement:
    r"""\mathbb E f_\infty = C\,\mathcal Y,\qquad \operatorname{Cov} f_\infty = K + C(K + sI)C^\top - CK - KC^\top"""
    there = WEIGHTS.xreplace({x1: x2})
    noisy = Spectral(sp.Lambda(lam, lam + noise), Array("K", (X, X)))
    spread = Array("K", (x1, x2)) + WEIGHTS * noisy * transpose(there) - WEIGHTS * Array("K", (X, x2)) - Array("K", (x1, X)) * transpose(there)
    mean = sp.Eq(Array("meanout", (x1,), AT_THE_END), WEIGHTS * TARGETS, evaluate=False)
    claims = (mean, sp.Eq(Array("covout", (x1, x2), AT_THE_END), spread, evaluate=False))
    return Statement(sp.Tuple(*claims), assumptions=(PRIORS["K"], OWN_TARGETS))


@rule(
    source=Citation("", "completion of the square"),
    check=checks.excess,
    reason="No linear prediction from the targets has a smaller error than the posterior mean; this is by how much another one has a larger.",
)
def excess(law: Statement, posterior: Statement, weights: Statement) -> Statement:
    r"""\operatorname{Cov} f_\infty = S + (C - C_K)(K + sI)(C - C_K)^\top

    ``law``: of converged networks; ``posterior``: covariance of the NNGP posterior, ``weights``: C_K.
    """
    here = WEIGHTS - WEIGHTS_K
    noisy = Spectral(sp.Lambda(lam, lam + noise), Array("K", (X, X)))
    right = posterior.claim.lhs + here * noisy * transpose(here.xreplace({x1: x2}))
    return Statement(sp.Eq(law.claim[1].lhs, right, evaluate=False))


@rule(
    source=Citation("", "a positive definite form vanishes at zero only"),
    check=checks.equality,
    reason="K + sI is positive definite, so the excess vanishes at an input only where both predictions weigh the targets alike; then the means agree too.",
)
def equality(surplus: Statement, law: Statement, mean: Statement, weights: Statement) -> Statement:
    r"""\operatorname{Cov} f_\infty(x) = S(x,x) \;\Leftrightarrow\; C(x) = C_K(x)

    ``surplus``: of the covariance; ``law``: of converged networks; ``mean`` of the posterior and ``weights``, its C_K.
    """
    difference = sp.Eq(law.claim[0].lhs - mean.claim.lhs, (WEIGHTS - WEIGHTS_K) * TARGETS, evaluate=False)
    alike = sp.Eq(WEIGHTS, WEIGHTS_K, evaluate=False)
    one = surplus.claim.xreplace({x2: x1})
    spread = sp.Eq(one.lhs, next(term for term in one.rhs.args if isinstance(term, Array)), evaluate=False)
    return Statement(sp.Tuple(difference, Equivalence(spread, alike)))


@rule(
    source=Citation("lee2019", "Sec. 2.4"),
    check=checks.proportional_kernels,
    reason=r"Where only the readout is trained, $\Theta = K$: such an ensemble samples the NNGP posterior.",
)
def proportional_kernels(weights: Statement, posterior: Statement) -> Statement:
    r"""\Theta = c\,K,\; r = c\,s \;\Rightarrow\; C = C_K

    ``weights``: C; ``posterior``: C_K.
    """
    kernels = [sp.Eq(Array("Theta", labels), RATIO * Array("K", labels), evaluate=False) for labels in ((x1, X), (X, X))]
    condition = sp.Tuple(*kernels, sp.Eq(ridge, RATIO * noise, evaluate=False))
    return Statement(Follows(condition, sp.Eq(weights.claim.lhs, posterior.claim.lhs, evaluate=False)))


@rule(
    source=Citation("", "ridge regression and Gaussian processes"),
    check=checks.ridge_as_noise,
    reason="The ridge of the training is the noise of that posterior; the covariances differ all the same.",
)
def ridge_as_noise(law: Statement, weights: Statement, mean: Statement) -> Statement:
    r"""\mathbb E f_\infty(x) = m(x)\;\text{ where }\; s = r

    ``law`` and ``weights``: of converged networks; ``mean``: of the posterior with the prior covariance Theta.
    """
    return Statement(Follows(sp.Eq(noise, ridge, evaluate=False), sp.Eq(law.claim[0].lhs, mean.claim.lhs, evaluate=False)))


@rule(source=Citation("", "evaluation at two inputs"), check=checks.kernels_at_two_inputs, reason="The recursion at a pair of inputs, in numbers.")
def kernels_at_two_inputs(recursion: Statement) -> Statement:
    r"""K(x,x') = q_{11}q_{22} + 2q_{12}^2,\qquad \Theta(x,x') = K(x,x') + 4q_{12}^2

    ``recursion``: of the network with one hidden layer and phi(x) = x^2; the training input is x'.
    """
    claim = recursion.claim
    if not isinstance(claim, Recursion) or claim.depth != 1:
        raise RuleError(f"{claim}", where="kernels_at_two_inputs", why="it takes the Recursion of a network with one hidden layer")
    inputs = {s11: sp.S.One, s12: sp.Rational(1, 2), s22: sp.S.One}
    values = {symbol: value.xreplace({sigma_w: sp.S.One}).xreplace(inputs) for symbol, value in claim.unroll(2).items()}
    places = {K11: ("K", x1, x1), K12: ("K", x1, X), K22: ("K", X, X), Theta11: ("Theta", x1, x1), Theta12: ("Theta", x1, X), Theta22: ("Theta", X, X)}
    numbers = [sp.Eq(Array(name, labels), values[symbol], evaluate=False) for symbol, (name, *labels) in places.items() if symbol in values]
    return Statement(sp.Tuple(*numbers), assumptions=(WITNESS,))


@rule(source=Citation("", "evaluation at two inputs"), check=checks.witness, reason="So the two laws differ, in mean and in covariance.")
def witness(values: Statement, weights: Statement, posterior: Statement, surplus: Statement) -> Statement:
    r"""C(x) \ne C_K(x)

    ``values``: of the kernels; ``weights``: C; ``posterior``: covariance of the NNGP posterior; ``surplus``: of the covariance.
    """
    numbers = {equation.lhs: equation.rhs for equation in values.claim}
    k, kk, t, tt = (numbers[Array(name, labels)] for name in ("K", "Theta") for labels in ((x1, X), (X, X)))
    mine, theirs = t / tt, k / kk
    spread = numbers[Array("K", (x1, x1))] - k**2 / kk
    one = {x2: x1}
    found = (
        (weights.claim.lhs, mine),
        (WEIGHTS_K, theirs),
        (surplus.claim.lhs.xreplace(one), spread + (mine - theirs) ** 2 * kk),
        (posterior.claim.lhs.xreplace(one), spread),
    )
    return Statement(sp.Tuple(*(sp.Eq(left, right, evaluate=False) for left, right in found)))
