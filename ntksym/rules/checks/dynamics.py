"""Checks of the dynamics chapter: algebra of matrices for all sizes, and general small networks written out by SymPy."""

from __future__ import annotations

from itertools import combinations_with_replacement

import sympy as sp

from ntksym.nodes import Array, Norm, Transposed, transpose
from ntksym.notation import X, eta, mu, t
from ntksym.proof import Statement, Verdict, false, proved
from ntksym.rules.checks import operators

_PARAMETERS = sp.symbols("th1:4", real=True)
_WRITTEN = "every network of 3 parameters and 2 outputs that is a polynomial of degree 2, written out"


def matrices(difference: sp.Expr, how: str) -> Verdict:
    """The difference is zero by the algebra of matrices."""
    return proved(f"{operators.SCOPE}: {how}") if operators.is_zero(difference) else false(f"{how}: the two sides differ")


def shaped(claim: sp.Basic) -> Verdict | None:
    """FALSE where the shapes of an equation do not fit."""
    problem = operators.shape_problem(claim)
    return None if problem is None else false(problem)


def _polynomial(name: str, variables: tuple[sp.Symbol, ...], degree: int) -> sp.Expr:
    monomials = [sp.Mul(*chosen) for d in range(degree + 1) for chosen in combinations_with_replacement(variables, d)]
    return sp.Add(*(sp.Symbol(f"{name}{k}", real=True) * monomial for k, monomial in enumerate(monomials)))


def _network() -> tuple[sp.Expr, ...]:
    """The general quadratic network of two outputs."""
    return tuple(_polynomial(name, _PARAMETERS, 2) for name in ("p", "q"))


def squared_loss(premises: tuple[Statement, ...], conclusion: Statement, *, name: str = "f") -> Verdict:
    """Half the sum of the squares of the differences, written out for two outputs; zero where the outputs are the targets."""
    claim = conclusion.claim
    outputs, targets = Array(name, (X,), (t,)), Array("targets", (X,))
    expected = (Transposed(outputs) - Transposed(targets)) * (outputs - targets) / 2
    if claim.lhs != Array("loss", (), (t,)) or shaped(claim):
        return false("the left side is not the loss, or the shapes differ")
    return matrices(claim.rhs - expected, "half the residual's product with itself")


