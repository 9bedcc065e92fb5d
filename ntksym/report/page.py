"""From an expression as derived to the same expression as a reader wants it: signs, scales, names for big parts.

Every change here is an identity of SymPy's own algebra; nothing is simplified that a step should have concluded.
"""

from __future__ import annotations

import re
from functools import lru_cache

import sympy as sp
from sympy.core.function import AppliedUndef

from ntksym.nodes import Applied, CorrelationAngle, CorrelationArcsine, Dual, Entry, Expect, Mean, Partial, Width
from ntksym.notation import DEFAULT, Profile
from ntksym.report.glyphs import AtLayer, Call, Moment
from ntksym.report.layout import LINE, width
from ntksym.report.mathematics import latex, terms
from ntksym.report.operators import is_matrix_valued
from ntksym.report.ordering import CDFS
from ntksym.report.probabilities import as_cdfs

_LARGEST_SCALE = 1000
_SYMBOLIC_LIMIT = 400  # operations beyond which rearrangements are not tried: they would take longer than reading helps


@lru_cache(maxsize=4096)
def page_form(expression: sp.Basic) -> sp.Basic:
    """Angles of positive covariance, whole numbers inside arcsines, radicands as product minus square, fractions over one denominator."""
    if not isinstance(expression, sp.Basic) or isinstance(expression, (sp.Symbol, sp.Number)):
        return expression
    if is_matrix_valued(expression):
        return expression  # the order of its factors means something
    turned = as_cdfs(expression).replace(CorrelationAngle, _turn_angle).replace(CorrelationArcsine, _turn_arcsine)
    turned = turned.replace(lambda e: isinstance(e, sp.exp) and isinstance(e.args[0], (sp.Mul, sp.Add)), lambda e: sp.exp(_exponent(e.args[0])))
    if isinstance(turned, sp.Expr) and turned.count_ops() <= _SYMBOLIC_LIMIT:
        turned = _gathered(turned) if is_closed(turned) else _gathered_coefficients(turned)
        turned = turned.replace(lambda e: isinstance(e, sp.Pow) and (is_root(e) or divides(e)), lambda e: sp.Pow(radicand(e.base), e.exp))
    return turned


def _exponent(exponent: sp.Expr) -> sp.Expr:
    """Expanded or with common factors in front, whichever is shorter; a quotient with common factors in front of its numerator and denominator."""
    if not exponent.is_polynomial():
        above, below = sp.fraction(sp.together(exponent))
        return sp.factor_terms(above) / sp.factor_terms(below)
    expanded = sp.expand(exponent)
    return min((expanded, sp.factor_terms(expanded)), key=lambda form: (width(latex(form)), latex(form)))


def _gathered_coefficients(expression: sp.Expr) -> sp.Expr:
    """In a sum of terms with expectations: the closed factor of each term in its most readable form."""
    if isinstance(expression, sp.Add):
        return sp.Add(*(_gathered_coefficients(term) for term in expression.args), evaluate=False)
    if not isinstance(expression, sp.Mul):
        return expression
    closed = [factor for factor in expression.args if is_closed(factor)]
    if not any(isinstance(factor, sp.Add) for factor in closed):
        return expression
    return sp.Mul(_gathered(sp.together(sp.Mul(*closed))), *(factor for factor in expression.args if factor not in closed))


def is_closed(expression: sp.Expr) -> bool:
    """Whether it is a closed form: no expectation, sum, unknown function or index in it."""
    return not expression.has(
        Expect,
        Dual,
        sp.Sum,
        sp.Product,
        sp.Integral,
        sp.Indexed,
        AppliedUndef,
        sp.Derivative,
        sp.Lambda,
        sp.Subs,
        Call,
        AtLayer,
        Moment,
        Applied,
        Entry,
        Mean,
        Partial,
        Width,
    )


def _turn_angle(a: sp.Expr, c: sp.Expr, b: sp.Expr) -> sp.Expr:
    a, c, b = _whole(a, c, b)
    return sp.pi - CorrelationAngle(a, -c, b) if c.could_extract_minus_sign() else CorrelationAngle(a, c, b)


def _turn_arcsine(a: sp.Expr, c: sp.Expr, b: sp.Expr) -> sp.Expr:
    a, c, b = _whole(a, c, b)
    return -CorrelationArcsine(a, -c, b) if c.could_extract_minus_sign() else CorrelationArcsine(a, c, b)


