"""Checks of the error between a network and its linearization: algebra of matrices for all sizes, then random matrices in numbers."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import sympy as sp

from ntksym.nodes import Array, Norm, Spectral, Transposed, transpose
from ntksym.notation import X, eta, lam, lampath, lamstart, t, tau
from ntksym.proof import Statement, Verdict, false, proved, tested
from ntksym.rules.checks import descent_paths, operators
from ntksym.rules.checks.dynamics import matrices, shaped

SEED = 19020672
_ZERO = sp.S.Zero
_CURVATURE = sp.Symbol("curvature", nonnegative=True)
_DRAWS = 40


def _at(name: str, *inputs: sp.Basic, time: sp.Expr = t) -> Array:
    return Array(name, inputs, (time,))


def errors_named(premises: tuple[Statement, ...], conclusion: Statement, *, at: sp.Basic) -> Verdict:
    """What was taken away, put back: e + f_lin is f, D + Theta-hat_0 is Theta-hat_t, and both residuals vanish at the targets."""
    claim, targets = conclusion.claim, Array("targets", (X,))
    names = (_at("errorvec", at), _at("Ddiff", at, X), _at("residual", X), _at("residuallin", X))
    if len(claim) != 4 or any(part.lhs != name for part, name in zip(claim, names, strict=True)):
        return false("not the four names")
    problem = shaped(claim)
    if problem:
        return problem
    wholes = (
        names[0] + _at("flin", at) - _at("f", at),
        names[1] + _at("Thetahat", at, X, time=_ZERO) - _at("Thetahat", at, X),
        names[2] + targets - _at("f", X),
        names[3] + targets - _at("flin", X),
    )
    meaning = {part.lhs: part.rhs for part in claim}
    if not all(operators.is_zero(sp.expand(whole.xreplace(meaning))) for whole in wholes):
        return false("a difference is another")
    return proved(f"{operators.SCOPE}: with what was taken away put back")


def _meanings(names: sp.Basic) -> dict[sp.Basic, sp.Expr]:
    """Each name, at time t and t + 1 and differentiated, as what it stands for."""
    found: dict[sp.Basic, sp.Expr] = {}
    for part in names.args:
        later = {t: t + 1}
        found |= {part.lhs: part.rhs, part.lhs.xreplace(later): part.rhs.xreplace(later)}
        found[sp.Derivative(part.lhs, t)] = sp.Add(*(_velocity(term) for term in sp.Add.make_args(part.rhs)))
    return found


def _velocity(term: sp.Expr) -> sp.Expr:
    number, array = term.as_coeff_Mul()
    return number * sp.Derivative(array, t) if array.has(t) else sp.S.Zero


def error_law(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """With the names put in, both forms are the difference of the two laws."""
    names, motion, linear = (premise.claim for premise in premises)
    if len(conclusion.claim) != 2:
        return false("two forms are meant")
    at = names.args[0].lhs.inputs[0]
    # The definitions at the training inputs are those at the other input, with the label exchanged.
    meaning = _meanings(names) | _meanings(names.xreplace({at: X}))
    difference = (motion.lhs - linear.lhs) - (motion.rhs - linear.rhs)
    wanted = ({"errorvec", "Ddiff", "residuallin"}, {"errorvec", "Ddiff", "residual"})
    for form, arrays in zip(conclusion.claim, wanted, strict=True):
        problem = shaped(form)
        if problem:
            return problem
        here = form.rhs.atoms(Array)
        if not arrays <= {array.name for array in here} or {a.name for a in here} & {"f", "flin", "targets"}:
            return false("the law is not one of the error")
        if any(a.name == "Thetahat" and (a.time[0] == _ZERO) is not ("residual" in arrays) for a in here):
            return false("the kernel is the one of the other form")
        left = meaning.get(form.lhs)
        if left is None or not operators.is_zero(sp.expand((left - form.rhs - difference).xreplace(meaning))):
            return false(f"{form} is not the difference of the two laws")
    return proved(f"{operators.SCOPE}: with the names put in, both forms are the difference of the two laws")


def error_start(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """At w = 0 the linearized network is the network."""
    names, linearized, claim = premises[0].claim, premises[1].claim, conclusion.claim
    definition = names.args[0]
    start = {t: _ZERO}
    if not isinstance(claim, sp.Eq) or claim.lhs != definition.lhs.xreplace(start):
        return false("not the error at the start")
    at_rest = linearized.rhs.xreplace(start).xreplace({_move(): _ZERO})
    value = definition.rhs.xreplace(start).xreplace({linearized.lhs.xreplace(start): at_rest})
    return matrices(value - claim.rhs, "with no movement of the parameters at the start")


def _move() -> Array:
    return Array("weightmove", (), (_ZERO,))


def residual_start(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The residuals differ by the error, which is 0."""
    names, start, claim = premises[0].claim, premises[1].claim, conclusion.claim
    initial = {part.lhs.xreplace({t: _ZERO}): part.rhs.xreplace({t: _ZERO}) for part in names.args}
    if not isinstance(claim, sp.Eq) or {claim.lhs, claim.rhs} != {_at("residual", X, time=_ZERO), _at("residuallin", X, time=_ZERO)} or start.rhs != 0:
        return false("not the residuals at the start")
    return matrices((claim.rhs - claim.lhs - start.lhs).xreplace(initial), "the residuals differ by the error")


