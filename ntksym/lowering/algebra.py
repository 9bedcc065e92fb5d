"""Rewriting closed forms into numerically safe ones: positive radicands, oriented angles, merged exponentials.

Every function keeps the value of the expression where the mathematics is defined; what it means where it is not (a zero row, correlation
+-1) is said by the heads of :mod:`ntksym.lowering.program`.
"""

from __future__ import annotations

import sympy as sp

from ntksym.errors import LoweringError
from ntksym.lowering.program import Angle, Arctan2, Det, Expm1, ExpSinh, Gap, Reciprocal, Root, RootDet, Slope
from ntksym.nodes import CorrelationAngle, CorrelationArcsine
from ntksym.notation import q, q11, q12, q22

DET = Det(q11, q12, q22)
_VARIABLES = (q11, q12, q22, q)
_Monomials = dict[tuple[int, ...], sp.Expr]


def _monomials(expression: sp.Expr) -> _Monomials | None:
    """Coefficients by exponents of (q11, q12, q22, q, det), or None where it is no polynomial in them."""
    if not expression.is_polynomial(*_VARIABLES):  # asked first: Poly would multiply out everything before it says no
        return None
    polynomial = sp.Poly(expression, *_VARIABLES)
    return {(*powers, 0): coefficient for powers, coefficient in polynomial.terms()}


def _is_negative(coefficient: sp.Expr) -> bool:
    return bool(coefficient.is_nonpositive or coefficient.could_extract_minus_sign() and (-coefficient).is_nonnegative)


def _positive_form(monomials: _Monomials) -> _Monomials:
    """Replace q12^2 by q11 q22 - det in monomials with a negative coefficient, as far as that goes."""
    current = dict(monomials)
    for _ in range(64):
        found = next((powers for powers in sorted(current) if powers[1] >= 2 and _is_negative(current[powers])), None)
        if found is None:
            break
        coefficient = current.pop(found)
        i, j, k, n, m = found
        for powers, change in (((i + 1, j - 2, k + 1, n, m), coefficient), ((i, j - 2, k, n, m + 1), -coefficient)):
            total = sp.expand(current.get(powers, sp.S.Zero) + change)
            current.pop(powers, None)
            if total != 0:
                current[powers] = total
    return current


def _even_and_nonnegative(monomials: _Monomials) -> bool:
    return all(powers[1] % 2 == 0 and coefficient.is_nonnegative for powers, coefficient in monomials.items())


def _expression(monomials: _Monomials) -> sp.Expr:
    bases = (*_VARIABLES, DET)
    return sp.Add(
        *(coefficient * sp.Mul(*(base**power for base, power in zip(bases, powers, strict=True))) for powers, coefficient in sorted(monomials.items()))
    )


def _reduced(base: sp.Expr) -> tuple[sp.Expr, bool | None]:
    """``base`` with determinants named, and whether it is bounded away from 0 (True), may vanish (False), or has no known sign (None)."""
    monomials = _monomials(base)
    if monomials is None:
        return base, True if base.is_positive else None
    positive = _positive_form(monomials)
    if not _even_and_nonnegative(positive):
        return base, None
    constant = positive.get((0, 0, 0, 0, 0), sp.S.Zero)
    if constant.is_Rational and constant not in (0, 1):  # 1/4 + q11/2 + ... as (1 + 2 q11 + ...)/4: one radicand, however the form is scaled
        scaled = _expression({powers: coefficient / constant for powers, coefficient in positive.items()})
        return sp.Mul(constant, scaled, evaluate=False), True
    return _expression(positive), True if constant.is_positive else False


def _power(base: sp.Expr, exponent: sp.Expr, *, infinite: bool) -> sp.Expr:
    """base**exponent for an integer or half-integer exponent, in safe heads; ``infinite`` keeps 1/0 where it is meant."""
    if base.is_Mul and not exponent.is_Integer:
        return (
            sp.Mul(*(_power(factor, exponent, infinite=infinite) for factor in base.args))
            if all(f.is_nonnegative for f in base.args)
            else _simple_power(base, exponent, infinite)
        )
    return _simple_power(base, exponent, infinite)


