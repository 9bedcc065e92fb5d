"""In what order a reader expects terms and factors: sigma_w^2 V'(K) Theta, 1 + 2 q11, q12 (pi - theta)."""

from __future__ import annotations

import sympy as sp
from sympy.core.function import AppliedUndef

from ntksym.nodes import CorrelationAngle, Entry, Expect, HalfLineProbability, Indicator, Mean, NormalCDF, NormalPDF, QuadrantProbability, Width
from ntksym.notation import MEANINGS
from ntksym.report.glyphs import AtLayer, BivariateCDF, Glyph, Moment

CDFS = (NormalCDF, HalfLineProbability, BivariateCDF, QuadrantProbability)
_SCALES = ("sigma_w", "sigma_b")


def factor_rank(factor: sp.Basic) -> int:
    """Numbers, parameters, variables, exponentials, functions, the tangent kernel, sums."""
    base = factor.base if isinstance(factor, sp.Pow) else factor
    if base.is_number or (isinstance(base, Glyph) and base.latex.startswith("c")):
        return 0
    if isinstance(base, AtLayer):
        base = base.symbol
        return 6 if str(base).startswith("Theta") else 2
    if isinstance(base, Glyph):
        return 2
    if isinstance(base, sp.Symbol):
        if base.name in _SCALES or base.name not in MEANINGS:
            return 1
        return 6 if base.name.startswith("Theta") else 2
    if isinstance(base, (sp.Indexed, Width)):
        return 2
    if isinstance(base, Entry):
        return 6 if base.name.startswith("Theta") else 5 if base.inputs else 6
    if isinstance(base, sp.KroneckerDelta):
        return 2
    if isinstance(base, (sp.Sum, sp.Product, sp.Integral)):
        return 9
    if isinstance(base, sp.Add):
        return 7
    if isinstance(base, (Moment, Expect, Mean, *CDFS)):
        return 8
    if isinstance(base, sp.exp):
        return 8 if base.has(sp.Integral) else 3
    if isinstance(base, Indicator):
        return 5
    return 4 if isinstance(base, AppliedUndef) or base.args else 2


def ordered_factors(factors: list[sp.Basic]) -> list[sp.Basic]:
    """Factors in reading order; the same list whatever order they come in."""
    return sorted(factors, key=lambda f: (factor_rank(f), sp.default_sort_key(f)))


def term_rank(term: sp.Basic) -> int:
    """K^{l+1} leads, then the term with the angle, then what has no normal cdf in it; sigma_b^2 closes."""
    if isinstance(term, AtLayer):
        return 0
    if term.has(CorrelationAngle) or any(glyph.latex in (r"\theta", r"\vartheta") for glyph in term.atoms(Glyph)):
        return 1
    if {str(s) for s in term.free_symbols} == {"sigma_b"}:
        return 7
    if term.has(BivariateCDF, QuadrantProbability):
        return 3
    if term.has(NormalCDF, NormalPDF, HalfLineProbability):
        return 5 if term.has(sp.exp) else 4
    return 6 if term.has(sp.exp) or (term.is_number and term.could_extract_minus_sign()) else 2


def number_leads(terms: list[sp.Basic]) -> bool:
    """Whether a positive number stands first: 1 + 2 q11, but l + 1 for an index."""
    others = [term for term in terms if not term.is_number]
    return 0 < len(others) <= 3 and not all(term.is_integer for term in others)


def split_quotient(product: sp.Expr) -> tuple[list[sp.Basic], list[sp.Basic]]:
    """Numerator and denominator factors; sqrt(2)/2 becomes 1/sqrt(2)."""
    exponents = [factor.args[0] for factor in product.args if isinstance(factor, sp.exp)]
    if len(exponents) > 1:
        rest = [factor for factor in product.args if not isinstance(factor, sp.exp)]
        product = sp.Mul(*rest, sp.exp(sp.expand(sp.Add(*exponents))), evaluate=False)
    numerator, denominator = sp.fraction(product, exact=True)
    above, below = list(sp.Mul.make_args(numerator)), list(sp.Mul.make_args(denominator))
    number = next((factor for factor in below if factor.is_Integer and factor > 1), None)
    if number is not None:
        for factor in above:
            if isinstance(factor, sp.Pow) and factor.exp == sp.S.Half and factor.base.is_Integer and number % factor.base == 0:
                above.remove(factor)
                below.remove(number)
                below += [sp.Integer(number / factor.base), factor]
                break
    return _one_root([f for f in above if f != 1]), _one_root([f for f in below if f != 1])


def _one_root(factors: list[sp.Basic]) -> list[sp.Basic]:
    """sqrt(2) sqrt(pi) sqrt(q) as one root of 2 pi q."""
    roots = [f for f in factors if isinstance(f, sp.Pow) and f.exp == sp.S.Half and f.base.is_Atom]
    if len(roots) < 2:
        return factors
    inside = sp.Mul(*(root.base for root in roots))
    return [f for f in factors if f not in roots] + [sp.Pow(inside, sp.S.Half, evaluate=False)]
