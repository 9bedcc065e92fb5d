"""Gaussian posteriors: conditioning on noisy targets, marginal likelihood, leave-one-out."""

from __future__ import annotations

import sympy as sp

from ntksym.nodes import Array, Component, DistributedAs, Gaussian, Spectral, Trace, transpose
from ntksym.notation import X, classes, lam, left, noise, rest, x1, x2
from ntksym.proof import Assumption, Statement, rule
from ntksym.rules.checks import posteriors as checks
from ntksym.sources import Citation

TARGETS = Array("targets", (X,))
NUMBER = sp.Symbol("i", integer=True, positive=True)
EXAMPLES = sp.Symbol("N", integer=True, positive=True)

PRIORS = {
    "K": Assumption("nngp-prior", "The outputs before training are a centred Gaussian process with covariance $K$, as in the limit of infinite width."),
    "Theta": Assumption("ntk-prior", r"The outputs are given the prior of a centred Gaussian process with covariance $\Theta$, the NTK."),
}
NOISE = Assumption(
    "gaussian-noise", "The targets are the outputs plus independent Gaussian noise of variance $s$, alike for all; $s > 0$, or the kernel matrix is invertible."
)


def inverse(matrix: Array, added: sp.Expr = noise) -> Spectral:
    """(A + added I)^-1."""
    return Spectral(sp.Lambda(lam, 1 / (lam + added)), matrix)


@rule(source=Citation("rasmussen2006", "Sec. 2.2"), check=checks.prior, reason="Outputs at two inputs and the noisy targets are jointly Gaussian.")
def prior(*, kernel: str = "K") -> Statement:
    r"""f(\mathcal X) + \varepsilon = \mathcal Y,\; \varepsilon \sim \mathcal N(0, sI) \;\Rightarrow\; \operatorname{Cov}(\mathcal Y) = K + sI

    ``kernel``: "K" (NNGP) or "Theta" (NTK).
    """
    here, there = Array("f", (x1,)), Array("f", (x2,))

    def entry(first: sp.Basic, second: sp.Basic) -> Array:
        return Array(kernel, (first, second))

    noisy = Spectral(sp.Lambda(lam, lam + noise), entry(X, X))
    vector = sp.Tuple(here, there, TARGETS)
    upper = sp.Tuple(entry(x1, x1), entry(x1, x2), entry(x1, X), entry(x2, x2), entry(x2, X), noisy)
    law = Gaussian(vector, sp.Tuple(0, 0, 0), upper)
    return Statement(DistributedAs(vector, law), assumptions=(PRIORS[kernel], NOISE))


@rule(
    source=Citation("rasmussen2006", "Sec. A.2"),
    check=checks.regression_weights,
    reason="What these weights leave of an output is uncorrelated with the targets, hence independent of them.",
)
def regression_weights(law: Statement, *, name: str = "regression") -> Statement:
    r"""\operatorname{Cov}(f(x) - C(x)\mathcal Y,\, \mathcal Y) = 0 \;\Leftrightarrow\; C(x) = K(x,\mathcal X)(K + sI)^{-1}

    ``name``: "regression" (C), or "regressionK" (C_K) beside the weights of another prediction.
    """
    gaussian = law.claim.args[1]
    cross, noisy = gaussian.cov(0, 2), gaussian.cov(2, 2)
    right = cross * Spectral(sp.Lambda(lam, 1 / noisy.function.expr), noisy.matrix)
    return Statement(sp.Eq(Array(name, cross.inputs), right, evaluate=False))


@rule(
    source=Citation("rasmussen2006", "Eqs. 2.23-2.24"),
    check=checks.conditional_law,
    reason="Given the targets, an output is its prediction plus an independent rest, whose covariance does not depend on the targets.",
)
def conditional_law(law: Statement, weights: Statement) -> Statement:
    r"""f(x) \mid \mathcal Y \sim \mathcal N\big(C(x)\mathcal Y,\; K(x,x') - C(x)K(\mathcal X,x')\big)"""
    gaussian, c = law.claim.args[1], weights.claim.lhs
    mean = sp.Eq(Array("gpmean", (x1,)), c * TARGETS, evaluate=False)
    rest_of = gaussian.cov(0, 1) - c * transpose(gaussian.cov(1, 2))
    return Statement(sp.Tuple(mean, sp.Eq(Array("gpcov", (x1, x2)), rest_of, evaluate=False)))


@rule(
    source=Citation("", "functions of one symmetric matrix"),
    check=checks.on_training_inputs,
    reason="At the training inputs all factors are functions of one matrix.",
)
def on_training_inputs(statement: Statement) -> Statement:
    r"""K\,\psi(K) = (\lambda\psi)(K)

    ``statement``: an equation whose terms are, at the training inputs, functions of the kernel matrix times at most one vector.
    """
    claim = statement.claim.xreplace({x1: X, x2: X})
    total: dict[sp.Expr, sp.Expr] = {}
    matrix = next(iter(claim.rhs.atoms(Spectral))).matrix
    for term in sp.Add.make_args(claim.rhs):
        numbers, factors = term.args_cnc()
        vector, function = sp.S.One, sp.Mul(*numbers)
        for factor in factors:
            if isinstance(factor, Spectral):
                function *= factor.function.expr.xreplace({factor.function.variables[0]: lam})
            elif factor == matrix:
                function *= lam
            else:
                vector *= factor
        total[vector] = total.get(vector, sp.S.Zero) + function
    right = sp.Add(*(Spectral(sp.Lambda(lam, sp.factor(function)), matrix) * vector for vector, function in total.items()))
    return Statement(sp.Eq(claim.lhs, right, evaluate=False))