def loss_gradient(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The loss's derivative along any direction is the gradient's inner product with it."""
    loss, claim = premises[0].claim.rhs, conclusion.claim
    moved = [array for array in loss.atoms(Array) if array.name in ("f", "flin")]
    if len(moved) != 1 or claim.lhs.name != {"f": "lossgrad", "flin": "lossgradlin"}[moved[0].name]:
        return false("the gradient has another name than that of the outputs it belongs to")
    step, direction = sp.Symbol("_s", real=True), Array("f", (X,), (sp.Symbol("_direction"),))
    along = _quadratic(loss.xreplace({moved[0]: moved[0] + step * direction}), step)
    problem = shaped(claim)
    return problem or matrices(along - transpose(direction) * claim.rhs, "derivative of the loss along every direction")


def _quadratic(expression: sp.Expr, step: sp.Symbol) -> sp.Expr:
    """d/d step at 0 of an expression in squares of norms."""
    squares = {square: transpose(square.base.vector) * square.base.vector for square in expression.atoms(sp.Pow) if isinstance(square.base, Norm)}
    return sp.expand(expression.xreplace(squares)).coeff(step, 1)


def parameter_gradient(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The gradient of a general loss of a general small network, by SymPy."""
    claim = conclusion.claim
    if claim.lhs != Array("thetagrad", (), (t,)) or shaped(claim):
        return false("the left side is not the gradient, or the shapes differ")
    if [a.key for a in conclusion.assumptions] != ["chain-rule-along-training"]:
        return false("the chain rule is used without being assumed")
    values = _network()
    seen = sp.symbols("f1 f2", real=True)
    loss = _polynomial("l", seen, 3)
    jacobian = sp.Matrix(2, 3, lambda i, p: values[i].diff(_PARAMETERS[p]))
    force = sp.Matrix([loss.diff(s) for s in seen]).xreplace(dict(zip(seen, values, strict=True)))
    direct = sp.Matrix([loss.xreplace(dict(zip(seen, values, strict=True))).diff(p) for p in _PARAMETERS])
    meaning = {Array("J", (X,), (t,)): jacobian, Array("lossgrad", (X,), (t,)): force}
    return _written_out(direct, claim.rhs, meaning, f"{_WRITTEN}, under every loss of degree 3")


def _written_out(expected: sp.Matrix, expression: sp.Expr, meaning: dict[sp.Basic, sp.Matrix], scope: str) -> Verdict:
    """``expression`` with matrices in place of its arrays is ``expected``."""
    difference = (expected - as_matrix(expression, meaning)).applyfunc(sp.expand)
    return proved(scope) if difference.is_zero_matrix else false(f"{scope}: they differ by {difference[0]}")


def as_matrix(expression: sp.Expr, meaning: dict[sp.Basic, sp.Matrix]) -> sp.Matrix:
    """An expression of arrays with matrices put in."""
    if expression in meaning:
        return meaning[expression]
    if isinstance(expression, Transposed):
        return as_matrix(expression.array, meaning).T
    if isinstance(expression, sp.Add):
        first, *rest = (as_matrix(part, meaning) for part in expression.args)
        return sum(rest, first)
    if isinstance(expression, sp.Mul):
        numbers, factors = expression.args_cnc()
        product = as_matrix(factors[0], meaning)
        for factor in factors[1:]:
            product = product * as_matrix(factor, meaning)
        return sp.Mul(*numbers) * product
    raise ValueError(f"{expression} has no matrix")


def training_dynamics(premises: tuple[Statement, ...], conclusion: Statement, *, dynamics: str) -> Verdict:
    """A step minimizes the linearized loss plus the squared distance; for a flow, its unit step by differences does."""
    claim = conclusion.claim
    problem = shaped(claim)
    if problem:
        return problem
    now, gradient = Array("theta", (), (t,)), Array("thetagrad", (), (t,))
    before, after = now.xreplace({t: t - 1}), now.xreplace({t: t + 1})
    differences = {sp.Derivative(now, t): now - before if dynamics == "momentum_flow" else after - now, sp.Derivative(now, (t, 2)): after - 2 * now + before}
    step = sp.expand((claim.lhs - claim.rhs).xreplace(differences))
    # theta_{t+1} minimizes <grad, v> + |v - theta_t|^2 / (2 eta) - (mu/eta) <v, theta_t - theta_{t-1}>: its derivative by v vanishes there.
    inertia = mu * (now - before) if dynamics.startswith("momentum") else sp.S.Zero
    stationary = gradient + (after - now) / eta - inertia / eta
    continuous = dynamics.endswith("flow")
    how = "a unit step by differences minimizes" if continuous else "the step minimizes"
    if continuous is not claim.has(sp.Derivative):
        return false("a flow is a differential equation, a descent is not")
    return matrices(step - eta * stationary, f"{how} the linearized loss plus the squared distance over 2 eta{', less the inertia' if inertia != 0 else ''}")


def output_velocity(premises: tuple[Statement, ...], conclusion: Statement, *, at: sp.Basic) -> Verdict:
    """The derivative in time of a general small network along a general path, by SymPy."""
    claim = conclusion.claim
    if claim.lhs != sp.Derivative(Array("f", (at,), (t,)), t) or shaped(claim):
        return false("the left side is not the velocity of the outputs, or the shapes differ")
    if [a.key for a in conclusion.assumptions] != ["chain-rule-along-training"]:
        return false("the chain rule is used without being assumed")
    paths = sp.Matrix([_polynomial(f"c{p}_", (t,), 3) for p in range(3)])
    values = _network()
    here = dict(zip(_PARAMETERS, paths, strict=True))
    jacobian = sp.Matrix(2, 3, lambda i, p: values[i].diff(_PARAMETERS[p])).xreplace(here)
    moved = sp.Matrix([value.xreplace(here).diff(t) for value in values])
    meaning = {Array("J", (at,), (t,)): jacobian, sp.Derivative(Array("theta", (), (t,)), t): paths.diff(t)}
    return _written_out(moved, claim.rhs, meaning, f"{_WRITTEN}, along every cubic path")


def tangent_kernel_matrix(premises: tuple[Statement, ...], conclusion: Statement, *, first: sp.Basic, second: sp.Basic, time: sp.Expr = t) -> Verdict:
    """Symmetric under exchange, and a square on the diagonal; each entry is the sum over parameters of products of SymPy's derivatives."""
    claim = conclusion.claim
    problem = shaped(claim)
    if problem or claim.lhs != Array("Thetahat", (first, second), (time,)):
        return problem or false("the left side is not the tangent kernel")
    values = _network()
    here, there = {}, {p: sp.Symbol(f"{p}_", real=True) for p in _PARAMETERS}
    jacobians = [sp.Matrix(2, 3, lambda i, p: values[i].diff(_PARAMETERS[p])).xreplace(place) for place in (here, there)]
    entries = sp.Matrix(2, 2, lambda i, j: sum(values[i].diff(p) * values[j].diff(p).xreplace(there) for p in _PARAMETERS))
    if first == second:
        jacobians[1], entries = jacobians[0], entries.xreplace({there[p]: p for p in _PARAMETERS})
    meaning = {Array("J", (first,), (time,)): jacobians[0], Array("J", (second,), (time,)): jacobians[1]}
    return _written_out(entries, claim.rhs, meaning, f"{_WRITTEN}: entry by entry the sum over the parameters")


def kernel_layer_sum(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Jacobians of three layers side by side: their product with its transpose is the sum of the blocks' products."""
    definition, claim = premises[0].claim, conclusion.claim
    total = claim.rhs
    if not isinstance(total, sp.Sum) or claim.lhs != definition.lhs or total.limits[0][1] != 1:
        return false("not the kernel as a sum over the layers, from the first")
    index, _, last = total.limits[0]
    if last != sp.Symbol("L", integer=True, positive=True) + 1:
        return false("the layers are 1 to L + 1")
    meaning: dict[sp.Basic, sp.Matrix] = {}
    for label in dict.fromkeys(definition.lhs.inputs):
        blocks = [sp.Matrix(2, 2, lambda i, j, k=k, label=label: sp.Symbol(f"b_{label}_{k}{i}{j}")) for k in range(3)]
        meaning[Array("J", (label,), (t,))] = sp.Matrix.hstack(*blocks)
        meaning |= {Array("J", (label,), (t,), (k + 1,)): block for k, block in enumerate(blocks)}
    parts = [as_matrix(total.function.xreplace({index: sp.Integer(k)}), meaning) for k in (1, 2, 3)]
    return _written_out(parts[0] + parts[1] + parts[2], definition.rhs, meaning, "three layers of two parameters, blocks written out")


def put_in(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The difference of the two statements is what the equations make it."""
    target, claim = premises[0].claim, conclusion.claim
    if claim.lhs != target.lhs:
        return false("the left side changed")
    problem = shaped(claim)
    if problem:
        return problem
    # Later equations may stand inside earlier ones: resolve from the last to the first, each by its difference.
    resolved = target.rhs
    for premise in premises[1:]:
        resolved = resolved.xreplace({premise.claim.lhs: premise.claim.lhs - (premise.claim.lhs - premise.claim.rhs)})
    return matrices(sp.expand(resolved) - sp.expand(claim.rhs), "both sides multiplied out")


def under_its_name(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """With the definition put back, it is the premise."""
    target, definition, claim = premises[0].claim, premises[1].claim, conclusion.claim
    if claim.lhs != target.lhs or not claim.rhs.has(definition.lhs):
        return false("the left side changed, or the name does not stand on the right")
    back = claim.rhs.xreplace({definition.lhs: definition.rhs})
    return shaped(claim) or matrices(sp.expand(target.rhs) - sp.expand(back), "with the definition put back")


def energy(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """dL/dt = grad_f L . df/dt with the flow put in; both forms agree, and minus the rate is a square."""
    motion, gradient = premises[0].claim, premises[1].claim
    force = Array("lossgrad", (X,), (t,))
    rate = transpose(force) * motion.rhs
    parts = conclusion.claim.args
    if len(parts) != 2 or any(part.lhs != sp.Derivative(Array("loss", (), (t,)), t) for part in parts):
        return false("not two forms of the loss's rate")
    verdict = matrices(rate - parts[0].rhs, "the loss's rate is its gradient times the velocity of the outputs")
    square = parts[1].rhs.xreplace({gradient.lhs: gradient.rhs})
    second = matrices(parts[0].rhs - square, "the two forms agree")
    return verdict if verdict.status.name == "FALSE" else second


def linearization(premises: tuple[Statement, ...], conclusion: Statement, *, at: sp.Basic) -> Verdict:
    """For a general small network the difference from it has no term of order 0 or 1 in w."""
    claim = conclusion.claim
    problem = shaped(claim)
    if problem or claim.lhs != Array("flin", (at,), (t,)):
        return problem or false("the left side is not the linearized output")
    moves = sp.symbols("w1:4", real=True)
    values = _network()
    start = sp.Matrix(values)
    jacobian = sp.Matrix(2, 3, lambda i, p: values[i].diff(_PARAMETERS[p]))
    meaning = {Array("f", (at,), (sp.S.Zero,)): start, Array("J", (at,), (sp.S.Zero,)): jacobian, Array("weightmove", (), (t,)): sp.Matrix(moves)}
    linear = as_matrix(claim.rhs, meaning)
    scale = sp.Symbol("_s")
    for value, line in zip(values, linear, strict=True):
        moved = value.xreplace({p: p + scale * w for p, w in zip(_PARAMETERS, moves, strict=True)})
        rest = sp.expand(moved - line.xreplace({w: scale * w for w in moves}))
        if rest.coeff(scale, 0) != 0 or rest.coeff(scale, 1) != 0 or line.xreplace({w: scale * w for w in moves}).diff(scale, 2).expand() != 0:
            return false("it is not the Taylor polynomial of degree one")
    return proved(f"{_WRITTEN}: what it leaves out is of second order in w")