def _simple_power(base: sp.Expr, exponent: sp.Expr, infinite: bool) -> sp.Expr:
    if not base.has(*_VARIABLES):
        return base**exponent
    reduced, positive = _reduced(base)
    if reduced.is_Mul:
        return sp.Mul(*(_head_power(factor, exponent, _reduced_sign(factor), infinite) for factor in reduced.args))
    if reduced.is_Pow and reduced.exp.is_Integer:
        return _head_power(reduced.base, reduced.exp * exponent, False if positive is False else positive, infinite)
    return _head_power(reduced, exponent, positive, infinite)


def _reduced_sign(factor: sp.Expr) -> bool | None:
    if not factor.has(*_VARIABLES, Det):
        return True
    if factor == DET or (factor.is_Pow and factor.base == DET):
        return False
    return _reduced(factor)[1]


def _head_power(base: sp.Expr, exponent: sp.Expr, positive: bool | None, infinite: bool) -> sp.Expr:
    if base.is_Pow and base.exp.is_Integer:
        base, exponent = base.base, base.exp * exponent
    if not base.has(*_VARIABLES, Det):
        return base**exponent
    if exponent.is_Integer and exponent > 0:
        return base**exponent
    root = base if exponent.is_Integer else (_root(base) if positive is False else sp.sqrt(base))
    count = abs(int(exponent if exponent.is_Integer else 2 * exponent))
    if exponent > 0:
        return root**count if count < 3 or positive is not False else base ** ((count - 1) // 2) * root
    inverse = Reciprocal(root) if positive is False and not infinite else 1 / root
    return inverse**count


def _root(base: sp.Expr) -> sp.Expr:
    return RootDet(q11, q12, q22) if base == DET else Root(base)


def safe(expression: sp.Expr, *, infinite: bool = False) -> sp.Expr:
    """``expression`` with safe powers and angles.  ``infinite`` keeps the infinity of a quotient by a vanishing determinant."""
    if isinstance(expression, CorrelationAngle | CorrelationArcsine):
        covariance = safe(expression.args[1], infinite=infinite)
        radicand, positive = _reduced(sp.expand(expression.args[0] * expression.args[2] - expression.args[1] ** 2))
        root = _power(radicand, sp.S.Half, infinite=infinite) if positive is None else _root_of(radicand, positive)
        scale, root = root.as_independent(*_VARIABLES, as_Add=False)
        covariance = covariance / scale  # an angle does not see a common positive factor
        regular = positive is True
        if isinstance(expression, CorrelationAngle):
            return Arctan2(root, covariance) if regular else Angle(root, covariance)
        return Arctan2(covariance, root) if regular else Slope(covariance, root)
    if not expression.args:
        return expression
    if expression.is_Pow and expression.exp.is_Rational and expression.exp.q in (1, 2) and (expression.exp.q == 2 or expression.exp < 0):
        return _power(_inside(expression.base, infinite), expression.exp, infinite=infinite)
    if expression.is_Add:
        named = _positive_sum(expression)
        if named is not None:
            return named
    if expression.is_Mul:
        return sp.Mul(*(safe(argument, infinite=infinite) for argument in expression.args))
    return expression.func(*(safe(argument, infinite=infinite) for argument in expression.args))


def _inside(base: sp.Expr, infinite: bool) -> sp.Expr:
    """The base of a power: left alone where it is a polynomial (it is reduced as a whole), made safe otherwise."""
    return base if _monomials(base) is not None else safe(base, infinite=infinite)


def _root_of(radicand: sp.Expr, positive: bool) -> sp.Expr:
    if radicand.is_Mul:
        return sp.Mul(*(_head_power(factor, sp.S.Half, _reduced_sign(factor), False) for factor in radicand.args))
    return _head_power(radicand, sp.S.Half, positive, False)


def _positive_sum(expression: sp.Expr) -> sp.Expr | None:
    """A polynomial with cancelling terms as one without, where naming the determinant does that."""
    monomials = _monomials(expression)
    if monomials is None or not any(_is_negative(c) for c in monomials.values()) or any(p[1] % 2 for p in monomials):
        return None
    positive = _positive_form(monomials)
    if _even_and_nonnegative(positive):
        return _expression(positive)
    named = _all_in_det(monomials)
    return _expression(named) if len(named) <= len(monomials) and 3 * _negatives(named) <= _negatives(monomials) else None


def _negatives(monomials: _Monomials) -> int:
    return sum(_is_negative(coefficient) for coefficient in monomials.values())


def _all_in_det(monomials: _Monomials) -> _Monomials:
    """q11 q22 - det for every q12^2."""
    current: _Monomials = {}
    for (i, j, k, n, m), coefficient in monomials.items():
        half = j // 2
        for dets in range(half + 1):
            powers = (i + half - dets, j % 2, k + half - dets, n, m + dets)
            total = sp.expand(current.get(powers, sp.S.Zero) + coefficient * sp.binomial(half, dets) * (-1) ** dets)
            current.pop(powers, None)
            if total != 0:
                current[powers] = total
    return current


def orient(expression: sp.Expr) -> sp.Expr:
    """Write every correlation angle the way that leaves the fewest constants: theta, pi - theta (of -c), or pi/2 - theta (arcsine).

    (pi - theta) loses all digits near correlation -1 when computed as a difference; atan2(s, -c) does not.
    """
    nodes = sorted(expression.atoms(CorrelationAngle, CorrelationArcsine), key=sp.default_sort_key)
    for node in nodes:
        a, c, b = node.args
        stand_in = sp.Dummy("theta", real=True)
        frozen, thaw = _freeze(expression.xreplace({node: stand_in}))
        opened = sp.expand(frozen)
        slope = sp.expand(opened.diff(stand_in))
        if slope.has(stand_in) or any(value.has(stand_in) for value in thaw.values()):
            continue
        rest = opened.xreplace({stand_in: sp.S.Zero})
        here = isinstance(node, CorrelationAngle)
        # node = offset + sign * other, for each other way to write it
        other = CorrelationArcsine if here else CorrelationAngle
        ways = [(sp.S.Zero, sp.S.One, node), (sp.pi / 2, -sp.S.One, other(a, c, b))]
        ways.append((sp.pi, -sp.S.One, CorrelationAngle(a, -c, b)) if here else (-sp.pi / 2, sp.S.One, CorrelationAngle(a, -c, b)))
        scored: list[tuple[int, int, sp.Expr]] = []
        for order, (offset, sign, replacement) in enumerate(ways):
            constant = sp.expand(rest + slope * offset)
            scored.append((0 if constant == 0 else len(sp.Add.make_args(constant)), order, (constant + sign * slope * replacement).xreplace(thaw)))
        best = min(scored, key=lambda item: item[:2])
        if best[1] == 0:
            continue
        expression = best[2]
    return expression


def _opposite(first: sp.Expr, second: sp.Expr) -> bool:
    """Whether first + second is 0; decided by expanding, after a look at one point."""
    point = {s: sp.Rational(k + 3, 7) for k, s in enumerate(sorted(first.free_symbols | second.free_symbols, key=str))}
    there = (first + second).xreplace(point).evalf(20)
    return (not there.is_comparable or abs(there) < sp.Rational(1, 10**9)) and sp.expand(first + second) == 0


def _freeze(expression: sp.Expr) -> tuple[sp.Expr, dict[sp.Dummy, sp.Expr]]:
    """Quotients and roots as dummies, so that ``expand`` multiplies out no denominator; and what the dummies stand for."""
    found = [p for p in expression.atoms(sp.Pow) if p.free_symbols and not (p.exp.is_Integer and p.exp > 0)]
    outer = [p for p in found if not any(p != other and other.has(p) for other in found)]
    thaw = {sp.Dummy(f"power{k}", positive=True): p for k, p in enumerate(sorted(outer, key=sp.default_sort_key))}
    return expression.xreplace({p: dummy for dummy, p in thaw.items()}), thaw


def merge_exponentials(expression: sp.Expr) -> sp.Expr:
    """One exponential per term: exp(A) (exp(C) + ...) is multiplied out, exp(A) cosh(C) split, exp(A) sinh(C) kept as ExpSinh(A, C).

    exp(-(q11+q22)/2) exp(q12) overflows where exp(q12 - (q11+q22)/2) does not.
    """
    if not expression.args or not expression.has(sp.exp, sp.sinh, sp.cosh):
        return expression
    expression = expression.func(*(merge_exponentials(argument) for argument in expression.args))
    if not expression.is_Mul:
        return _pair_exponentials(expression) if expression.is_Add else expression
    exponents = [factor for factor in expression.args if isinstance(factor, sp.exp)]
    if not exponents:
        return expression
    hyperbolic = [f for f in expression.args if isinstance(f, sp.sinh | sp.cosh)]
    sums = [f for f in expression.args if f.is_Add and f.has(sp.exp, sp.sinh, sp.cosh, ExpSinh)]
    exponent = sp.Add(*(factor.args[0] for factor in exponents))
    if sums:
        rest = sp.Mul(*(f for f in expression.args if f is not sums[0]))
        return merge_exponentials(sp.Add(*(rest * term for term in sums[0].args)))
    if len(hyperbolic) == 1:
        rest = sp.Mul(*(f for f in expression.args if f not in exponents and f not in hyperbolic))
        inner = hyperbolic[0].args[0]
        if isinstance(hyperbolic[0], sp.sinh):
            return rest * ExpSinh(exponent, inner)
        return rest * (sp.exp(sp.expand(exponent + inner)) + sp.exp(sp.expand(exponent - inner))) / 2
    if len(exponents) > 1:
        return sp.Mul(*(f for f in expression.args if f not in exponents)) * sp.exp(sp.expand(exponent))
    return expression


def _pair_exponentials(expression: sp.Expr) -> sp.Expr:
    """C exp(S + D) - c exp(S - D) as 2 c ExpSinh(S, D) where D is odd in q12: no cancellation at small q12."""
    terms = list(expression.args)
    split = [(sp.Mul(*(f for f in sp.Mul.make_args(t) if not isinstance(f, sp.exp))), [f for f in sp.Mul.make_args(t) if isinstance(f, sp.exp)]) for t in terms]
    used: set[int] = set()
    made: list[sp.Expr] = []
    for i, (first, exps) in enumerate(split):
        if i in used or len(exps) != 1:
            continue
        for j in range(i + 1, len(split)):
            second, others = split[j]
            if j in used or len(others) != 1 or not _opposite(first, second):
                continue
            half_sum, half_difference = sp.expand((exps[0].args[0] + others[0].args[0]) / 2), sp.expand((exps[0].args[0] - others[0].args[0]) / 2)
            if sp.expand(half_difference + half_difference.xreplace({q12: -q12})) == 0 and half_sum == half_sum.xreplace({q12: -q12}):
                flip = half_difference.could_extract_minus_sign()
                made.append(2 * first * (-ExpSinh(half_sum, -half_difference) if flip else ExpSinh(half_sum, half_difference)))
                used |= {i, j}
                break
    return sp.Add(*made, *(t for k, t in enumerate(terms) if k not in used)) if used else expression


def collect_roots(expression: sp.Expr) -> sp.Expr:
    """Collect by powers of s = sqrt(q11 q22 - q12^2) and by the angle, with q12^2 = q11 q22 - s^2 in what stands over a power of s.

    (q11 q22 - q12^2)/s as it comes from differentiation loses its digits near correlation +-1; s does not.  Expressions that are no polynomial in s, 1/s,
    the angle and Laurent monomials of the rest are left alone.
    """
    root = sp.Dummy("s", positive=True)
    replaced = expression.replace(_is_det_power, lambda power: root ** (2 * power.exp))
    if not replaced.has(root, CorrelationAngle, CorrelationArcsine) or any(_is_quotient_of_sum(power) for power in replaced.atoms(sp.Pow)):
        return expression
    nodes = sorted(replaced.atoms(CorrelationAngle, CorrelationArcsine), key=sp.default_sort_key)
    stand_ins = {node: sp.Dummy(f"angle{k}", real=True) for k, node in enumerate(nodes)}
    opened = sp.expand(replaced.xreplace(stand_ins))
    collected: dict[tuple[sp.Expr, sp.Expr], sp.Expr] = {}
    for term in sp.Add.make_args(opened):
        coefficient, powers = term.as_independent(root, as_Add=False)
        angle = sp.Mul(*(f for f in sp.Mul.make_args(coefficient) if f.has(*stand_ins.values()))) if stand_ins else sp.S.One
        rest = coefficient / angle
        exponent = powers.as_base_exp()[1] if powers != 1 else sp.S.Zero
        if powers != root**exponent or not exponent.is_Integer or rest.has(root, *stand_ins.values()):
            return expression
        for change, part in _over_root(rest, exponent):
            key = (exponent + change, angle)
            collected[key] = collected.get(key, sp.S.Zero) + part
    thaw = {stand_in: node for node, stand_in in stand_ins.items()} | {root: sp.sqrt(q11 * q22 - q12**2)}
    terms = [_factored(sp.expand(value)) * root**exponent * angle for (exponent, angle), value in collected.items()]
    return sp.factor_terms(sp.Add(*terms)).xreplace(thaw)


def _factored(value: sp.Expr) -> sp.Expr:
    """Factored over the rationals; only common factors taken out where many transcendental parts would make that endless."""
    parts = {p for p in value.atoms(sp.Pow, sp.Function) if isinstance(p, sp.Function) or not p.exp.is_Integer}
    return sp.factor(value) if len(parts) <= 2 and len(sp.Add.make_args(value)) <= 60 else sp.factor_terms(value)


def _is_det_power(expression: sp.Basic) -> bool:
    return isinstance(expression, sp.Pow) and expression.exp.is_Rational and expression.exp.q == 2 and sp.expand(expression.base - q11 * q22 + q12**2) == 0


def _is_quotient_of_sum(power: sp.Pow) -> bool:
    return power.base.is_Add and power.base.has(*_VARIABLES) and not (power.exp.is_Integer and power.exp > 0)


def _over_root(coefficient: sp.Expr, exponent: sp.Expr) -> list[tuple[int, sp.Expr]]:
    """``coefficient`` s**exponent as a sum of (change of the exponent, coefficient) without q12^2 over a power of s."""
    power = coefficient.as_coeff_exponent(q12)[1]
    if exponent >= 0 or not power.is_Integer or power < 2:
        return [(0, coefficient)]
    lowered = coefficient / q12**2
    below = _over_root(sp.expand(lowered * q11 * q22), exponent)
    return below + [(change + 2, part) for change, part in _over_root(-lowered, exponent + 2)]


def shorter(expression: sp.Expr) -> sp.Expr:
    """The shortest of the expression, its form with common factors taken out, and (always preferred) its form collected by roots."""
    collected = collect_roots(expression)
    if collected != expression:
        return collected
    factored = sp.factor_terms(expression)
    return factored if sp.count_ops(factored) < sp.count_ops(expression) else expression


def tame(expression: sp.Expr) -> sp.Expr:
    """Sums whose coefficients are huge (denominators of a thirty digit parameter, cleared) scaled to coefficients near 1, which float32 can hold."""
    if not expression.args:
        return expression
    expression = expression.func(*(tame(argument) for argument in expression.args))
    if not expression.is_Add:
        return expression
    coefficients = [term.as_coeff_Mul()[0] for term in expression.args]
    largest = max(abs(coefficient) for coefficient in coefficients)
    if not largest.is_Rational or largest < 10**9:
        return expression
    return sp.Mul(largest, sp.Add(*(term / largest for term in expression.args)), evaluate=False)


def as_gap(expression: sp.Expr) -> sp.Expr | None:
    """Kappa (q11 + q22 -+ 2 q12) as kappa Gap; None for anything else."""
    if not expression.has(q12) or not expression.is_polynomial(*_VARIABLES):
        return None
    for sign in (1, -1):
        ratio = sp.cancel(expression / (q11 - 2 * sign * q12 + q22))
        if not ratio.has(*_VARIABLES):
            return ratio * Gap(q11, sign * q12, q22)
    return None


def name_gaps(expression: sp.Expr) -> sp.Expr:
    """Exponents kappa E[(u -+ v)^2] by name, so that they keep their digits where the variances are huge and the difference is not."""

    def exponential(exponent: sp.Expr) -> sp.Expr:
        gap = as_gap(exponent)
        return sp.exp(exponent if gap is None else gap)

    def exp_sinh(exponent: sp.Expr, inner: sp.Expr) -> sp.Expr:
        plus, minus = as_gap(exponent + inner), as_gap(exponent - inner)
        return ExpSinh(exponent, inner) if plus is None or minus is None else ExpSinh(exponent, inner, plus, minus)

    return expression.replace(sp.exp, exponential).replace(lambda node: isinstance(node, ExpSinh) and len(node.args) == 2, lambda node: exp_sinh(*node.args))


def one_minus(expression: sp.Expr) -> sp.Expr:
    """C - c exp(A) as -c Expm1(A)."""

    def rewritten(total: sp.Expr) -> sp.Expr:
        for term in total.args:
            coefficient, factor = term.as_independent(sp.exp, as_Add=False)
            if isinstance(factor, sp.exp) and not coefficient.has(*_VARIABLES) and -coefficient in total.args:
                return sp.Add(*(other for other in total.args if other not in (term, -coefficient)), coefficient * Expm1(factor.args[0]))
        return total

    return expression.replace(lambda node: node.is_Add, rewritten)


def by_degree(expression: sp.Expr) -> sp.Expr:
    """Polynomials with cancelling terms as sums of factored homogeneous parts: q11 q22 - (q11 + q22) q12 + q12^2 as (q11 - q12) (q22 - q12)."""

    def parted(total: sp.Expr) -> sp.Expr:
        if not total.has(q12) or not total.is_polynomial(q11, q12, q22) or len(total.args) < 3:
            return total
        parts: dict[int, list[sp.Expr]] = {}
        for term in sp.Add.make_args(sp.expand(total)):
            degree = sum(int(sp.degree(term, variable)) for variable in (q11, q12, q22) if term.has(variable))
            parts.setdefault(degree, []).append(term)
        factored = [_factored(sp.Add(*terms)) for _, terms in sorted(parts.items())]
        if not any(part.is_Mul and sum(f.is_Add or f.is_Pow and f.base.is_Add for f in part.args) > 1 or part.is_Pow for part in factored):
            return total
        return sp.Add(*factored)

    return expression.replace(lambda node: node.is_Add, parted)


def stable(expression: sp.Expr, *, infinite: bool = False) -> sp.Expr:
    """All rewritings in order.  Raises LoweringError where something is left that no printer knows."""
    if expression.has(sp.oo, -sp.oo, sp.zoo, sp.nan) and not infinite:
        raise LoweringError(f"the closed form {expression} is not finite", where="lowering", why="generated code needs a number", fix="ask for target 'nngp'")
    merged = merge_exponentials(shorter(orient(expression)))
    if merged.has(sp.exp, ExpSinh):
        merged = by_degree(one_minus(name_gaps(merged)))
    return tame(sp.factor_terms(safe(merged, infinite=infinite)))