@rule(
    source=Citation("rasmussen2006", "Eq. 2.30"),
    check=checks.marginal_likelihood,
    reason="The density of the targets under the prior, integrated over the outputs.",
)
def marginal_likelihood(law: Statement) -> Statement:
    r"""\log p(\mathcal Y) = -\tfrac12\mathcal Y^\top(K+sI)^{-1}\mathcal Y - \tfrac12\operatorname{tr}\log(K+sI) - \tfrac{kN}2\log 2\pi"""
    noisy = law.claim.args[1].cov(2, 2)
    undone, logarithm = (Spectral(sp.Lambda(lam, function(noisy.function.expr)), noisy.matrix) for function in (lambda e: 1 / e, sp.log))
    quadratic = transpose(TARGETS) * undone * TARGETS
    constant = classes * EXAMPLES * sp.log(2 * sp.pi) / 2
    return Statement(sp.Eq(Array("evidence"), -quadratic / 2 - Trace(logarithm) / 2 - constant, evaluate=False))


@rule(
    source=Citation("rasmussen2006", "Eq. 5.9"),
    check=checks.evidence_slope,
    reason=r"$\partial A^{-1} = -A^{-1}(\partial A)A^{-1}$ and $\partial\log\det A = \operatorname{tr}(A^{-1}\partial A)$, with $A = K + sI$.",
)
def evidence_slope(evidence: Statement) -> Statement:
    r"""\partial\log p(\mathcal Y) = \tfrac12\operatorname{tr}\big((\alpha\alpha^\top - A^{-1})\,\partial K\big),\;\; \alpha = A^{-1}\mathcal Y,\; A = K + sI"""
    (undone,) = (node for node in evidence.claim.rhs.atoms(Spectral) if not node.function.expr.has(sp.log))
    slope, alpha = Array("Kslope", (X, X)), undone * TARGETS
    first = transpose(alpha) * slope * alpha / 2 - Trace(undone * slope) / 2
    second = Trace((alpha * transpose(alpha) - undone) * slope) / 2
    squared = Spectral(sp.Lambda(lam, undone.function.expr**2), undone.matrix)
    by_noise = transpose(TARGETS) * squared * TARGETS / 2 - Trace(undone) / 2
    equations = [sp.Eq(Array("evidenceslope"), right, evaluate=False) for right in (first, second)]
    return Statement(sp.Tuple(*equations, sp.Eq(sp.Derivative(Array("evidence"), noise), by_noise, evaluate=False)))


@rule(
    source=Citation("rasmussen2006", "Sec. 5.4.2"),
    check=checks.without_one,
    reason="One target given the others: the posterior with one training input left out, plus the noise.",
)
def without_one(mean: Statement, covariance: Statement) -> Statement:
    r"""m_{-i} = K(x_i,\mathcal X_{-i})(K_{-i}+sI)^{-1}\mathcal Y_{-i},\  v_{-i} = K(x_i,x_i) + s - K(x_i,\mathcal X_{-i})(K_{-i}+sI)^{-1}K(\mathcal X_{-i},x_i)

    ``mean``, ``covariance``: of the posterior.  One output per input; several with the kernel K (x) I_k are separate.
    """
    moved = {X: rest, x1: left, x2: left}
    first = sp.Eq(Array("loomean", (left,)), mean.claim.rhs.xreplace(moved), evaluate=False)
    second = sp.Eq(Array("loovar", (left, left)), covariance.claim.rhs.xreplace(moved) + noise, evaluate=False)
    return Statement(sp.Tuple(first, second))


@rule(
    source=Citation("", "block elimination"),
    check=checks.block_inverse,
    reason=r"Row $i$ of the inverse of the whole matrix, by elimination of all other rows (Schur complement).",
)
def block_inverse(omitted: Statement) -> Statement:
    r"""[A^{-1}]_{ii}\,v_{-i} = 1,\qquad [A^{-1}\mathcal Y]_i\,v_{-i} = y_i - m_{-i}

    ``omitted``: mean and variance of target i given the others.
    """
    (matrix,) = {node.matrix for node in omitted.claim.atoms(Spectral)}
    whole = inverse(matrix.xreplace({rest: X}))
    mean, variance = (Component(equation.lhs, ()) for equation in omitted.claim)
    first = sp.Eq(Component(whole, (NUMBER, NUMBER)) * variance, 1, evaluate=False)
    second = sp.Eq(Component(whole * TARGETS, (NUMBER,)) * variance, Component(TARGETS, (NUMBER,)) - mean, evaluate=False)
    return Statement(sp.Tuple(first, second))


@rule(source=Citation("rasmussen2006", "Eq. 5.12"), check=checks.leave_one_out, reason="Solved for mean and variance: one inverse gives all of them.")
def leave_one_out(relations: Statement) -> Statement:
    r"""m_{-i} = y_i - \frac{[A^{-1}\mathcal Y]_i}{[A^{-1}]_{ii}},\qquad v_{-i} = \frac1{[A^{-1}]_{ii}}"""
    first, second = relations.claim
    variance = next(atom for atom in first.lhs.atoms(Component) if atom.tensor.has(Array) and atom.indices == sp.Tuple())
    diagonal, weighted, target = first.lhs / variance, second.lhs / variance, next(a for a in second.rhs.atoms(Component) if a.indices)
    mean = sp.expand(target - second.rhs)
    return Statement(sp.Tuple(sp.Eq(mean, target - weighted / diagonal, evaluate=False), sp.Eq(variance, 1 / diagonal, evaluate=False)))
