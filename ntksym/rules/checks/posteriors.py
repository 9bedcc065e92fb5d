"""Checks of Gaussian posteriors: the algebra of matrices for all sizes, and small matrices of letters written out."""

from __future__ import annotations

import random

import sympy as sp

from ntksym.nodes import Array, Component, DistributedAs, Gaussian, Spectral, Trace, transpose
from ntksym.notation import X, lam, left, noise, rest, x1, x2
from ntksym.proof import Statement, Status, Verdict, false, proved, tested
from ntksym.rules.checks import operators
from ntksym.rules.checks.dynamics import matrices, shaped
from ntksym.rules.checks.written import inverse_of, number, symmetric, vanishes, written

_TARGETS = Array("targets", (X,))
_SEED = 5


def _kernel_of(law: sp.Basic) -> str:
    (name,) = {array.name for array in law.atoms(Array)} & {"K", "Theta"}
    return name


def _written_kernel(name: str) -> tuple[sp.Matrix, dict[sp.Basic, sp.Matrix]]:
    """A general kernel of two inputs and two training inputs, whole and in the blocks that arrays name."""
    whole = symmetric("q", 4)
    places = {x1: [0], x2: [1], X: [2, 3]}
    blocks = {Array(name, (a, b)): whole.extract(i, j) for a, i in places.items() for b, j in places.items()}
    return whole, {**blocks, _TARGETS: sp.Matrix(sp.symbols("y1 y2"))}


def prior(premises: tuple[Statement, ...], conclusion: Statement, *, kernel: str = "K") -> Verdict:
    """Outputs and noise mapped to outputs and targets: the covariance of a linear image, with two training inputs."""
    claim = conclusion.claim
    if {a.key for a in conclusion.assumptions} != {{"K": "nngp-prior", "Theta": "ntk-prior"}[kernel], "gaussian-noise"}:
        return false("the prior and the law of the noise are assumed")
    vector = (Array("f", (x1,)), Array("f", (x2,)), _TARGETS)
    if not isinstance(claim, DistributedAs) or tuple(claim.args[0]) != vector or claim.args[0] != claim.args[1].variables or not claim.args[1].is_centred:
        return false("the vector is (f(x), f(x'), Y), centred")
    law: Gaussian = claim.args[1]
    whole, meaning = _written_kernel(kernel)
    source = sp.diag(whole, noise * sp.eye(2))
    image = sp.Matrix.vstack(sp.eye(4).row_join(sp.zeros(4, 2)))
    image[2:, 4:] = sp.eye(2)
    covariance = image * source * image.T
    places = ([0], [1], [2, 3])
    for i, rows in enumerate(places):
        for j in range(i, 3):
            if not vanishes(covariance.extract(rows, places[j]) - written(law.cov(i, j), meaning)):
                return false(f"entry {i}, {j} of the covariance is another")
    return proved("two inputs and two training inputs, every kernel: covariance of a linear image of outputs and noise, written out")


def regression_weights(premises: tuple[Statement, ...], conclusion: Statement, *, name: str = "regression") -> Verdict:
    """The rest is uncorrelated with the targets, for all sizes."""
    law, claim = premises[0].claim.args[1], conclusion.claim
    if claim.lhs != Array(name, (x1, X)) or shaped(claim):
        return shaped(claim) or false("the left side is not the weights at x")
    noisy = law.cov(2, 2).matrix + noise
    return matrices(sp.expand(law.cov(0, 2) - claim.rhs * noisy), "the rest is uncorrelated with the targets")


