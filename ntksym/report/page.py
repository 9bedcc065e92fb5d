"""From an expression as derived to the same expression as a reader wants it: signs, scales, names for big parts.

Every change here is an identity of SymPy's own algebra; nothing is simplified that a step should have concluded.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import sympy as sp
from sympy.core.function import AppliedUndef

from ntksym.nodes import Applied, CorrelationAngle, CorrelationArcsine, Dual, Entry, Expect, Gaussian, Mean, Partial, Width
from ntksym.notation import DEFAULT, Profile
from ntksym.report.document import Row
from ntksym.report.glyphs import Call, AtLayer, Glyph, Moment
from ntksym.report.layout import LINE, width
from ntksym.report.mathematics import latex, terms

_ANGLE_LETTERS = ((r"\theta", "theta"), (r"\vartheta", "vartheta"), (r"\psi", "psi"))
_ARCSINE_LETTERS = ((r"\vartheta", "vartheta"), (r"\alpha", "alpha"), (r"\omega", "angle"))
_ROOT_LETTERS = (("s", "s"), ("r", "r"), ("R", "R"))
_PART_LETTER = ("t", "t")
_LARGEST_SCALE = 1000
_LONG_NUMBER = 14  # digits of a number that gets a name
_SYMBOLIC_LIMIT = 400  # operations beyond which rearrangements are not tried: they would take longer than reading helps


@lru_cache(maxsize=4096)
def page_form(expression: sp.Basic) -> sp.Basic:
    """Angles of positive covariance, whole numbers inside arcsines, radicands as product minus square, fractions over one denominator."""
    if not isinstance(expression, sp.Basic) or isinstance(expression, (sp.Symbol, sp.Number)):
        return expression
    turned = expression.replace(CorrelationAngle, _turn_angle).replace(CorrelationArcsine, _turn_arcsine)
    turned = turned.replace(lambda e: isinstance(e, sp.exp) and isinstance(e.args[0], (sp.Mul, sp.Add)) and e.args[0].is_polynomial(), lambda e: sp.exp(_exponent(e.args[0])))
    if isinstance(turned, sp.Expr) and turned.count_ops() <= _SYMBOLIC_LIMIT:
        turned = _gathered(turned) if is_closed(turned) else _gathered_coefficients(turned)
        turned = turned.replace(lambda e: isinstance(e, sp.Pow) and (_is_root(e) or _divides(e)), lambda e: sp.Pow(radicand(e.base), e.exp))
    return turned


def _exponent(exponent: sp.Expr) -> sp.Expr:
    """Expanded or with common factors in front, whichever is shorter."""
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
    return not expression.has(Expect, Dual, sp.Sum, sp.Product, sp.Integral, sp.Indexed, AppliedUndef, sp.Derivative, sp.Lambda, sp.Subs, Call, AtLayer, Moment, Applied, Entry, Mean, Partial, Width)


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
    """The most readable on the page of a few equal forms."""
    candidates = [expression, sp.factor_terms(expression)]
    if isinstance(expression, sp.Add) and _one_denominator(expression):
        candidates.append(sp.together(expression))
        candidates.append(sp.factor_terms(sp.together(expression)))
    if isinstance(expression, sp.Add) and expression.has(CorrelationArcsine) and not expression.has(CorrelationAngle):
        turned = expression.replace(CorrelationArcsine, lambda a, c, b: sp.pi / 2 - CorrelationAngle(a, c, b))
        split = _by_angle(turned) if len(turned.atoms(CorrelationAngle)) == 1 else None
        candidates += [] if split is None else [split, sp.factor_terms(sp.expand(turned))]
    candidates += _hyperbolic(expression)
    if len(expression.atoms(CorrelationAngle)) == 1:
        split = _by_angle(expression)
        if split is not None:
            candidates = [split, sp.together(split)] if isinstance(split, sp.Add) and _one_denominator(split) else [split]
    best = min(candidates, key=lambda form: (_cost(form), latex(form)))
    return sp.Add(*(sp.factor_terms(term) for term in best.args)) if isinstance(best, sp.Add) else best


def _one_denominator(total: sp.Expr) -> bool:
    """Whether the terms have one denominator, numbers aside, so that a common one adds nothing to any term."""
    return len({sp.Mul(*(f for f in sp.Mul.make_args(sp.fraction(term)[1]) if not f.is_Number)) for term in total.args}) == 1 and not total.has(sp.exp)


def _hyperbolic(expression: sp.Expr) -> list[sp.Expr]:
    """c e^{A+B} +- c e^{A-B} as 2 c e^A cosh B or sinh B; an empty list for any other sum."""
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
    """a (pi - theta) + b with b one fraction; None where the angle does not stand linearly with rational coefficients."""
    (angle,) = expression.atoms(CorrelationAngle)
    theta = sp.Dummy("theta")
    roots = {p: sp.Dummy(f"root{i}", positive=True) for i, p in enumerate(sorted({p.base for p in expression.atoms(sp.Pow) if _is_root(p)}, key=sp.default_sort_key))}
    body = expression.xreplace({angle: theta})
    body = body.replace(lambda e: isinstance(e, sp.Pow) and _is_root(e) and e.base in roots, lambda e: roots[e.base] ** (2 * e.exp))
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


def _divides(power: sp.Pow) -> bool:
    return bool(isinstance(power.base, sp.Add) and power.exp.is_number and power.exp.is_negative)


def _is_root(power: sp.Pow) -> bool:
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


class Namer:
    """Gives names to the parts of a group of expressions that stand on one page together."""

    def __init__(self, profile: Profile = DEFAULT, taken: Sequence[str] = (), limit: float = LINE) -> None:
        self.profile, self.limit = profile, limit
        self.taken = set(taken)
        self.bindings: list[Row] = []
        self._names: dict[sp.Basic, Glyph] = {}

    def _fresh(self, letters: Sequence[tuple[str, str]]) -> Glyph:
        for latex_letter, text_letter in letters:
            if latex_letter not in self.taken:
                self.taken.add(latex_letter)
                return Glyph(latex_letter, text_letter)
        base_latex, base_text = letters[-1]
        number = 1
        while f"{base_latex}_{{{number}}}" in self.taken:
            number += 1
        self.taken.add(f"{base_latex}_{{{number}}}")
        return Glyph(f"{base_latex}_{{{number}}}", f"{base_text}{number}")

    def bind(self, value: sp.Expr, letters: Sequence[tuple[str, str]], exact: bool = True) -> Glyph:
        """A name for ``value``; the same value keeps its name.  A number too long for a line is shown to 17 digits, and said to be rounded."""
        if value not in self._names:
            self._names[value] = self._fresh(letters)
            self.bindings.append(Row(self._names[value], "where", value) if exact else Row(self._names[value], "approx", sp.Float(value, 17)))
        return self._names[value]

    def name(self, expressions: Sequence[sp.Basic]) -> list[sp.Basic]:
        """The expressions with angles, shared roots and what is too wide for a line replaced by names."""
        self._reserve(expressions)
        out = self._numbers([page_form(e) for e in expressions])
        out = self._angles(out)
        out = self._denominators(out)
        out = self._roots(out)
        out = self._exponents(out)
        out = self._shared(out)
        return [self._narrow(e) for e in out]

    def _numbers(self, expressions: list[sp.Basic]) -> list[sp.Basic]:
        """Numbers of many digits."""
        found = sorted({n for e in expressions for n in e.atoms(sp.Rational) if len(str(abs(n.p))) + len(str(n.q)) > _LONG_NUMBER}, key=lambda n: (abs(n), n))
        mapping: dict[sp.Basic, sp.Basic] = {}
        for number in found:
            if any(abs(number) == known for known in mapping):
                continue
            mapping[abs(number)] = self.bind(abs(number), [("c", "c")], exact=width(latex(abs(number))) < 0.75 * self.limit)
            mapping[-abs(number)] = -mapping[abs(number)]
        return [e.xreplace(mapping) if mapping else e for e in expressions]

    def _denominators(self, expressions: list[sp.Basic]) -> list[sp.Basic]:
        """A determinant that divides in several places."""
        powers = [node for e in expressions for node in sp.preorder_traversal(e) if isinstance(node, sp.Pow) and (_is_root(node) or _divides(node))]
        mapping: dict[sp.Basic, sp.Basic] = {}
        for base in sorted({p.base for p in powers if not _is_root(p)}, key=sp.default_sort_key):
            uses = sum(p.base == base for p in powers)
            if uses >= 2 and uses * width(latex(base, self.profile)) > 40:
                mapping[base] = self.bind(base, [("D", "D"), ("N", "N"), ("D", "D")])
        return [e.xreplace(mapping) if mapping else e for e in expressions]

    def _exponents(self, expressions: list[sp.Basic]) -> list[sp.Basic]:
        """Exponents too long for a superscript."""
        found = sorted({node for e in expressions for node in e.atoms(sp.exp) if width(latex(node.args[0], self.profile)) > 24 and is_closed(node)}, key=sp.default_sort_key)
        mapping = {node: sp.exp(self.bind(node.args[0], [("a", "a"), ("b", "b"), ("a", "a")])) for node in found}
        return [e.xreplace(mapping) if mapping else e for e in expressions]

    def fitted(self, expression: sp.Basic, room: float | None = None) -> sp.Basic:
        """One more expression, with only what is too wide for a line named."""
        return self._narrow(expression, room)

    def _reserve(self, expressions: Sequence[sp.Basic]) -> None:
        for expression in expressions:
            for symbol in sorted(expression.atoms(sp.Symbol), key=str):
                self.taken.add(latex(symbol, self.profile))

    def _angles(self, expressions: list[sp.Basic]) -> list[sp.Basic]:
        found = sorted({a for e in expressions for a in e.atoms(CorrelationAngle, CorrelationArcsine)}, key=sp.default_sort_key)
        mapping: dict[sp.Basic, sp.Basic] = {}
        for angle in found:
            count = sum(node == angle for e in expressions for node in sp.preorder_traversal(e))
            if isinstance(angle, CorrelationAngle) or count > 1:
                if any(e != angle for e in expressions if e.has(angle)):
                    mapping[angle] = self.bind(angle, _ANGLE_LETTERS if isinstance(angle, CorrelationAngle) else _ARCSINE_LETTERS)
        return [e.xreplace(mapping) for e in expressions]

    def _roots(self, expressions: list[sp.Basic]) -> list[sp.Basic]:
        powers = [node for e in expressions for node in sp.preorder_traversal(e) if isinstance(node, sp.Pow) and _is_root(node)]
        bases = sorted({p.base for p in powers}, key=sp.default_sort_key)
        mapping: dict[sp.Basic, sp.Basic] = {}
        for base in bases:
            many = [p for p in powers if p.base == base]
            if len(many) > 1 or (self.bindings and width(latex(base, self.profile)) > 8):
                root = self.bind(sp.sqrt(base), _ROOT_LETTERS)
                for power in many:
                    mapping[power] = sp.Pow(root, power.exp.p)
        return [e.xreplace(mapping) for e in expressions]

    def _shared(self, expressions: list[sp.Basic]) -> list[sp.Basic]:
        """Common parts of what would not fit into three lines."""
        closed = [isinstance(e, sp.Expr) and is_closed(e) for e in expressions]
        wide = [c and width(latex(e, self.profile)) > 3 * self.limit for c, e in zip(closed, expressions, strict=True)]
        if not any(wide):
            return expressions
        chosen = [e for e, w in zip(expressions, wide, strict=True) if w]
        definitions, bodies = sp.cse(chosen, symbols=sp.numbered_symbols("ntksymshared"), order="canonical")
        back: dict[sp.Basic, sp.Basic] = {}
        for symbol, value in definitions:
            value = value.xreplace(back)
            back[symbol] = value if width(latex(value, self.profile)) < 14 else self.bind(self._narrow(value), [(r"t_{0}", "t0"), _PART_LETTER])
        renamed = iter(body.xreplace(back) for body in bodies)
        return [next(renamed) if w else e for e, w in zip(expressions, wide, strict=True)]

    def _narrow(self, expression: sp.Basic, room: float | None = None) -> sp.Basic:
        """Name the widest sum inside a term until every term fits into a line."""
        room = 0.72 * self.limit if room is None else room
        if not isinstance(expression, sp.Expr):
            return expression
        if not is_closed(expression):
            return self._narrow_inside(expression, room)
        if isinstance(expression, sp.Mul) and width(latex(expression, self.profile)) > room:
            expression = _distributed(expression)
        for _ in range(12):
            too_wide = [t for t in sp.Add.make_args(expression) if width(latex(t, self.profile)) > room]
            if not too_wide:
                return expression
            term = too_wide[0]
            inner = sorted((a for a in term.atoms(sp.Add) if a != term), key=lambda a: (-width(latex(a, self.profile)), sp.default_sort_key(a)))
            if not inner or width(latex(inner[0], self.profile)) < 10:
                return expression
            expression = expression.xreplace({inner[0]: self.bind(inner[0], [("A", "A"), ("B", "B"), ("C", "C"), ("D", "D"), _PART_LETTER])})
        return expression


    def _narrow_inside(self, expression: sp.Expr, room: float) -> sp.Expr:
        """Multiply out what would not fit into a line; then name the widest closed sum under an expectation."""
        for _ in range(4):
            parts = sp.Add.make_args(expression)
            if not any(isinstance(t, sp.Mul) and any(isinstance(f, sp.Add) for f in t.args) and width(latex(t, self.profile)) > room for t in parts):
                break
            expression = sp.Add(*(sp.expand_mul(t, deep=False) if width(latex(t, self.profile)) > room else t for t in parts))
        for _ in range(8):
            too_wide = [t for t in sp.Add.make_args(expression) if width(latex(t, self.profile)) > room]
            inner = sorted(
                {a for term in too_wide for a in term.atoms(sp.Add) if a != term and is_closed(a) and width(latex(a, self.profile)) > 16},
                key=lambda a: (-width(latex(a, self.profile)), sp.default_sort_key(a)),
            )
            if not inner:
                return expression
            expression = expression.xreplace({inner[0]: self.bind(self._narrow(inner[0]), [("p", "p"), ("r", "r"), ("p", "p")])})
        return expression

    def shared_sums(self, expressions: list[sp.Basic]) -> list[sp.Basic]:
        """A sum over neurons that stands in several places and is wide: named once."""
        counted: Counter[sp.Basic] = Counter()
        for expression in expressions:
            counted.update(node for node in sp.preorder_traversal(expression) if isinstance(node, sp.Sum))
        wide = [node for node, uses in counted.items() if uses > 1 and width(latex(node, self.profile)) > 0.45 * self.limit]
        mapping = {node: self.bind(node, [("S", "S"), ("T", "T"), ("S", "S")]) for node in sorted(wide, key=sp.default_sort_key)}
        return [e.xreplace(mapping) if mapping else e for e in expressions]

    def law(self, law: Gaussian, room: float) -> Gaussian:
        """A law whose matrix is wider than ``room``, with names for its wide entries."""
        if width(latex(law, self.profile)) <= room:
            return law
        entries = [page_form(e) for e in (*law.mean, *law.upper)]
        n = len(law.variables)
        named = [self._entry(e, i < n) for i, e in enumerate(entries)]
        return Gaussian(law.variables, sp.Tuple(*named[:n]), sp.Tuple(*named[n:]))

    def _entry(self, entry: sp.Expr, is_mean: bool) -> sp.Expr:
        """A name for a wide entry; a Kronecker delta stays outside of it."""
        if width(latex(entry, self.profile)) <= 9:
            return entry
        outside = [f for f in sp.Mul.make_args(entry) if isinstance(f, sp.KroneckerDelta)]
        inside = sp.Mul(*(f for f in sp.Mul.make_args(entry) if f not in outside))
        return sp.Mul(*outside, self.bind(inside, [("m", "m")] if is_mean else [("k", "k")]))


def _distributed(product: sp.Mul) -> sp.Expr:
    """A number times a wide sum as a sum of terms, so that it can be broken between them."""
    sums = [factor for factor in product.args if isinstance(factor, sp.Add)]
    rest = sp.Mul(*(factor for factor in product.args if not isinstance(factor, sp.Add)))
    if len(sums) != 1 or width(latex(rest)) > 14:
        return product
    return sp.Add(*(rest * term for term in sums[0].args))


def term_widths(expression: sp.Basic, profile: Profile = DEFAULT) -> list[float]:
    """Width of every top-level term."""
    return [width(text) for _, text in terms(expression, profile)]
