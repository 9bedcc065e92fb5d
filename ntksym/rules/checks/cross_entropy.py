"""Checks of cross-entropy: two, three and four classes written out; every number of classes by one or two outputs against the sum over all others."""

from __future__ import annotations

import sympy as sp

from ntksym.nodes import Array, GradientAt, LossAt, Norm, Spectral, TendsTo, transpose
from ntksym.notation import X, classes, eta, lam, t, x1
from ntksym.proof import Statement, Status, Verdict, false, proved
from ntksym.rules.checks import operators
from ntksym.rules.checks.dynamics import matrices, shaped
from ntksym.rules.checks.written import vanishes

_f, _p, _y, _v = (sp.IndexedBase(name) for name in ("f", "softmax", "label", "direction"))
_i, _j = sp.symbols("i j", integer=True, positive=True)
_LOSS, _TRUE = sp.Symbol("crossentropy"), sp.Symbol("trueclass", integer=True, positive=True)
_SIZES = (2, 3, 4)
_WRITTEN = "two, three and four classes, written out"
_F, _A = Array("flin", (X,), (t,)), Array("dualcoef", (X,), (t,))


def _has(conclusion: Statement, *keys: str) -> bool:
    return set(keys) <= {a.key for a in conclusion.assumptions}


def _spelled(expression: sp.Basic, size: int, places: dict[sp.Basic, sp.Expr] | None = None) -> sp.Expr:
    """Sums over all classes written out; E1, E2, ... for the exponentials of the outputs."""
    chosen = expression.xreplace(places or {})
    while chosen.has(sp.Sum):
        innermost = next(node for node in chosen.atoms(sp.Sum) if not any(inner.has(sp.Sum) for inner in node.args[:1]))
        chosen = chosen.xreplace({innermost: _summed(innermost, size)})
    chosen = chosen.xreplace({classes: sp.Integer(size)})
    return chosen.replace(sp.KroneckerDelta, lambda a, b: sp.S.One if a == b else sp.S.Zero)


def _summed(total: sp.Sum, size: int) -> sp.Expr:
    terms = [total.function]
    for index, low, high in total.limits:
        if (low, high) != (1, classes):
            raise ValueError(f"{total} does not run over all classes")
        terms = [term.xreplace({index: sp.Integer(k)}) for term in terms for k in range(1, size + 1)]
    return sp.Add(*terms)


def _numbers(size: int) -> tuple[list[sp.Symbol], dict[sp.Basic, sp.Expr]]:
    """Real letters for the outputs of one example."""
    letters = list(sp.symbols(f"f1:{size + 1}", real=True))
    return letters, {_f[k + 1]: letter for k, letter in enumerate(letters)}


def _soft(letters: list[sp.Symbol]) -> dict[sp.Basic, sp.Expr]:
    total = sp.Add(*map(sp.exp, letters))
    return {_p[k + 1]: sp.exp(letter) / total for k, letter in enumerate(letters)}


def _rational(expression: sp.Expr) -> bool:
    """Whether an expression, rational in exponentials of sums of letters, vanishes."""
    return vanishes(sp.Matrix([expression.replace(sp.exp, _in_letters)]))


def _in_letters(exponent: sp.Expr) -> sp.Expr:
    """exp(2 a - b) as a product of powers of one letter for exp(a) and one for exp(b)."""
    whole = sp.S.One
    for term in sp.Add.make_args(sp.expand(exponent)):
        number, letter = term.as_coeff_Mul()
        whole *= sp.Symbol(f"E_{letter}", positive=True) ** number
    return whole


