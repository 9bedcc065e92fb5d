"""Learning rates: the edge of stability, the fastest contraction, the best heavy ball, and how they change with the loss's scale."""

from __future__ import annotations

import sympy as sp

from ntksym.forms import Flow
from ntksym.nodes import Norm, Spectral
from ntksym.notation import eta, kappa, lam, lam_max, lam_min, mu, rho, ridge
from ntksym.proof import Assumption, Statement, rule
from ntksym.rules.checks import learning_rates as checks
from ntksym.rules.dynamics import kernel
from ntksym.sources import Citation

RATE, RATE_BEST, ETA_CRIT, ETA_BEST, MU_BEST = (sp.Symbol(name, positive=True) for name in ("rhobar", "rhostar", "etacrit", "etastar", "mustar"))
SCALE, EXAMPLES, OUTPUTS = sp.Symbol("lossscale", positive=True), sp.Symbol("N", integer=True, positive=True), sp.Symbol("k", integer=True, positive=True)

SPECTRUM = Assumption(
    "eigenvalues-between",
    r"The eigenvalues of the kernel matrix lie in $[\lambda_{\min}, \lambda_{\max}]$ and reach both ends, $0 < \lambda_{\min} < \lambda_{\max}$.",
)
CONVERGES = Assumption("converges", r"$\bar\rho < 1$: all modes converge, and $0 \le \mu$.")


@rule(
    source=Citation("", "a condition affine in the eigenvalue"),
    check=checks.stability_edge,
    reason="All modes converge if that of the largest eigenvalue does.",
)
def stability_edge(flow: Statement) -> Statement:
    r"""\eta(\lambda + r) < 2(1+\mu)\ \text{for all }\lambda \;\Leftrightarrow\; \eta < \frac{2(1+\mu)}{\lambda_{\max} + r}

    ``flow``: the solution of gradient descent, or of the heavy ball.
    """
    form: Flow = flow.claim
    conditions = form.stable.args if isinstance(form.stable, sp.And) else (form.stable,)
    (upper,) = (part for part in conditions if part.has(lam) and part.lts.has(lam))
    edge = sp.factor(upper.gts) / sp.cancel(upper.lts / eta).xreplace({lam: lam_max})
    return Statement(sp.Lt(eta, edge, evaluate=False), assumptions=(SPECTRUM,))


@rule(
    source=Citation("", "equals for equals"), check=checks.scaled_edge, reason="A factor in front of the loss multiplies the kernel, and so divides the edge."
)
def scaled_edge(edge: Statement) -> Statement:
    r"""\mathcal L \to c\,\mathcal L \;\Rightarrow\; \lambda \to c\,\lambda,\quad \eta < \frac{2(1+\mu)}{c\,\lambda_{\max} + r}"""
    claim = edge.claim
    return Statement(sp.Lt(claim.lhs, claim.rhs.xreplace({lam_max: SCALE * lam_max}), evaluate=False))


@rule(
    source=Citation("", "equals for equals"),
    check=checks.edges_of_losses,
    reason="The sum over the examples, their mean, and the mean over examples and outputs.",
)
def edges_of_losses(scaled: Statement) -> Statement:
    r"""R = 0,\ c = 1,\ \tfrac1N,\ \tfrac1{Nk} \;\Rightarrow\; \eta < \frac{2(1+\mu)}{c\,\lambda_{\max}}"""
    claim = scaled.claim
    scales = (sp.S.One, 1 / EXAMPLES, 1 / (EXAMPLES * OUTPUTS))
    return Statement(sp.Tuple(*(sp.Lt(eta, sp.factor(claim.rhs.xreplace({ridge: sp.S.Zero, SCALE: c})), evaluate=False) for c in scales)))


@rule(
    source=Citation("", "operator norm of a function of a symmetric matrix"),
    check=checks.contraction_factor,
    reason="A step of gradient descent multiplies the residual by a matrix, whose norm is the larger of its values at both ends of the spectrum.",
)
def contraction_factor(flow: Statement) -> Statement:
    r"""\lVert I - \eta\hat\Theta_0\rVert = \max(|1 - \eta\lambda_{\min}|,\ |1 - \eta\lambda_{\max}|)

    ``flow``: the solution of gradient descent.
    """
    form: Flow = flow.claim
    factor = sp.expand(form.roots[0].xreplace({ridge: sp.S.Zero}))
    ends = [sp.Abs(factor.xreplace({lam: end}), evaluate=False) for end in (lam_min, lam_max)]
    matrix = Spectral(sp.Lambda(lam, factor), kernel(time=sp.S.Zero))
    return Statement(sp.Eq(Norm(matrix), sp.Max(*ends, evaluate=False), evaluate=False), assumptions=(SPECTRUM,))