def conditional_law(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Covariance of the rests for all sizes; and the joint density is that of the targets times the one claimed, written out."""
    law, weights, claim = premises[0].claim.args[1], premises[1].claim, conclusion.claim
    if shaped(claim) or len(claim) != 2 or claim[0].lhs != Array("gpmean", (x1,)) or claim[1].lhs != Array("gpcov", (x1, x2)):
        return shaped(claim) or false("not mean and covariance")
    mean, covariance = (part.rhs.xreplace({weights.lhs: weights.rhs}) for part in claim)
    here, name = weights.rhs, _kernel_of(law)
    there = here.xreplace({x1: x2})
    rests = law.cov(0, 1) - here * transpose(law.cov(1, 2)) - law.cov(0, 2) * transpose(there) + here * (law.cov(2, 2).matrix + noise) * transpose(there)
    verdict = matrices(sp.expand(covariance - rests), "covariance of the rests f(x) - C(x) Y and f(x') - C(x') Y, expanded")
    if verdict.status is Status.FALSE:
        return verdict
    mismatch = matrices(sp.expand(mean - here * _TARGETS), "the mean is the prediction")
    if mismatch.status is Status.FALSE:
        return mismatch
    whole, meaning = _written_kernel(name)
    noisy = whole.extract([2, 3], [2, 3]) + noise * sp.eye(2)
    joint = sp.Matrix(sp.BlockMatrix([[whole.extract([0], [0]), whole.extract([0], [2, 3])], [whole.extract([2, 3], [0]), noisy]]))
    output, y = sp.Symbol("f"), meaning[_TARGETS]
    both = sp.Matrix([output, *y])
    center, spread = written(mean, meaning)[0], written(covariance.xreplace({x2: x1}), meaning)[0]
    exponent = (both.T * inverse_of(joint) * both - y.T * inverse_of(noisy) * y)[0] - (output - center) ** 2 / spread
    if not vanishes(sp.Matrix([exponent, joint.det() - spread * noisy.det()])):
        return false("the joint density is not that of the targets times this one")
    return verdict + proved("one input, two training inputs: the joint density is that of the targets times the one claimed, written out")


def on_training_inputs(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """All labels those of the training inputs: nothing remains of the difference, for every eigenvalue."""
    statement, claim = premises[0].claim, conclusion.claim
    everywhere = {x1: X, x2: X}
    if claim.lhs != statement.lhs.xreplace(everywhere) or shaped(claim):
        return shaped(claim) or false("the left side is another")
    return matrices(sp.expand(statement.rhs.xreplace(everywhere) - claim.rhs), "for every eigenvalue")


def marginal_likelihood(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """One target after the other, each given the earlier ones: the sum of their log densities, for one to three targets written out."""
    claim, noisy = conclusion.claim, premises[0].claim.args[1].cov(2, 2)
    if claim.lhs != Array("evidence") or shaped(claim):
        return shaped(claim) or false("the left side is not the log marginal likelihood")
    logs = [node for node in claim.rhs.atoms(Spectral) if node.function.expr.has(sp.log)]
    if len(logs) != 1 or logs[0] != Spectral(sp.Lambda(lam, sp.log(lam + noise)), noisy.matrix):
        return false("its one logarithm is that of the covariance of the targets")
    determinant = sp.Symbol("logdet")
    numbers = claim.rhs.xreplace({Trace(logs[0]): determinant})
    for size in (1, 2, 3):
        kernel, y = symmetric("q", size), sp.Matrix(sp.symbols(f"y1:{size + 1}"))
        plain = written(numbers, {noisy.matrix: kernel, _TARGETS: y})[0].xreplace({sp.Symbol("N", integer=True, positive=True): sp.Integer(size)})
        plain = plain.xreplace({sp.Symbol("k", integer=True, positive=True): sp.S.One})
        squares, volume = _one_by_one(kernel + noise * sp.eye(size), y)
        if plain.diff(determinant) != -sp.Rational(1, 2) or not vanishes(sp.Matrix([volume - (kernel + noise * sp.eye(size)).det()])):
            return false("the determinant is not the product of the variances of the targets, each given the earlier ones")
        rest_of = plain + determinant / 2 + size * sp.log(2 * sp.pi) / 2 + squares / 2
        if not vanishes(sp.Matrix([rest_of])):
            return false("it is not the sum of the log densities of the targets, each given the earlier ones")
    return proved("one to three targets: the log densities of each given the earlier ones, added up and written out")


def _one_by_one(matrix: sp.Matrix, y: sp.Matrix) -> tuple[sp.Expr, sp.Expr]:
    """(sum of squares over variance, product of the variances), the targets taken one after the other by Gaussian elimination."""
    squares, volume = sp.S.Zero, sp.S.One
    matrix, y = matrix.copy(), y.copy()
    for k in range(matrix.rows):
        pivot = matrix[k, k]
        squares, volume = squares + y[k] ** 2 / pivot, volume * pivot
        for i in range(k + 1, matrix.rows):
            factor = matrix[i, k] / pivot
            y[i] = sp.together(y[i] - factor * y[k])
            for j in range(k, matrix.rows):
                matrix[i, j] = sp.cancel(matrix[i, j] - factor * matrix[k, j])
    return squares, volume


def evidence_slope(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """SymPy's derivative of the log density along a line of kernels: two targets of letters, four in rational numbers."""
    claim = conclusion.claim
    if shaped(claim) or len(claim) != 3:
        return shaped(claim) or false("two forms for the kernel and one for the noise")
    by_kernel, by_noise = Array("evidenceslope"), sp.Derivative(Array("evidence"), noise)
    if [part.lhs for part in claim] != [by_kernel, by_kernel, by_noise]:
        return false("the left sides are others")
    (matrix,) = {node.matrix for node in premises[0].claim.atoms(Spectral)}
    letters = {matrix: symmetric("q", 2), Array("Kslope", (X, X)): symmetric("d", 2), _TARGETS: sp.Matrix(sp.symbols("y1:3"))}
    rng = random.Random(_SEED)
    draws = [letters, *(_numbers(rng, matrix) for _ in range(4))]
    for meaning in draws:
        values = {noise: sp.Rational(3, 7)} if meaning is not letters else {}
        for part in claim:
            step = meaning[Array("Kslope", (X, X))] if part.lhs == by_kernel else sp.eye(meaning[matrix].rows)
            expected = _slope_along(meaning[matrix] + values.get(noise, noise) * sp.eye(step.rows), step, meaning[_TARGETS])
            if not vanishes(sp.Matrix([written(part.rhs.xreplace(values), meaning)[0] - expected])):
                return false(f"it is not the derivative of the log density (with {step.rows} targets)")
    return proved("two targets, every kernel and every direction: the derivative of the log density, written out") + tested(
        4, 30, "the derivative of the log density of four targets, in rational numbers", seed=_SEED
    )


def _numbers(rng: random.Random, matrix: sp.Basic) -> dict[sp.Basic, sp.Matrix]:
    root, slope = (sp.Matrix(4, 4, lambda i, j: sp.Integer(rng.randint(-3, 3))) for _ in range(2))
    y = sp.Matrix(4, 1, lambda i, j: sp.Integer(rng.randint(-5, 5)))
    return {matrix: root * root.T, Array("Kslope", (X, X)): slope + slope.T, _TARGETS: y}


def _slope_along(noisy: sp.Matrix, step: sp.Matrix, y: sp.Matrix) -> sp.Expr:
    """d/dtau of -1/2 y^T (A + tau D)^-1 y - 1/2 log det (A + tau D) at 0; the quadratic form is a quotient of determinants."""
    tau = sp.Symbol("_tau")
    moved = noisy + tau * step
    bordered = sp.Matrix(sp.BlockMatrix([[moved, y], [y.T, sp.zeros(1)]]))
    density = bordered.det(method="berkowitz") / moved.det(method="berkowitz") / 2  # y^T A^-1 y = -det [A y; y^T 0] / det A
    volume = moved.det(method="berkowitz")
    return (density.diff(tau) - volume.diff(tau) / volume / 2).xreplace({tau: sp.S.Zero})


def without_one(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Of three targets, the density of the first given the others, as a quotient of densities written out."""
    claim = conclusion.claim
    if shaped(claim) or len(claim) != 2 or claim[0].lhs != Array("loomean", (left,)) or claim[1].lhs != Array("loovar", (left, left)):
        return shaped(claim) or false("not mean and variance of the target left out")
    kernel, y, meaning = _one_left_out(_kernel_of(claim), 0, 3)
    noisy = kernel + noise * sp.eye(3)
    others = noisy.extract([1, 2], [1, 2])
    center, spread = (written(part.rhs, meaning)[0] for part in claim)
    whole, without = y.T * inverse_of(noisy) * y, y[1:, :].T * inverse_of(others) * y[1:, :]
    exponent = (whole - without)[0] - (y[0] - center) ** 2 / spread
    if not vanishes(sp.Matrix([exponent, noisy.det() - spread * others.det()])):
        return false("the density of the targets is not that of the others times this one")
    return proved("three targets: the density of all is that of the others times the one claimed, written out")


def _one_left_out(name: str, k: int, size: int) -> tuple[sp.Matrix, sp.Matrix, dict[sp.Basic, sp.Matrix]]:
    kernel, y = symmetric("q", size), sp.Matrix(sp.symbols(f"y1:{size + 1}"))
    others = [j for j in range(size) if j != k]
    places = {left: [k], rest: others, X: list(range(size))}
    meaning: dict[sp.Basic, sp.Matrix] = {Array(name, (a, b)): kernel.extract(i, j) for a, i in places.items() for b, j in places.items()}
    meaning |= {Array("targets", (label,)): y.extract(rows, [0]) for label, rows in places.items()}
    meaning[sp.Symbol("i", integer=True, positive=True)] = sp.Matrix([k])
    return kernel, y, meaning


def block_inverse(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The column with which the matrix gives a unit vector, block by block for all sizes; and each of three inputs left out, written out."""
    omitted, claim = premises[0].claim, conclusion.claim
    if len(claim) != 2:
        return false("not the two relations")
    mean, variance = omitted
    name = _kernel_of(mean)
    # A (u, 1) with u = -A_rest^-1 a is (0, v): so (u, 1)/v is column i of A^-1.
    column, others = Array(name, (rest, left)), Array(name, (rest, rest))
    solved = -Spectral(sp.Lambda(lam, 1 / (lam + noise)), others) * column
    first = sp.expand((others + noise) * solved + column)
    last = sp.expand(transpose(column) * solved + Array(name, (left, left)) + noise - variance.rhs)
    weighted = sp.expand(Array("targets", (left,)) + transpose(Array("targets", (rest,))) * solved - (Array("targets", (left,)) - _row(mean.rhs)))
    if not all(operators.is_zero(part) for part in (first, last, weighted)):
        return false("elimination gives another row of the inverse")
    for k in range(3):
        _, _, meaning = _one_left_out(name, k, 3)
        meaning |= {part.lhs: written(part.rhs, meaning) for part in omitted}
        for part in claim:
            if part.lhs == 0 or not part.lhs.has(Component) or not vanishes(sp.Matrix([number(part.lhs - part.rhs, meaning)])):
                return false(f"with three inputs, input {k + 1} left out, the two sides differ")
    return proved(f"{operators.SCOPE}: elimination block by block") + proved("three inputs, each of them left out, written out")


def _row(mean: sp.Expr) -> sp.Expr:
    """The mean as targets times weights: the transposed product (it is one number)."""
    return sp.Mul(*(transpose(factor) for factor in reversed(mean.args_cnc()[1]))) * sp.Mul(*mean.args_cnc()[0])


def leave_one_out(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Put into the two relations, nothing remains."""
    relations, claim = premises[0].claim, conclusion.claim
    values = {part.lhs: part.rhs for part in claim}
    if {str(name) for name in values} != {str(Component(Array(name, labels), ())) for name, labels in (("loomean", (left,)), ("loovar", (left, left)))}:
        return false("not mean and variance of the target left out")
    if any(value.has(*values) for value in values.values()):
        return false("it is not solved")
    for part in relations:
        if sp.simplify((part.lhs - part.rhs).xreplace(values)) != 0:
            return false("put into the relations, something remains")
    return proved("every number of examples: put into the relations, nothing remains")
