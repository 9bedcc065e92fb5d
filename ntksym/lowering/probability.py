"""Half-line and quadrant probabilities of a shifted pair in safe heads: one exponent per term, standardised means that keep their digits.

Two ways to write a probability:

* by tails: exp(e) P(L >= 0, M >= 0) as one head with its exponents merged; right to rounding however small or large the factors are;
* about zero means: P(L >= 0) = 1/2 + erf(m / sqrt(2 a)) / 2 and P(L >= 0, M >= 0) = 1/4 + arcsin(corr) / (2 pi) + (erf + erf) / 4 + Corner.
  Signs of the means come out, so the parts that cancel in a saturating function at large variance cancel on paper.

An activation that vanishes near 0, or whose closed form has growing exponentials, is written by tails.  Any other is written both ways: by tails
where either variance is so small that they are next to nothing, about zero means above (``switch``).
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from ntksym.lowering.algebra import DET, as_gap, safe, stable
from ntksym.lowering.program import Choose, Corner, Erf, Expm1, Quotient, RootDet, ScaledCDF, ScaledErfi, ScaledQuadrant
from ntksym.nodes import CorrelationAngle, CorrelationArcsine, HalfLineProbability, QuadrantProbability
from ntksym.notation import q, q11, q12, q22

_VARIABLES = (q11, q12, q22, q)
_DETERMINANT = sp.Poly(q11 * q22 - q12**2, q12, q11, q22)
_ROOT = RootDet(q11, q12, q22)


class _Erf(sp.Function):
    """erf(m / sqrt(2 a)) for (m, a)."""

    nargs = 2
    is_real = True


class _CornerOf(sp.Function):
    """The Corner of (m1, m2, a, c, b); odd under the sign of either variable."""

    nargs = 5
    is_real = True


_NODES = (HalfLineProbability, QuadrantProbability, sp.erfi, _Erf, _CornerOf)


def stable_form(expression: sp.Expr, *, switch: sp.Expr | None = None, infinite: bool = False) -> sp.Expr:
    """:func:`ntksym.lowering.algebra.stable` for expressions that may hold probabilities, erfi, or exponents with a determinant below.

    ``switch``: the variance from which on quadrants are written about zero means; None for tails throughout.
    """
    if not _is_probabilistic(expression):
        return stable(expression, infinite=infinite)

    def written(form: sp.Expr, central: bool) -> sp.Expr:
        named, heads = _named(form, central)
        return stable(named, infinite=infinite).xreplace(heads)

    if switch is None:
        return written(expression, False)
    large = written(_about_zero(expression), True)
    if not expression.has(QuadrantProbability, HalfLineProbability):
        return large
    smaller = q if expression.has(q) else sp.Min(q11, q22)
    return Choose(smaller, switch, large, written(expression, False))


def switching_variance(expression: sp.Expr) -> sp.Expr:
    """The variance at which the farthest threshold in ``expression`` is one standard deviation away; 1 where no threshold is free of the covariances."""
    squares = {mean**2 for node in expression.atoms(QuadrantProbability) for mean in node.args[:2] if not mean.has(*_VARIABLES)}
    return sp.Max(*squares) if squares - {sp.S.Zero} else sp.S.One


def needs_positive_variances(expression: sp.Expr) -> bool:
    """Whether ``expression`` holds standardised means, which have no value at variance 0."""
    return expression.has(HalfLineProbability, QuadrantProbability)


def has_growing_exponents(expression: sp.Expr) -> bool:
    """Whether an exponential in ``expression`` can exceed 1; looked at in a few points."""
    points = [{q11: sp.Rational(a), q22: sp.Rational(b), q12: sp.Rational(c), q: sp.Rational(a)} for a, b, c in ((1, 2, 1), (4, 1, -1), (3, 9, 5))]
    for factor in expression.atoms(sp.exp):
        others = {symbol: sp.S.One for symbol in factor.free_symbols - set(_VARIABLES)}
        if any((factor.args[0].xreplace(point).xreplace(others)).evalf(10) > 0 for point in points):
            return True
    return False


def _is_probabilistic(expression: sp.Expr) -> bool:
    return expression.has(*_NODES) or any(_det_power(sp.together(e.args[0]).as_numer_denom()[1])[1] for e in expression.atoms(sp.exp))


def _about_zero(expression: sp.Expr) -> sp.Expr:
    """Probabilities about zero means, signs taken out."""

    def erf_of(mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
        return -_Erf(-mean, variance) if mean.could_extract_minus_sign() else _Erf(mean, variance)

    def half_line(mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
        return (1 + erf_of(mean, variance)) / 2

    def quadrant(m1: sp.Expr, m2: sp.Expr, a: sp.Expr, c: sp.Expr, b: sp.Expr) -> sp.Expr:
        if sp.default_sort_key(b) < sp.default_sort_key(a):
            m1, m2, a, b = m2, m1, b, a
        flips = [mean.could_extract_minus_sign() for mean in (m1, m2)]
        sign = -1 if flips[0] != flips[1] else 1
        corner = sign * _CornerOf(-m1 if flips[0] else m1, -m2 if flips[1] else m2, a, sign * c, b)
        return sp.Rational(1, 4) + CorrelationArcsine(a, c, b) / (2 * sp.pi) + (erf_of(m1, a) + erf_of(m2, b)) / 4 + corner

    def arcsine(a: sp.Expr, c: sp.Expr, b: sp.Expr) -> sp.Expr:
        a, b = sorted((a, b), key=sp.default_sort_key)
        return -CorrelationArcsine(a, -c, b) if c.could_extract_minus_sign() else CorrelationArcsine(a, c, b)

    expression = expression.replace(HalfLineProbability, half_line).replace(QuadrantProbability, quadrant)
    return expression.replace(CorrelationAngle, lambda a, c, b: sp.pi / 2 - CorrelationArcsine(a, c, b)).replace(CorrelationArcsine, arcsine)


def _named(expression: sp.Expr, central: bool) -> tuple[sp.Expr, dict[sp.Basic, sp.Expr]]:
    """``expression`` as a sum of coefficients times stand-ins, one for each (exponent, probability), and what they stand for."""
    kept = [*expression.atoms(*_NODES, sp.exp, CorrelationAngle, CorrelationArcsine)]
    kept = [node for node in kept if not any(node != other and other.has(node) for other in kept)]
    frozen = {node: sp.Dummy(f"node{k}", real=True) for k, node in enumerate(sorted(kept, key=sp.default_sort_key))}
    bare = expression.xreplace(frozen)
    powers = [p for p in bare.atoms(sp.Pow) if p.has(*_VARIABLES) and not (p.exp.is_Integer and p.exp > 0)]
    powers = [p for p in powers if not any(p != other and other.has(p) for other in powers)]
    thaw = {sp.Dummy(f"power{k}", positive=True): p for k, p in enumerate(sorted(powers, key=sp.default_sort_key))}
    opened = sp.expand(bare.xreplace({p: dummy for dummy, p in thaw.items()}))
    nodes = {dummy: node for node, dummy in frozen.items()}
    groups: dict[tuple[sp.Expr, tuple[sp.Expr, ...]], list[sp.Expr]] = {}
    for term in sp.Add.make_args(opened):
        exponent, found, rest = sp.S.Zero, [], []
        for factor in sp.Mul.make_args(term):
            base, power = factor.as_base_exp()
            node = nodes.get(base)
            if isinstance(node, sp.exp):
                exponent += power * node.args[0]
            elif isinstance(node, _NODES):
                found += [node] * int(power)
            else:
                rest.append(factor.xreplace(nodes))
        key = (_canonical(exponent), tuple(sorted(found, key=sp.default_sort_key)))
        groups.setdefault(key, []).append(sp.Mul(*rest).xreplace(thaw))
    differences = central and _take_ones(groups)
    total: list[sp.Expr] = []
    heads: dict[sp.Basic, sp.Expr] = {}
    for count, ((exponent, found), parts) in enumerate(sorted(groups.items(), key=lambda item: sp.default_sort_key(sp.Tuple(item[0][0], *item[0][1])))):
        coefficient = _collected(parts)
        if coefficient == 0:
            continue
        if not found and exponent.is_polynomial(*_VARIABLES):
            total.append(coefficient * sp.exp(exponent))
            continue
        stand_in = sp.Dummy(f"head{count}", real=True)
        if not found and differences:
            heads[stand_in] = Expm1(_exponent(exponent))
        else:
            heads[stand_in] = _head(exponent, found)
        total.append(coefficient * stand_in)
    return sp.Add(*total), heads


def _take_ones(groups: dict[tuple[sp.Expr, tuple[sp.Expr, ...]], list[sp.Expr]]) -> bool:
    """Write the exponentials that stand alone as 1 + Expm1, where the ones cancel each other or terms without exponential; whether that was done."""
    nothing = (sp.S.Zero, ())
    ones = [part for (exponent, found), parts in groups.items() if not found and not exponent.is_polynomial(*_VARIABLES) for part in parts]
    plain = sp.expand(sp.Add(*groups.get(nothing, [])))
    together = sp.expand(plain + sp.Add(*ones))
    if not ones or len(sp.Add.make_args(together)) > len(sp.Add.make_args(plain)):
        return False
    groups[nothing] = [together]
    return True


def _canonical(exponent: sp.Expr) -> sp.Expr:
    return exponent if exponent == 0 else sp.factor(sp.cancel(sp.together(exponent)))


def _collected(parts: Iterable[sp.Expr]) -> sp.Expr:
    total = sp.Add(*parts)
    return sp.factor_terms(sp.expand(total)) if total.is_polynomial(*_VARIABLES) else total


def _head(exponent: sp.Expr, found: tuple[sp.Expr, ...]) -> sp.Expr:
    """exp(exponent) times the probabilities ``found`` as safe heads; the exponent goes with the first."""
    if not found:
        return sp.exp(_exponent(exponent))
    first, *others = found
    return sp.Mul(_single(exponent, first), *(_single(sp.S.Zero, other) for other in others))


def _single(exponent: sp.Expr, node: sp.Expr) -> sp.Expr:
    if isinstance(node, HalfLineProbability):
        mean, variance = node.args
        x = standardised(mean, variance)
        if x == 0:
            return sp.exp(_exponent(exponent)) / 2
        return ScaledCDF(_exponent(exponent), _less_square(exponent, mean, variance, x), x)
    if isinstance(node, QuadrantProbability):
        m1, m2, a, c, b = node.args
        means = h, k, y1, _ = _means(m1, m2, a, c, b)
        e1, e2 = _less_square(exponent, m1, a, h), _less_square(exponent, m2, b, k)
        corner = _canonical(exponent - (b * m1**2 - 2 * c * m1 * m2 + a * m2**2) / (2 * (a * b - c**2)))
        e12 = e1 - y1**2 / 2 if _may_vanish(corner) else _exponent(corner)
        return ScaledQuadrant(_exponent(exponent), e1, e2, e12, *means, safe(CorrelationAngle(a, -c, b)))
    scale = sp.exp(_exponent(exponent)) if exponent != 0 else sp.S.One
    if isinstance(node, _Erf):
        mean = standardised(*node.args)
        return scale * Erf(mean / sp.sqrt(2)) if mean != 0 else sp.S.Zero
    if isinstance(node, _CornerOf):
        return scale * Corner(*_means(*node.args))
    if isinstance(node, sp.erfi):
        (argument,) = node.args
        return ScaledErfi(_exponent(_canonical(exponent + argument**2)), safe(argument))
    raise TypeError(f"no head for {type(node).__name__}")


def _means(m1: sp.Expr, m2: sp.Expr, a: sp.Expr, c: sp.Expr, b: sp.Expr) -> tuple[sp.Expr, ...]:
    """The standardised means h = m1/sqrt a, k = m2/sqrt b, and the standardised means of either variable where the other is 0."""
    det = a * b - c**2
    return standardised(m1, a), standardised(m2, b), standardised(m2 * a - c * m1, a * det), standardised(m1 * b - c * m2, b * det)


def _det_power(polynomial: sp.Expr) -> tuple[sp.Expr, int]:
    """``polynomial`` without its factors q11 q22 - q12^2, and how many it had."""
    count = 0
    if not polynomial.has(q12):
        return polynomial, 0
    current = sp.Poly(polynomial, q12, q11, q22)
    while current.degree(q12) >= 2:
        quotient, rest = sp.div(current, _DETERMINANT)
        if not rest.is_zero:
            break
        current, count = quotient, count + 1
    return (current.as_expr(), count) if count else (polynomial, 0)


def _without_det(expression: sp.Expr) -> tuple[sp.Expr, int]:
    """``expression`` = rest * det**power, rest factored."""
    above, below = sp.fraction(sp.factor(sp.cancel(sp.together(expression))))
    above, up = _det_power(above)
    below, down = _det_power(below)
    return sp.factor(above / below), up - down


def _may_vanish(expression: sp.Expr) -> bool:
    """Whether a determinant stands below."""
    return _det_power(sp.fraction(sp.together(expression))[1])[1] > 0


def standardised(mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
    """The quotient mean / sqrt(variance); powers of the determinant in either are taken out, and 0/0 at correlation +-1 is 0."""
    top, up = _without_det(mean)
    under, down = _without_det(variance)
    power = 2 * up - down
    numerator, denominator = sp.fraction(top)
    number, numerator = _constant_factor(numerator)
    inside, below = sp.fraction(sp.factor(1 / (under * denominator**2)))
    numerator, below = safe(numerator) * _safe_root(inside), _safe_root(below)
    if power < 0:
        return number * Quotient(numerator, _ROOT**-power * below)
    return number * _ROOT**power * numerator / below


def _constant_factor(expression: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """``expression`` as a constant times the rest, so that differences such as 3 q11 - 3 q12 stand as 3 (q11 - q12), which is exact where it cancels."""
    content, primitive = sp.factor_terms(expression).as_independent(*_VARIABLES, as_Add=False)
    more, primitive = primitive.as_content_primitive()
    return (-content * more, -primitive) if primitive.could_extract_minus_sign() else (content * more, primitive)


def _safe_root(expression: sp.Expr) -> sp.Expr:
    """The square root of a quotient of polynomials that only a zero variance (or nothing) makes vanish."""
    above, below = sp.fraction(expression)
    return sp.Mul(*(safe(sp.sqrt(f)) for f in sp.Mul.make_args(above))) / sp.Mul(*(safe(sp.sqrt(f)) for f in sp.Mul.make_args(below)))


def _less_square(exponent: sp.Expr, mean: sp.Expr, variance: sp.Expr, x: sp.Expr) -> sp.Expr:
    """The exponent less mean^2 / (2 variance), which is x^2 / 2 less."""
    edge = _canonical(exponent - mean**2 / (2 * variance))
    return _exponent(exponent) - x**2 / 2 if _may_vanish(edge) else _exponent(edge)


def _exponent(expression: sp.Expr) -> sp.Expr:
    """An exponent without cancellation at correlation +-1: gaps by name, a square over the determinant as the square of a Quotient."""
    above, below = sp.fraction(_canonical(expression))
    gap = as_gap(above)
    rest, count = _det_power(below)
    if count == 0:
        return (gap if gap is not None else safe(above)) / safe(below)
    if count == 1:
        split = _over_det(above, rest)
        if split is not None:
            return split
    return Quotient(gap if gap is not None else safe(above), DET**count * safe(rest))


def _over_det(above: sp.Expr, rest: sp.Expr) -> sp.Expr | None:
    """The quotient above / (rest det) as A - y^2, y a Quotient by the root of the determinant, where above is minus a square for det = 0; else None.

    With q22 = (q12^2 + det) / q11 the numerator is a polynomial in det over a power of q11.
    """
    det = sp.Dummy("det", positive=True)
    degree = max(sp.degree(above, q22), 0)
    lifted = sp.expand(sp.expand(above).subs(q22, (q12**2 + det) / q11) * q11**degree)
    square = lifted.subs(det, 0)
    constant, factors = sp.factor_list(square)
    half, odd = sp.S.One, sp.S.One
    for factor, count in factors:
        half *= factor ** (count // 2)
        odd *= factor ** (count % 2)
    scale = sp.cancel(-constant * odd / (rest * q11**degree))
    one = {symbol: sp.S.One for symbol in scale.free_symbols - {q12}}
    if odd.has(q12) or not scale.xreplace(one).is_positive:
        return None
    remainder = sp.cancel((lifted - square) / (det * rest * q11**degree)).subs(det, q11 * q22 - q12**2)
    number, scale = sp.factor(scale).as_coeff_Mul()
    numerator, denominator = sp.fraction(scale)
    factor, half = _constant_factor(half)
    number *= factor**2
    y = Quotient(safe(half) * _safe_root(numerator), _ROOT * _safe_root(denominator))
    return safe(_canonical(remainder)) - number * y**2