def cross_entropy(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """What determines a softmax: its entries add up to one, their logs differ as the outputs do; the loss is minus the log of the entry of the class."""
    claim = conclusion.claim
    if len(claim) != 2 or claim[0].lhs != _p[_j] or claim[1].lhs != _LOSS:
        return false("not the softmax and the loss")
    for size in _SIZES:
        letters, places = _numbers(size)
        entries = [_spelled(claim[0].rhs, size, {_j: sp.Integer(k + 1)}).xreplace(places) for k in range(size)]
        ratios = [entries[k] * sp.exp(letters[0]) - entries[0] * sp.exp(letters[k]) for k in range(size)]
        if not all(map(_rational, [sp.Add(*entries) - 1, *ratios])):
            return false(f"with {size} classes the entries do not add up to one, or their ratios are others")
        names = sp.symbols(f"p1:{size + 1}", positive=True)
        for true in range(size):
            values = {_p[k + 1]: name for k, name in enumerate(names)} | {_y[k + 1]: sp.Integer(k == true) for k in range(size)}
            if sp.expand(_spelled(claim[1].rhs, size).xreplace(values) + sp.log(names[true])) != 0:
                return false(f"with {size} classes the loss is not minus the log of the probability of the class")
    return proved(f"{_WRITTEN}: the entries add up to one, their logs differ as the outputs do, the loss is that of the class")


def log_sum_exp(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """With the softmax in letters of exponentials, for every class of the example."""
    definition, claim = premises[0].claim, conclusion.claim
    if claim.lhs != _LOSS or not _has(conclusion, "one-hot"):
        return false("not the loss of a one-hot label")
    for size in _SIZES:
        letters, places = _numbers(size)
        entries = {_p[k + 1]: _spelled(definition[0].rhs, size, {_j: sp.Integer(k + 1)}).xreplace(places) for k in range(size)}
        for true in range(size):
            label = {_y[k + 1]: sp.Integer(k == true) for k in range(size)}
            old, new = (_spelled(side.rhs, size).xreplace(label) for side in (definition[1], claim))
            # Both are a log less outputs: their exponentials are a quotient of exponentials.
            if not _rational(_exponential(old.xreplace(entries)) - _exponential(new.xreplace(places))):
                return false(f"with {size} classes and class {true + 1} it is another number")
    return proved(f"{_WRITTEN}, every class: both sides have one exponential")


def _exponential(expression: sp.Expr) -> sp.Expr:
    """The exponential of a sum of multiples of logs and of letters."""
    whole = sp.S.One
    for term in sp.Add.make_args(sp.expand(expression, log=False)):
        number, inner = term.as_coeff_Mul()
        whole *= inner.args[0] ** number if isinstance(inner, sp.log) else sp.exp(term)
    return whole


def softmax_gradient(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """One output against the sum over all others, which its derivative does not see: every number of classes; and SymPy's derivative written out."""
    loss, claim = premises[0].claim, conclusion.claim
    if claim.lhs != sp.Derivative(_LOSS, _f[_j], evaluate=False):
        return false("the left side is not the derivative in one output")
    verdict = _written_slopes(loss, claim, 1)
    if verdict.status is Status.FALSE:
        return verdict
    own, others, label = sp.symbols("own others label", real=True)
    direct = sp.log(sp.exp(own) + others) - label * own  # the terms of the other outputs do not move
    expected = sp.diff(direct, own) - claim.rhs.xreplace({_p[_j]: sp.exp(own) / (sp.exp(own) + others), _y[_j]: label})
    same = _rational(expected) and loss.rhs == sp.log(sp.Sum(sp.exp(_f[_i]), (_i, 1, classes))) - sp.Sum(_y[_i] * _f[_i], (_i, 1, classes))
    return verdict + proved("every number of classes: one output against the sum over all others") if same else false("against the sum of the others")


def softmax_hessian(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Two outputs against the sum over all others: every number of classes; and SymPy's second derivative written out."""
    gradient, claim = premises[0].claim, conclusion.claim
    if claim.lhs != sp.Derivative(_LOSS, _f[_i], _f[_j], evaluate=False):
        return false("the left side is not the second derivative")
    one, two, others = sp.symbols("one two others", real=True)
    total = sp.exp(one) + sp.exp(two) + others
    apart = {_p[_i]: sp.exp(one) / total, _p[_j]: sp.exp(two) / total}
    differing = claim.rhs.replace(sp.KroneckerDelta, lambda a, b: sp.S.Zero).xreplace(apart)
    together = claim.rhs.xreplace({_i: _j}).xreplace({_p[_j]: apart[_p[_j]]})
    slope = gradient.rhs.xreplace({_p[_j]: apart[_p[_j]], _y[_j]: sp.Symbol("label")})
    if not (_rational(sp.diff(slope, one) - differing) and _rational(sp.diff(slope, two) - together)):
        return false("two outputs against the sum of the others have other derivatives")
    for size in _SIZES:
        letters, places = _numbers(size)
        values = _soft(letters)
        direct = sp.log(sp.Add(*map(sp.exp, letters)))
        for a in range(size):
            for b in range(size):
                found = _spelled(claim.rhs.xreplace({_i: sp.Integer(a + 1), _j: sp.Integer(b + 1)}), size).xreplace(values)
                if not _rational(sp.diff(direct, letters[a], letters[b]) - found):
                    return false(f"with {size} classes the derivative in outputs {a + 1} and {b + 1} is another")
    return proved(f"{_WRITTEN}: the second derivatives of the loss") + proved("every number of classes: two outputs against the sum over all others")


def _written_slopes(loss: sp.Eq, claim: sp.Eq, order: int) -> Verdict:
    for size in _SIZES:
        letters, places = _numbers(size)
        direct = _spelled(loss.rhs, size).xreplace(places)
        for k, letter in enumerate(letters):
            found = claim.rhs.xreplace({_j: sp.Integer(k + 1)}).xreplace(_soft(letters))
            if not _rational(sp.diff(direct, letter, order) - found):
                return false(f"with {size} classes the derivative in output {k + 1} is another")
    return proved(f"{_WRITTEN}: the derivatives of the loss")


def hessian_bounds(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Written out; and for every number of classes by a certificate in the two moments of v, with its largest and smallest entry."""
    hessian, claim = premises[0].claim, conclusion.claim
    form = sp.Sum(hessian.lhs * _v[_i] * _v[_j], (_i, 1, classes), (_j, 1, classes))
    if len(claim) != 4 or any(part.lhs != form for part in claim) or [type(part) for part in claim] != [sp.Equality, sp.Equality, sp.Ge, sp.Le]:
        return false("not two values of the form and two bounds")
    if claim[2].rhs != 0:
        return false("the form is not negative: that is the lower bound")
    for size in _SIZES:
        p, v = (sp.symbols(f"{letter}1:{size + 1}", real=True) for letter in "pv")
        weights = [*p[:-1], 1 - sp.Add(*p[:-1])]
        values = {_p[k + 1]: weights[k] for k in range(size)} | {_v[k + 1]: v[k] for k in range(size)}
        direct = _spelled(sp.Sum(hessian.rhs * _v[_i] * _v[_j], (_i, 1, classes), (_j, 1, classes)), size).xreplace(values)
        if any(sp.expand(direct - _spelled(part.rhs, size).xreplace(values)) != 0 for part in claim[:2]):
            return false(f"with {size} classes the form has another value")
        if sp.expand(_spelled(claim[3].rhs, size).xreplace(values) - sp.Add(*(letter**2 for letter in v)) / 2) != 0:
            return false("the upper bound is not half the squared length")
    # Half the squared length less the variance, M and m the largest and smallest entry, s1 and s2 the moments: a sum of terms that are not negative.
    top, low, s1, s2, rest = sp.symbols("M m s1 s2 rest", real=True)
    certificate = rest / 2 + (top + low) ** 2 / 4 + (s1 - (top + low) / 2) ** 2 + ((top + low) * s1 - s2 - top * low)
    if sp.expand((top**2 + low**2 + rest) / 2 - (s2 - s1**2) - certificate) != 0:
        return false("the certificate does not add up")
    how = "half the squared length less the variance is a sum of squares, of the other entries' squares, and of the mean of (max v - v)(v - min v)"
    return proved(f"{_WRITTEN}: the values of the form; products of probabilities and squares are not negative") + proved(f"every number of classes: {how}")


def gradient_sums_to_zero(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The entries of the gradient added up, written out for softmax and one-hot label."""
    gradient, claim = premises[0].claim, conclusion.claim
    if claim.lhs != sp.Sum(gradient.lhs, (_j, 1, classes)) or claim.rhs != 0:
        return false("not the sum over all outputs")
    for size in _SIZES:
        letters, _ = _numbers(size)
        for true in range(size):
            values = _soft(letters) | {_y[k + 1]: sp.Integer(k == true) for k in range(size)}
            if not _rational(_spelled(sp.Sum(gradient.rhs, (_j, 1, classes)), size).xreplace(values)):
                return false(f"with {size} classes the sum is not zero")
    weights = [gradient.rhs.coeff(table[_j]) for table in (_p, _y)]
    if sum(weights) != 0 or gradient.rhs - weights[0] * _p[_j] - weights[1] * _y[_j] != 0:
        return false("it is no multiple of the difference of two vectors that add up to one")
    return proved(f"{_WRITTEN}, every class") + proved("every number of classes: a multiple of the difference of two vectors that add up to one")


def never_stationary(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Minus the derivative at the class is a quotient of sums of exponentials."""
    gradient, claim = premises[0].claim, conclusion.claim
    at = gradient.lhs.xreplace({_j: _TRUE})
    if len(claim) != 2 or any(part.lhs != at for part in claim) or not isinstance(claim[1], sp.Lt) or claim[1].rhs != 0:
        return false("not the derivative at the class of the example, and its sign")
    for size in _SIZES:
        letters, places = _numbers(size)
        total = sp.Add(*map(sp.exp, letters))
        for true in range(size):
            found = claim[0].rhs.xreplace({_TRUE: sp.Integer(true + 1)}).xreplace(_soft(letters))
            others = sp.Add(*(sp.exp(letter) for k, letter in enumerate(letters) if k != true))
            if not _rational(found + others / total) or not (others / total).is_positive:
                return false(f"with {size} classes it is not minus the probability of all others")
    return proved(f"{_WRITTEN}, every class: minus a quotient of sums of exponentials, which is positive")


def loss_needs_length(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """exp(loss) is one plus k - 1 exponentials of differences, each at least the one with sqrt(2) times the length: 2(a^2 + b^2) - (a - b)^2 is a square."""
    loss, claim = premises[0].claim, conclusion.claim
    if not isinstance(claim, sp.Ge) or claim.lhs != _LOSS:
        return false("not a lower bound of the loss")
    for size in _SIZES:
        letters, places = _numbers(size)
        length = sp.Symbol("_length", positive=True)
        squares = sp.Add(*(letter**2 for letter in letters))
        bound = sp.exp(_spelled(claim.rhs, size)).xreplace(places)
        roots = {node: sp.sqrt(node.base / squares) for node in bound.atoms(sp.Pow) if node.exp == sp.S.Half and node.base != 2}
        hidden = bound.xreplace({node: sp.simplify(ratio) * length / sp.sqrt(2) for node, ratio in roots.items()})
        if sp.expand(hidden - 1 - (size - 1) * sp.exp(-length)) != 0:
            return false(f"with {size} classes the bound is not that of {size - 1} equal exponentials")
        for true in range(size):
            label = {_y[k + 1]: sp.Integer(k == true) for k in range(size)}
            value = _exponential(_spelled(loss.rhs, size).xreplace(label).xreplace(places))
            margins = [sp.exp(letters[k] - letters[true]) for k in range(size) if k != true]
            if not _rational(value - 1 - sp.Add(*margins)):
                return false(f"with {size} classes the loss is not the log of one plus the exponentials of the margins")
    a, b = sp.symbols("a b", real=True)
    if sp.expand(2 * (a**2 + b**2) - (a - b) ** 2 - (a + b) ** 2) != 0:
        return false("no difference exceeds sqrt(2) times the length")
    return proved(f"{_WRITTEN}, every class: k - 1 exponentials of differences of two outputs") + proved("2(a^2 + b^2) - (a - b)^2 = (a + b)^2")


def no_total_force(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Row n of the sum over outputs is the sum over the outputs of example n of what the premise says is zero."""
    sums, claim = premises[0].claim, conclusion.claim
    if not _has(conclusion, "cross-entropy") or claim.rhs != 0 or shaped(claim):
        return shaped(claim) or false("the loss is assumed to be a sum of cross-entropies")
    if claim.lhs != Array("outsum", (X, X)) * GradientAt(_F) or sums.rhs != 0 or not isinstance(sums.lhs, sp.Sum):
        return false("not the sum over the outputs of the gradient")
    for examples, size in ((2, 2), (2, 3), (3, 2)):
        letters = [sp.symbols(f"f{n}_1:{size + 1}", real=True) for n in range(examples)]
        loss = sp.Add(*(sp.log(sp.Add(*map(sp.exp, own))) - own[n % size] for n, own in enumerate(letters)))
        if not all(_rational(sp.Add(*(loss.diff(letter) for letter in own))) for own in letters):
            return false("the gradient of the whole loss does not add up to zero example by example")
    return proved("two and three examples of two and three classes, written out; the loss is a sum over examples")


def no_total_coefficient(premises: tuple[Statement, ...], conclusion: Statement, *, dynamics: str) -> Verdict:
    """The law summed over outputs is homogeneous in the sum of the coefficients: zero solves it, from zero."""
    law, force, start = (premise.claim for premise in premises)
    claim, sums = conclusion.claim, Array("outsum", (X, X))
    if start.lhs != _A.xreplace({t: sp.S.Zero}) or start.rhs != 0:
        return false("the coefficients do not start at zero")
    if claim.lhs != sums * _A or claim.rhs != 0 or force.rhs != 0 or shaped(claim):
        return shaped(claim) or false("not the sum of the coefficients")
    if law.has(sp.Derivative) is not dynamics.endswith("flow"):
        return false("another law")
    summed = operators.normal_form(sp.expand(sums * (law.lhs - law.rhs)))
    for word in summed:
        last = word[-1].expr if isinstance(word[-1], sp.Derivative) else word[-1]
        moving = isinstance(last, Array) and last.name == "dualcoef"
        if len(word) != 2 or word[0] != sums or not moving and sums * last != force.lhs:
            return false(f"{word} is no multiple of the sum of the coefficients")
    return proved(f"{operators.SCOPE}: the law summed over outputs is linear and homogeneous, so its solution from zero, at rest, is zero")


def kernel_and_sums(premises: tuple[Statement, ...], conclusion: Statement, *, at: sp.Basic = x1) -> Verdict:
    """Kronecker products written out: two examples of two and three outputs."""
    claim = conclusion.claim
    if not _has(conclusion, "kernel-alike-for-outputs") or shaped(claim):
        return shaped(claim) or false("the kernel acts alike on all outputs, which is assumed")
    left, right = claim.lhs.args_cnc(), claim.rhs.args_cnc()
    names = [Array("outsum", (at, at)), Array("Thetahat", (at, X), (sp.S.Zero,))], [Array("Thetaone", (at, X), (sp.S.Zero,)), Array("outsum", (X, X))]
    if (left[1], right[1]) != names or left[0] != right[0]:
        return false("not the kernel and the sum in both orders")
    for size in (2, 3):
        rows = 2 if at == X else 1
        alike = sp.Matrix(rows, 2, lambda n, m: sp.Symbol(f"k{n}{m}"))
        ones = sp.ones(1, size)
        here, there = (sp.kronecker_product(sp.eye(count), ones) for count in (rows, 2))
        if here * sp.kronecker_product(alike, sp.eye(size)) != alike * there:
            return false("the two do not change places")
    return proved("two training inputs of two and three outputs, every kernel: Kronecker products written out")


def conserved_sum(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The outputs summed: what moves is the kernel of one output times the sum of the coefficients."""
    outputs, kernel, coefficients = (premise.claim for premise in premises)
    claim = conclusion.claim
    at = outputs.lhs.inputs[0]
    sums = Array("outsum", (at, at))
    if claim.lhs != sums * outputs.lhs or shaped(claim):
        return shaped(claim) or false("the left side is not the sum of the outputs")
    moved = (kernel.lhs - kernel.rhs) * _A + Array("Thetaone", (at, X), (sp.S.Zero,)) * (coefficients.lhs - coefficients.rhs)
    return matrices(sp.expand(sums * outputs.rhs - claim.rhs - moved), "the outputs summed, the kernel and the sum exchanged")


def loss_vanishes(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The reference log(t) Y: its loss written out, its distance by the inverse kernel; the limit of both by SymPy."""
    gap, loss, bounds = (premise.claim for premise in premises)
    claim = conclusion.claim
    convex = any(isinstance(part, sp.Ge) and part.rhs == 0 and part.lhs.has(sp.Derivative(_LOSS, _f[_i], _f[_j], evaluate=False)) for part in bounds)
    if not convex or _has(conclusion, "convex-loss"):
        return false("the loss is convex, its Hessian being never negative: that is no assumption here")
    if not _has(conclusion, "cross-entropy", "separable") or len(claim) != 2 or not isinstance(claim[0], sp.Le) or claim[0].lhs != LossAt(_F):
        return false("not a bound of the loss, for a loss and a kernel that are assumed")
    if claim[1] != TendsTo(LossAt(_F), 0, (t,)):
        return false("the limit is another")
    condition, bound = gap.condition, gap.consequence
    targets, start = Array("targets", (X,)), Array("f", (X,), (sp.S.Zero,))
    theta = Array("Thetahat", (X, X), (sp.S.Zero,))
    inverse = Spectral(sp.Lambda(lam, 1 / lam), theta)
    number, distance = claim[0].rhs.as_independent(inverse, as_Add=True)
    # a* = Theta^-1 (log(t) Y - f_0) reaches log(t) Y; it stands in the gap's squared distance.
    reach = inverse * (sp.log(t) * targets - start)
    coefficients = Array("referencecoef", (X,))
    reached = condition.rhs.xreplace({coefficients: reach})
    if not operators.is_zero(sp.expand(reached - sp.log(t) * targets)):
        return false("the reference is not log(t) Y")
    length = bound.rhs - LossAt(Array("reference", (X,)))
    back = {coefficients: reach, transpose(coefficients): transpose(sp.expand(reach))}
    if not operators.is_zero(sp.expand(sp.expand(length.xreplace(back)) - sp.expand(distance))):
        return false("the distance is not that of the reference log(t) Y")
    many, scale = sp.Symbol("N", integer=True, positive=True), sp.Symbol("_scale", positive=True)
    for size in _SIZES:
        label = {_y[k + 1]: sp.Integer(k == 0) for k in range(size)} | {_f[k + 1]: sp.log(scale) * int(k == 0) for k in range(size)}
        own = sp.exp(_spelled(loss.rhs, size).xreplace(label))
        # exp(loss) = 1 + (k - 1)/t, and log(1 + u) <= u.
        if sp.simplify(own - 1 - (size - 1) / scale) != 0 or sp.expand(number.xreplace({classes: sp.Integer(size), t: scale}) - many * (size - 1) / scale) != 0:
            return false(f"with {size} classes the loss at log(t) Y is bounded by another number")
    growth = [sp.limit(function / (2 * eta * scale), scale, sp.oo) for function in (sp.log(scale) ** 2, sp.log(scale), sp.S.One)]
    if growth != [0, 0, 0] or sp.limit(number.xreplace({t: scale}), scale, sp.oo) != 0:
        return false("the bound does not tend to zero")
    return proved(f"{operators.SCOPE}: the reference and its distance") + proved(f"{_WRITTEN}: its loss; log(t)^2/t, log(t)/t and 1/t tend to zero")


def outputs_escape(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The bound of the loss by the length solved for the length; it grows without bound as the loss tends to zero, by SymPy."""
    vanishing, length = premises[0].claim, premises[1].claim
    claim = conclusion.claim
    if len(claim) != 2 or claim[1] != TendsTo(Norm(_F), sp.oo, (t,)) or not isinstance(claim[0], sp.Ge) or claim[0].lhs != Norm(_F):
        return false("not a lower bound of the length, and its limit")
    if vanishing[1] != TendsTo(LossAt(_F), 0, (t,)):
        return false("the loss is not known to tend to zero")
    value, size, ways = sp.Symbol("_value", positive=True), sp.Symbol("_size", positive=True), sp.Symbol("_ways", positive=True)
    bound = claim[0].rhs.xreplace({LossAt(_F): value, classes: ways + 1})
    squares = sp.Sum(_f[_i] ** 2, (_i, 1, classes))
    least = length.rhs.xreplace({sp.sqrt(squares): size}).xreplace({classes: ways + 1})
    met = _exponential(least).xreplace({size: bound}) - sp.exp(value)
    if least.has(sp.Sum) or sp.simplify(met) != 0 or sp.diff(least, size).is_negative is not True:
        return false("it is not the length at which the bound of the loss is met, or the bound does not fall with the length")
    if sp.limit(bound.xreplace({ways: sp.S(2)}), value, 0, "+") != sp.oo:
        return false("it does not grow as the loss tends to zero")
    return proved("every number of classes: the bound of the loss solved for the length, falling with it; one example is part of all, in length and in loss")