def residual_law(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """With the name put in, the law of the linearized outputs."""
    names, linear, claim = premises[0].claim, premises[1].claim, conclusion.claim
    meaning = _meanings(names)
    if claim.lhs not in meaning or not claim.rhs.has(_at("residuallin", X)) or claim.rhs.has(_at("flin", X)):
        return false("not the law of the residual")
    difference = (claim.lhs - claim.rhs).xreplace(meaning) - (linear.lhs - linear.rhs)
    return shaped(claim) or matrices(sp.expand(difference), "with the name put in")


def square_rate(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """d/dt v^T v, both factors differentiated, with the law put in."""
    law, claim = premises[0].claim, conclusion.claim
    moving = law.lhs.expr
    if claim.lhs != sp.Derivative(Norm(moving) ** 2, t, evaluate=False):
        return false("not the rate of the squared norm")
    velocity = sp.Add(*(transpose(law.rhs) * moving, transpose(moving) * law.rhs))
    return shaped(claim) or matrices(sp.expand(velocity - claim.rhs), "both factors differentiated")


def square_rate_bound(premises: tuple[Statement, ...], conclusion: Statement, *, floor: sp.Expr = sp.S.Zero) -> Verdict:
    """The room is a sum of squares and of Cauchy-Schwarz rooms, each recognized; equality for aligned vectors, by random matrices."""
    rate, gram, claim = premises[0].claim, premises[1].claim, conclusion.claim
    if not isinstance(claim, sp.Le) or claim.lhs != rate.lhs:
        return false("not a bound of the rate")
    listed = {assumption.key for assumption in conclusion.assumptions}
    if {lamstart: "kernel-floor-at-start", lampath: "kernel-floor-along-path"}.get(floor, "") not in listed | {""}:
        return false("the lower bound of the eigenvalues is not listed")
    if gram.rhs != (lambda j: j * Transposed(j))(_at("J", X, time=gram.lhs.time[0])):
        return false("not a Gram matrix")
    moving = rate.lhs.expr.base.vector
    size = Norm(moving)
    room: sp.Expr = sp.S.Zero
    for term in sp.Add.make_args(rate.rhs):
        numbers, (row, matrix, vector) = term.args_cnc()
        strength = -sp.Mul(*numbers)
        if row != transpose(moving) or not strength.is_positive:
            return false("a term of another kind")
        if vector == moving and matrix == gram.lhs:
            # v^T (A - floor) v >= 0: A = J J^T, and no eigenvalue is below the floor
            room += strength * (row * matrix * vector - floor * size**2)
        else:
            room += strength * (size * Norm(matrix) * Norm(vector) + row * matrix * vector)
    if not operators.is_zero(sp.expand(claim.rhs - rate.rhs - room)):
        return false("the room is not made of the squares and the rooms of Cauchy and Schwarz")
    verdict = proved(f"{operators.SCOPE}: the room is a form of a positive semidefinite matrix and rooms of Cauchy and Schwarz, times positive numbers")
    return verdict + _random_vectors(rate.rhs, claim.rhs, moving, floor)


def _random_vectors(exact: sp.Expr, bound: sp.Expr, moving: Array, floor: sp.Expr) -> Verdict:
    """Both sides for random matrices; the largest ratio of the terms with D, reached where v = -D u."""
    rng = np.random.default_rng(SEED)
    worst = -np.inf
    for draw in range(_DRAWS):
        numbers: dict[sp.Basic, np.ndarray] = {}
        root = rng.normal(size=(3, 5))
        for array in sorted(exact.atoms(Array), key=str):
            rows = 3 if array.inputs[0] == X else 2
            square = array.name == "Thetahat" and array.inputs[0] == X
            numbers[array] = root @ root.T if square else rng.normal(size=(rows, 3) if len(array.inputs) == 2 else (rows, 1))
        moved = [array for array in numbers if array.name == "Ddiff"]
        if draw % 2 and moved:
            (matrix,) = moved
            left, _, right = np.linalg.svd(numbers[matrix])
            numbers[_at("residuallin", X)], numbers[moving] = right[:1].T, -left[:, :1]
        symbols = {eta: 0.7, **({floor: float(np.linalg.eigvalsh(root @ root.T)[0])} if floor != 0 else {})}
        difference = descent_paths.matrix_value(bound, numbers, symbols) - descent_paths.matrix_value(exact, numbers, symbols)
        worst = max(worst, -difference.item())
    return (
        false(f"for random matrices the rate is above the bound by {worst:.3g}") if worst > 1e-11 else tested(_DRAWS, 11, "random matrices and vectors", SEED)
    )


# -- gradient descent --------------------------------------------------------------------------------------------------


def _polynomials() -> tuple[tuple[sp.Symbol, ...], tuple[sp.Expr, ...]]:
    """Two general cubics in two parameters."""
    parameters = sp.symbols("th1:3", real=True)
    monomials = [sp.Mul(*chosen) for degree in range(4) for chosen in combinations_with_replacement(parameters, degree)]
    return parameters, tuple(sp.Add(*(sp.Symbol(f"{name}{k}") * m for k, m in enumerate(monomials))) for name in ("p", "q"))


def taylor_step(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """For general cubics what is left has no term of order 0 or 1 in the step: so R is of second order."""
    claim = conclusion.claim
    remainder, step = _at("remainder", X), Array("theta", (), (t + 1,)) - Array("theta", (), (t,))
    problem = shaped(claim)
    if problem or claim.lhs != _at("f", X, time=t + 1):
        return problem or false("the left side is not the output after a step")
    if not operators.is_zero(sp.expand(claim.rhs - remainder - _at("f", X) - _at("J", X) * step)):
        return false("not the output, the Jacobian times the step, and the rest")
    parameters, values = _polynomials()
    scale, moves = sp.Symbol("_s"), sp.symbols("w1:3", real=True)
    for value in values:
        moved = value.xreplace({p: p + scale * w for p, w in zip(parameters, moves, strict=True)})
        left = sp.expand(moved - value - scale * sp.Add(*(value.diff(p) * w for p, w in zip(parameters, moves, strict=True))))
        if left.coeff(scale, 0) != 0 or left.coeff(scale, 1) != 0:
            return false("the rest is not of second order")
    return proved("definition of $R$; for networks of 2 parameters and 2 outputs that are cubic polynomials, written out, it is of second order in the step")


def remainder_bound(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """R = int_0^1 (1 - s) f''(theta + s w)[w, w] ds for general cubics; the weights add up to one half."""
    claim = conclusion.claim
    if [a.key for a in conclusion.assumptions if a.key == "second-derivative-bounded"] == []:
        return false("the bound of the second derivative is not listed")
    parameters, values = _polynomials()
    s, moves = sp.Symbol("_s"), sp.symbols("w1:3", real=True)
    for value in values:
        along = value.xreplace({p: p + s * w for p, w in zip(parameters, moves, strict=True)})
        remainder = along.xreplace({s: sp.S.One}) - along.xreplace({s: _ZERO}) - along.diff(s).xreplace({s: _ZERO})
        if sp.expand(remainder - sp.integrate(sp.expand((1 - s) * along.diff(s, 2)), (s, 0, 1))) != 0:
            return false("the remainder is not the integral")
    weight = sp.integrate(1 - s, (s, 0, 1))
    step = Array("theta", (), (t + 1,)) - Array("theta", (), (t,))
    if (
        not isinstance(claim, sp.Le)
        or claim.lhs != Norm(_at("remainder", X))
        or not operators.is_zero(sp.expand(claim.rhs - weight * _CURVATURE * Norm(step) ** 2))
    ):
        return false(f"the bound is {weight} H times the squared step")
    scope = r"$R = \int_0^1 (1-s)\,\partial_\theta^2 f[w,w]\,ds$, written out for cubic networks of 2 parameters and 2 outputs; $\int_0^1 (1-s)\,ds = 1/2$"
    return proved(scope) + descent_paths.simulated(claim)


def remainder_of_descent(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The squared norm of the step, multiplied out."""
    bound, descent, names, claim = (*(premise.claim for premise in premises), conclusion.claim)
    if not isinstance(claim, sp.Le) or claim.lhs != bound.lhs or claim.rhs.atoms(Norm) != {Norm(Transposed(_at("J", X)) * _at("residual", X))}:
        return false("the left side changed, or another norm than that of the gradient stands on the right")
    (steps,) = bound.rhs.atoms(Norm)
    move = steps.vector.xreplace({descent.lhs: descent.rhs})
    before = bound.rhs.xreplace({steps**2: transpose(move) * move})
    meaning = {part.lhs: part.rhs for part in names.args}
    after = claim.rhs.xreplace({norm**2: _square(norm.vector.xreplace(meaning)) for norm in claim.rhs.atoms(Norm)})
    verdict = matrices(sp.expand(before) - sp.expand(after), "the squared norm of the step, multiplied out")
    return verdict + descent_paths.simulated(claim)


def _square(vector: sp.Expr) -> sp.Expr:
    return transpose(vector) * vector


def step_of_linearization(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The definition at both times, subtracted."""
    definition, claim = premises[0].claim, conclusion.claim
    later = {t: t + 1}
    if claim.lhs != definition.lhs.xreplace(later) or not claim.rhs.has(definition.lhs):
        return false("not the linearized output after a step from what it was")
    difference = (definition.rhs.xreplace(later) - definition.rhs) - (claim.rhs - definition.lhs)
    return shaped(claim) or matrices(sp.expand(difference), "the definition at both times, subtracted")


def step_bound(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The old error under a function of the kernel that is at most 1 in size; the rest by its norms."""
    law, gram, claim = premises[0].claim, premises[1].claim, conclusion.claim
    if "steps-below-edge" not in {assumption.key for assumption in conclusion.assumptions}:
        return false("the edge is not listed")
    now = law.lhs.xreplace({t: t - 1})
    contraction = Spectral(sp.Lambda(lam, 1 - eta * lam), gram.lhs)
    rest = [term for term in sp.Add.make_args(sp.expand(claim.rhs - Norm(now)))]
    if not isinstance(claim, sp.Le) or claim.lhs != Norm(law.lhs) or gram.lhs != _at("Thetahat", X, X):
        return false("not a bound of the error after the step")
    # |1 - z| <= 1 for 0 <= z <= 2: 1 - (1 - z)^2 = z (2 - z)
    z = sp.Symbol("_z")
    if sp.expand(1 - (1 - z) ** 2 - z * (2 - z)) != 0:
        return false("the factor may exceed 1")
    known = {abs(number) * sp.Mul(*(Norm(f) for f in factors)): number * sp.Mul(*factors) for number, factors in map(_parts, sp.Add.make_args(law.rhs))}
    if len(rest) != len(set(rest)) or not set(rest) <= set(known):
        return false("a term is not the norm of one of the law")
    if not operators.is_zero(sp.expand(law.rhs) - contraction * now - sp.Add(*(known[term] for term in rest))):
        return false("what the terms leave is not I - eta Theta-hat on the old error")
    return proved(f"{operators.SCOPE}: $|1 - z| \\le 1$ for $0 \\le z \\le 2$, and the triangle inequality") + descent_paths.simulated(claim)


def _parts(term: sp.Expr) -> tuple[sp.Expr, list[sp.Expr]]:
    numbers, factors = term.args_cnc()
    return sp.Mul(*numbers), factors


def sum_of_steps(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Induction: the right side starts with the left, and grows at each step by what the premise allows."""
    step, claim = premises[0].claim, conclusion.claim
    now = step.lhs.xreplace({t: t - 1})
    totals = claim.rhs.atoms(sp.Sum)
    if not isinstance(claim, sp.Le) or claim.lhs != now or len(totals) != 1:
        return false("not a sum of steps")
    (total,) = totals
    if total.function.has(t) or total.limits != sp.Sum(1, (tau, 0, t - 1)).limits or claim.rhs - total != now.xreplace({t: _ZERO}):
        return false("not the start and the steps before t")
    grown = total.function.xreplace({tau: t})  # what the sum gains from t to t + 1
    if not operators.vanishes(sp.expand(step.rhs - now - grown)):
        return false("the summand is not what a step adds")
    return proved("induction over the steps") + descent_paths.simulated(claim)
