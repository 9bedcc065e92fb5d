"""Names for the big parts of formulas that stand on a page together: angles, roots, determinants, what is too wide for a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import sympy as sp

from ntksym.nodes import CorrelationAngle, CorrelationArcsine, Gaussian, NormalCDF, Spectral
from ntksym.notation import DEFAULT, Profile
from ntksym.report.document import Row
from ntksym.report.glyphs import BivariateCDF, Glyph
from ntksym.report.layout import LINE, width
from ntksym.report.mathematics import latex
from ntksym.report.page import divides, grouped, is_closed, is_root, page_form
from ntksym.report.probabilities import standardized

_ANGLE_LETTERS = ((r"\theta", "theta"), (r"\vartheta", "vartheta"), (r"\psi", "psi"))
_ARCSINE_LETTERS = ((r"\vartheta", "vartheta"), (r"\alpha", "alpha"), (r"\omega", "angle"))
_CORRELATION_LETTERS = ((r"\rho", "rho"), ("r", "r"), (r"\rho", "rho"))
_ROOT_LETTERS = (("s", "s"), ("r", "r"), ("R", "R"))
_PART_LETTER = ("t", "t")
_LONG_NUMBER = 14  # digits of a number that gets a name


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
        out = self._arguments(self._correlations(out))
        out = self._angles(out)
        out = self._denominators(out)
        out = [grouped(e, 0.72 * self.limit, self.profile) for e in self._roots(out)]
        out = self._exponents(out)
        out = [self._narrow(e) for e in self._shared(out)]
        self._settle()
        return out

    def _settle(self) -> None:
        """Definitions in an order in which each uses earlier names only."""
        done: list[Row] = []
        left = list(self.bindings)
        while left:
            names = {row.left for row in left}
            ready = next((row for row in left if not row.right.atoms(Glyph) & (names - {row.left})), left[0])
            left.remove(ready)
            done.append(ready)
        self.bindings[:] = done

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
        powers = [node for e in expressions for node in _outside_of_matrices(e) if isinstance(node, sp.Pow) and (is_root(node) or divides(node))]
        mapping: dict[sp.Basic, sp.Basic] = {}
        rooted = {p.base for p in powers if is_root(p)}  # these get a name for their root
        for base in sorted({p.base for p in powers if not is_root(p)} - rooted, key=sp.default_sort_key):
            uses = sum(p.base == base for p in powers)
            if uses >= 2 and uses * width(latex(base, self.profile)) > 40:
                mapping[base] = self.bind(base, [("D", "D"), ("N", "N"), ("D", "D")])
        return [e.xreplace(mapping) if mapping else e for e in expressions]

    def _exponents(self, expressions: list[sp.Basic]) -> list[sp.Basic]:
        """Exponents too long for a superscript."""
        found = sorted(
            {node for e in expressions for node in e.atoms(sp.exp) if width(latex(node.args[0], self.profile)) > 24 and is_closed(node)},
            key=sp.default_sort_key,
        )
        mapping = {node: sp.exp(self.bind(node.args[0], [("a", "a"), ("b", "b"), ("a", "a")])) for node in found}
        return [e.xreplace(mapping) if mapping else e for e in expressions]

    def fitted(self, expression: sp.Basic, room: float | None = None) -> sp.Basic:
        """One more expression, with only what is too wide for a line named."""
        return self._narrow(expression, room)

    def _reserve(self, expressions: Sequence[sp.Basic]) -> None:
        for expression in expressions:
            for symbol in sorted(expression.atoms(sp.Symbol), key=str):
                self.taken.add(latex(symbol, self.profile))

    def _correlations(self, expressions: list[sp.Basic]) -> list[sp.Basic]:
        """The correlations of bivariate normal cdfs, one name for a correlation and its negative; arguments that are wide."""
        found = sorted({node for e in expressions for node in e.atoms(BivariateCDF)}, key=sp.default_sort_key)
        mapping: dict[sp.Basic, sp.Basic] = {}
        for node in found:
            rho = node.args[2]
            if not rho.is_Atom:
                flipped = bool(rho.could_extract_minus_sign())
                name = self.bind(-rho if flipped else rho, _CORRELATION_LETTERS)
                mapping[node] = BivariateCDF(node.args[0], node.args[1], -name if flipped else name)
        return [e.xreplace(mapping) if mapping else e for e in expressions]

    def _arguments(self, expressions: list[sp.Basic]) -> list[sp.Basic]:
        """Arguments of normal cdfs that are wide and stand in several places, or in a formula of more than three lines."""
        uses = Counter(
            argument
            for e in expressions
            for node in sp.preorder_traversal(e)
            if isinstance(node, (NormalCDF, BivariateCDF))
            for argument in node.args[: 2 if isinstance(node, BivariateCDF) else 1]
        )
        long = any(isinstance(e, sp.Expr) and is_closed(e) and width(latex(e, self.profile)) > 3 * self.limit for e in expressions)
        names: dict[sp.Basic, Glyph] = {}
        for argument in sorted(uses, key=sp.default_sort_key):
            size = width(latex(argument.replace(lambda e: isinstance(e, sp.Pow) and is_root(e), lambda e: sp.Dummy("s") ** (2 * e.exp)), self.profile))
            if size > 8.5 and (uses[argument] > 1 or long):
                names[argument] = self.bind(argument, [_numbered(k, "h" if "h" not in self.taken else "y") for k in range(1, 100)])
        if not names:
            return expressions

        def renamed(node: sp.Expr) -> sp.Expr:
            return node.func(*(names.get(argument, argument) for argument in node.args))

        return [e.replace(lambda node: isinstance(node, (NormalCDF, BivariateCDF)), renamed) for e in expressions]

    def _angles(self, expressions: list[sp.Basic]) -> list[sp.Basic]:
        found = sorted({a for e in expressions for a in e.atoms(CorrelationAngle, CorrelationArcsine)}, key=sp.default_sort_key)
        mapping: dict[sp.Basic, sp.Basic] = {}
        for angle in found:
            count = sum(node == angle for e in expressions for node in sp.preorder_traversal(e))
            if isinstance(angle, CorrelationAngle) or count > 1:
                if any(e != angle for e in expressions if e.has(angle)):
                    mapping[angle] = self._angle(angle)
        return [e.xreplace(mapping) for e in expressions]

    def _angle(self, angle: sp.Expr) -> Glyph:
        """A name for an angle; where the correlation has one, the angle is its arccosine."""
        a, c, b = angle.args
        is_angle = isinstance(angle, CorrelationAngle)
        letters = _ANGLE_LETTERS if is_angle else _ARCSINE_LETTERS
        rho = self._names.get(standardized(c, a * b))
        return self.bind(angle, letters) if rho is None else self.bind((sp.acos if is_angle else sp.asin)(rho), letters)

    def _roots(self, expressions: list[sp.Basic]) -> list[sp.Basic]:
        defined = [row.right for row in self.bindings]
        powers = [node for e in (*expressions, *defined) for node in _outside_of_matrices(e) if isinstance(node, sp.Pow) and is_root(node)]
        bases = sorted({p.base for p in powers}, key=sp.default_sort_key)
        mapping: dict[sp.Basic, sp.Basic] = {}
        for base in bases:
            many = [p for p in powers if p.base == base]
            if len(many) > 1 or (self.bindings and width(latex(base, self.profile)) > 8):
                root = self.bind(sp.sqrt(base), _ROOT_LETTERS)
                whole = {node for e in (*expressions, *defined) for node in e.atoms(sp.Pow) if node.base == base and node.exp.is_Integer}
                for power in (*many, *whole):
                    mapping[power] = sp.Pow(root, 2 * power.exp)
                mapping[base] = root**2
        roots = {glyph for value, glyph in self._names.items() if value in {sp.sqrt(base) for base in bases}}
        self.bindings[:] = [row if row.left in roots else Row(row.left, row.relation, row.right.xreplace(mapping)) for row in self.bindings]
        return [e.xreplace(mapping) for e in expressions]

    def _shared(self, expressions: list[sp.Basic]) -> list[sp.Basic]:
        """Common parts of what would not fit into three lines."""
        closed = [isinstance(e, sp.Expr) and is_closed(e) and not e.has(NormalCDF, BivariateCDF) for e in expressions]
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
            inner = sorted(
                (a for a in term.atoms(sp.Add) if a != term and a.is_commutative), key=lambda a: (-width(latex(a, self.profile)), sp.default_sort_key(a))
            )
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


def _outside_of_matrices(expression: sp.Basic) -> Iterator[sp.Basic]:
    """Every node but those inside a function of a matrix, which is shown as a whole."""
    yield expression
    if not isinstance(expression, Spectral):
        for part in expression.args:
            yield from _outside_of_matrices(part)


def _numbered(k: int, letter: str) -> tuple[str, str]:
    return f"{letter}_{{{k}}}", f"{letter}{k}"


def _distributed(product: sp.Mul) -> sp.Expr:
    """A number times a wide sum as a sum of terms, so that it can be broken between them."""
    sums = [factor for factor in product.args if isinstance(factor, sp.Add)]
    rest = sp.Mul(*(factor for factor in product.args if not isinstance(factor, sp.Add)))
    if len(sums) != 1 or width(latex(rest)) > 14:
        return product
    return sp.Add(*(rest * term for term in sums[0].args))