@rule(
    source=Citation("lee2019", "Thm. 2.1"),
    check=checks.fastest_descent,
    reason="Both ends contract equally at one learning rate: below it the smallest eigenvalue decides, above it the largest.",
)
def fastest_descent(factor: Statement) -> Statement:
    r"""\lVert I - \eta\hat\Theta_0\rVert \ge \frac{\kappa - 1}{\kappa + 1},\ \text{equal at}\ \eta = \frac{2}{\lambda_{\min} + \lambda_{\max}}"""
    norm, largest = factor.claim.args
    critical = sp.Eq(ETA_CRIT, 2 / (lam_min + lam_max), evaluate=False)
    below = sp.Piecewise((1 - eta * lam_min, sp.Le(eta, ETA_CRIT, evaluate=False)), (eta * lam_max - 1, sp.true), evaluate=False)
    least = (kappa - 1) / (kappa + 1)
    return Statement(
        sp.Tuple(
            critical,
            sp.Eq(norm, below, evaluate=False),
            sp.Eq(kappa, lam_max / lam_min, evaluate=False),
            sp.Ge(norm, least, evaluate=False),
            sp.Eq(norm.xreplace({eta: ETA_CRIT}), least, evaluate=False),
        )
    )


@rule(
    source=Citation("", "criterion of Schur and Cohn for a quadratic"),
    check=checks.modes_within,
    reason="Both roots of every mode lie within a disc if and only if momentum and eigenvalues lie within these bounds.",
)
def modes_within(flow: Statement) -> Statement:
    r"""|\rho_{1,2}| \le \bar\rho \;\Leftrightarrow\; \mu \le \bar\rho^2,\ (1-\bar\rho)(1 - \mu/\bar\rho) \le \eta\lambda \le (1+\bar\rho)(1 + \mu/\bar\rho)

    ``flow``: the solution of the heavy ball; without a ridge.
    """
    form: Flow = flow.claim
    law = form.characteristic.xreplace({ridge: sp.S.Zero})
    low, high = (sp.factor(eta * lam - law.xreplace({rho: edge}) / edge) for edge in (RATE, -RATE))
    low = (1 - RATE) * sp.cancel(low / (1 - RATE))
    claims = (sp.Le(mu, RATE**2, evaluate=False), sp.Le(low, eta * lam_min, evaluate=False), sp.Le(eta * lam_max, high, evaluate=False))
    return Statement(sp.Tuple(*claims), assumptions=(SPECTRUM, CONVERGES))


@rule(source=Citation("polyak1964"), check=checks.condition_bound, reason="The quotient of both bounds is largest at the largest momentum allowed.")
def condition_bound(within: Statement) -> Statement:
    r"""\kappa \le \Big(\frac{1+\bar\rho}{1-\bar\rho}\Big)^2 \;\Rightarrow\; \bar\rho \ge \frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}"""
    claims = (
        sp.Eq(kappa, lam_max / lam_min, evaluate=False),
        sp.Le(kappa, ((1 + RATE) / (1 - RATE)) ** 2, evaluate=False),
        sp.Ge(RATE, (sp.sqrt(kappa) - 1) / (sp.sqrt(kappa) + 1), evaluate=False),
    )
    return Statement(sp.Tuple(*claims))


@rule(source=Citation("polyak1964"), check=checks.best_heavy_ball, reason="With this momentum and this learning rate every bound holds with equality.")
def best_heavy_ball(within: Statement, bound: Statement) -> Statement:
    r"""\sqrt{\mu_\star} = \bar\rho_\star = \frac{\sqrt\kappa - 1}{\sqrt\kappa + 1},\, \eta_\star = \frac4{(\sqrt{\lambda_{\max}} + \sqrt{\lambda_{\min}})^2}"""
    least = bound.claim.args[2].rhs
    claims = (
        sp.Eq(MU_BEST, least**2, evaluate=False),
        sp.Eq(ETA_BEST, (2 / (sp.sqrt(lam_max) + sp.sqrt(lam_min))) ** 2, evaluate=False),
        sp.Eq(RATE_BEST, least, evaluate=False),
    )
    return Statement(sp.Tuple(*claims))