def _whole(a: sp.Expr, c: sp.Expr, b: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """a, c, b times one positive number, so that no fraction stands inside; c/sqrt(ab) is the same."""
    numbers = [term.as_coeff_Mul()[0] for part in (a, c, b) for term in sp.Add.make_args(sp.expand_mul(part))]
    rational = [number for number in numbers if isinstance(number, sp.Rational)]
    scale = sp.ilcm(*(number.q for number in rational)) if rational else 1
    if scale == 1 or scale > _LARGEST_SCALE:
        return a, c, b
    return sp.expand_mul(scale * a), sp.expand_mul(scale * c), sp.expand_mul(scale * b)


def _gathered(expression: sp.Expr) -> sp.Expr:
    """The most readable on the page of a few equal forms; a sum with normal cdfs stays the sum it is."""
    if expression.has(*CDFS):
        return sp.Add(*(sp.factor_terms(term) for term in sp.Add.make_args(expression)))
    candidates = _equal_forms(expression)
    best = candidates[0] if len(candidates) == 1 else min(candidates, key=lambda form: (_cost(form), latex(form)))
    return sp.Add(*(sp.factor_terms(term) for term in best.args)) if isinstance(best, sp.Add) else best


def _equal_forms(expression: sp.Expr) -> list[sp.Expr]:
    if not isinstance(expression, sp.Add) and expression.is_polynomial() and expression.count_ops() < 4:
        return [expression]
    if len(expression.atoms(CorrelationAngle)) == 1:
        split = _by_angle(expression)
        if split is not None:
            return [split, sp.together(split)] if isinstance(split, sp.Add) and _one_denominator(split) else [split]
    candidates = [expression, sp.factor_terms(expression)]
    if isinstance(expression, sp.Add) and _one_denominator(expression):
        candidates += [sp.together(expression), sp.factor_terms(sp.together(expression))]
    if isinstance(expression, sp.Add) and expression.has(CorrelationArcsine) and not expression.has(CorrelationAngle):
        turned = expression.replace(CorrelationArcsine, lambda a, c, b: sp.pi / 2 - CorrelationAngle(a, c, b))
        split = _by_angle(turned) if len(turned.atoms(CorrelationAngle)) == 1 else None
        candidates += [] if split is None else [split, sp.factor_terms(sp.expand(turned))]
    return list(dict.fromkeys(candidates + _hyperbolic(expression)))


def _one_denominator(total: sp.Expr) -> bool:
    """Whether the terms have one denominator, numbers aside, so that a common one adds nothing to any term."""
    return len({sp.Mul(*(f for f in sp.Mul.make_args(sp.fraction(term)[1]) if not f.is_Number)) for term in total.args}) == 1 and not total.has(sp.exp)


def _hyperbolic(expression: sp.Expr) -> list[sp.Expr]:
    """Two terms c e^{A+B} and +-c e^{A-B} as 2 c e^A cosh B or sinh B; an empty list for any other sum."""
    expanded = sp.expand_mul(expression)
    parts = sp.Add.make_args(expanded)
    if len(parts) != 2:
        return []
    pairs = [(term, [f for f in sp.Mul.make_args(term) if isinstance(f, sp.exp)]) for term in parts]
    if any(len(found) != 1 for _, found in pairs):
        return []
    (first, (up,)), (second, (down,)) = pairs
    c, d = (sp.Mul(*(f for f in sp.Mul.make_args(term) if f is not power)) for term, power in ((first, up), (second, down)))
    if c.has(sp.exp) or d.has(sp.exp):
        return []
    half_sum, half_difference = sp.expand((up.args[0] + down.args[0]) / 2), sp.expand((up.args[0] - down.args[0]) / 2)
    if half_difference.could_extract_minus_sign():
        half_difference, c, d = -half_difference, d, c
    if c == d:
        return [2 * c * sp.exp(half_sum) * sp.cosh(half_difference)]
    return [2 * c * sp.exp(half_sum) * sp.sinh(half_difference)] if c == -d else []


def _cost(form: sp.Expr) -> float:
    """Width, fractions inside fractions and terms wider than a line counting extra."""
    text = latex(form)
    nested = sum(inner.count(r"\frac") for inner in _numerators(text))
    too_wide = sum(max(0.0, width(piece) - 0.7 * LINE) for _, piece in terms(form))
    return width(text) + 25 * nested + 2 * too_wide + 5 * (len(sp.Add.make_args(form)) - 1)


def _numerators(text: str) -> list[str]:
    """What stands in numerators, except inside an arccosine or a root."""
    found: list[str] = []
    position = text.find(r"\frac{")
    while position >= 0:
        depth, end = 0, position + 5
        for end in range(position + 5, len(text)):
            depth += (text[end] == "{") - (text[end] == "}")
            if depth == 0:
                break
        found.append(re.sub(r"\\arc(?:cos|sin)\\left\(\\frac", "", text[position + 6 : end]))
        position = text.find(r"\frac{", position + 6)
    return found


def _by_angle(expression: sp.Expr) -> sp.Expr | None:
    """A (pi - theta) + b with b one fraction; None where the angle does not stand linearly with rational coefficients."""
    (angle,) = expression.atoms(CorrelationAngle)
    theta = sp.Dummy("theta")
    roots = {
        p: sp.Dummy(f"root{i}", positive=True) for i, p in enumerate(sorted({p.base for p in expression.atoms(sp.Pow) if is_root(p)}, key=sp.default_sort_key))
    }
    body = expression.xreplace({angle: theta})
    body = body.replace(lambda e: isinstance(e, sp.Pow) and is_root(e) and e.base in roots, lambda e: roots[e.base] ** (2 * e.exp))
    if not body.is_rational_function(*body.free_symbols):
        return None
    numerator, denominator = sp.fraction(sp.together(body))
    if denominator.has(theta) or not numerator.is_polynomial(theta):
        return None
    powers = sp.Poly(numerator, theta)
    if powers.degree() != 1:
        return None
    slope = sp.factor(powers.coeff_monomial(theta) / denominator)
    rest = sp.factor(sp.cancel(powers.coeff_monomial(1) / denominator + sp.pi * slope))
    back = {dummy: sp.sqrt(base) for base, dummy in roots.items()}
    return ((-slope) * (sp.pi - angle) + rest).xreplace(back)


def divides(power: sp.Pow) -> bool:
    """Whether a sum stands in a denominator here."""
    return bool(isinstance(power.base, sp.Add) and power.exp.is_number and power.exp.is_negative)


def is_root(power: sp.Pow) -> bool:
    """Whether this is a half-integer power of a sum."""
    return bool(power.exp.is_Rational and power.exp.q == 2 and isinstance(power.base, sp.Add))


def radicand(polynomial: sp.Expr) -> sp.Expr:
    """(1 + q11)(1 + q22) - q12^2 rather than its expansion, where such a form exists."""
    expanded = sp.expand(polynomial)
    best = polynomial
    for term in sp.Add.make_args(expanded):
        if term.could_extract_minus_sign():
            factored = sp.factor(expanded - term)
            if isinstance(factored, sp.Mul) and sum(isinstance(f, sp.Add) for f in factored.args) >= 1:
                candidate = sp.Add(factored, term)
                if width(latex(candidate)) <= width(latex(best)) + 6:
                    best = candidate
    return best


def grouped(expression: sp.Basic, room: float, profile: Profile = DEFAULT) -> sp.Basic:
    """A sum with normal cdfs: what has one exponential in common, or one coefficient, in one term, where that fits into ``room``."""
    if not isinstance(expression, sp.Add) or not expression.has(*CDFS) or not is_closed(expression):
        return expression
    terms_ = list(expression.args)
    for key in (_exponential, _coefficient):
        groups: dict[sp.Expr, list[sp.Expr]] = {}
        for term in sorted(terms_, key=sp.default_sort_key):
            groups.setdefault(key(term), []).append(term)
        terms_ = [t for shared, group in groups.items() for t in _together(group, shared, room, profile)]
    return sp.Add(*terms_)


def _exponential(term: sp.Expr) -> sp.Expr:
    return sp.Mul(*(f for f in sp.Mul.make_args(term) if isinstance(f, sp.exp)))


def _coefficient(term: sp.Expr) -> sp.Expr:
    """What stands beside the cdfs, or beside the exponential where there is none; up to a sign."""
    heads = CDFS if term.has(*CDFS) else (sp.exp,)
    factor = sp.Mul(*(f for f in sp.Mul.make_args(term) if not isinstance(f, heads)))
    return -factor if factor.could_extract_minus_sign() else factor


def _together(group: list[sp.Expr], shared: sp.Expr, room: float, profile: Profile) -> list[sp.Expr]:
    if len(group) == 1 or shared.is_number:
        return group
    common = sp.factor_terms(sp.Add(*group))
    if not isinstance(common, sp.Mul) or width(latex(common, profile)) > room:
        return group
    return [common]
