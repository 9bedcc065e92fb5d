"""The one place where an expression becomes LaTeX; every format that sets mathematics uses it.

ASCII only, amsmath and amssymb only.  An unknown node raises: nothing is printed that a reader could mistake for mathematics.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE

from ntksym.errors import NotationError
from ntksym.nodes import Array, CorrelationAngle, CorrelationArcsine, Delta
from ntksym.notation import DEFAULT, Profile
from ntksym.report.glyphs import AtLayer
from ntksym.report.names import escape, symbol_latex
from ntksym.report.operators import OperatorPrinting, covariance, is_matrix_valued, moves_in_time, shown_inputs
from ntksym.report.ordering import factor_rank, number_leads, ordered_factors, split_quotient, term_rank
from ntksym.report.probabilities import bivariate_cdf, cdf, oriented, threshold, turned

_TALL = re.compile(r"\\(?:frac|sqrt|sum|prod|begin|int|left|Big|bigl)(?![A-Za-z])")
_PRIMES = {1: "'", 2: "''", 3: "'''"}


def latex(expression: Any, profile: Profile = DEFAULT) -> str:
    """LaTeX of an expression, ASCII; NotationError names a node that has no printed form."""
    return _cached(expression, profile)


@lru_cache(maxsize=4096)
def _cached(expression: Any, profile: Profile) -> str:
    printer = MathPrinter(profile)
    if isinstance(expression, (CorrelationAngle, CorrelationArcsine)):
        return relaxed(printer.bare_angle(expression))
    return relaxed(printer.doprint(expression))


def terms(expression: sp.Basic, profile: Profile = DEFAULT) -> list[tuple[str, str]]:
    """A sum as (sign, LaTeX) pairs in printing order; anything else as one pair."""
    printer = MathPrinter(profile)
    return [(sign, relaxed(text)) for sign, text in printer.signed_terms(expression)]


def relaxed(text: str) -> str:
    r"""``\left( .. \right)`` around material of one line's height becomes plain brackets, which are spaced better."""
    pairs: list[tuple[int, int]] = []
    stack: list[int] = []
    for match in re.finditer(r"\\(left|right)(?![a-zA-Z])\s*(\\[{}|]|[()\[\]|.])", text):
        if match[1] == "left":
            stack.append(match.start())
        elif stack:
            pairs.append((stack.pop(), match.start()))
    drop: set[int] = set()
    for opening, closing in sorted(pairs, key=lambda pair: pair[1] - pair[0]):
        inner = text[opening + 5 : closing]
        tall = any(not (m.group() == r"\left" and opening + 5 + m.start() in drop) for m in _TALL.finditer(inner))
        dot = text[opening:].startswith(r"\left.") or text[closing:].startswith(r"\right.")
        if not tall and not dot:
            drop |= {opening, closing}
    for start in sorted(drop, reverse=True):
        text = text[:start] + re.sub(r"^\\(?:left|right)\s*", "", text[start:])
    text = re.sub(r"\(\s+", "(", text)
    return re.sub(r"(?<![\\a-zA-Z])\s+\)", ")", re.sub(r"\s+\)", ")", text))


def bracketed(inner: str) -> str:
    """``inner`` in round brackets of its height."""
    return rf"\left({inner}\right)"


def slashed(printer: MathPrinter, expression: sp.Expr) -> str:
    """One line for an exponent: -(a+b)/2 rather than a stack of fractions."""
    numerator, denominator = sp.fraction(sp.together(expression))
    sign = ""
    if numerator.could_extract_minus_sign():
        numerator, sign = -numerator, "-"
    number, inner = numerator.primitive() if numerator.is_Add else (sp.S.One, numerator)
    top = printer._print(inner)
    if (sign or denominator != 1 or number != 1) and inner.is_Add:
        top = bracketed(top)
    if number != 1:
        top = f"{printer._print(number)} {top}"
    if denominator == 1:
        return sign + top
    bottom = printer._print(denominator)
    return f"{sign}{top}/{bracketed(bottom) if not denominator.is_Atom else bottom}"


class MathPrinter(OperatorPrinting, LatexPrinter):
    """SymPy's printer with the house's letters, its nodes, and no way out of mathematics for a foreign name."""

    def __init__(self, profile: Profile = DEFAULT) -> None:
        super().__init__({"fold_short_frac": False, "fold_frac_powers": True, "inv_trig_style": "full", "ln_notation": False})
        self.profile = profile

    def _print(self, expr: Any, **settings: Any) -> str:
        """A node of ours is printed by the method here, not by one it may bring along."""
        own = getattr(self, f"_print_{type(expr).__name__}", None) if (type(expr).__module__ or "").startswith("ntksym.") else None
        return super()._print(expr, **settings) if own is None else own(expr, **settings)

    def emptyPrinter(self, expr: Any) -> str:
        own = getattr(expr, "_latex", None)
        if own is not None and (type(expr).__module__ or "").startswith("ntksym."):
            return own(self)
        raise NotationError(
            f"no LaTeX for {type(expr).__name__}: {expr}",
            where="ntksym/report/mathematics.py",
            why="a report may not guess",
            fix="add a _print method for this node",
        )

    _print_Basic = emptyPrinter

    # What products of matrices and functions of a matrix need (see OperatorPrinting).
    def _raised(self, base: str, exponent: str) -> str:
        return f"{base}^{{{exponent}}}"

    def _in_brackets(self, text: str) -> str:
        return bracketed(text)

    def _exponential(self, exponent: str) -> str:
        return f"e^{{{exponent}}}"

    def _barred(self, text: str) -> str:
        return rf"\left\lVert {text} \right\rVert"

    def _transposed(self, text: str) -> str:
        return rf"{text}^{{\top}}"

    def _function_text(self, name: str) -> str:
        return rf"\{name}"

    def _operator(self, name: str) -> str:
        return rf"\operatorname{{{name}}}"

    def _below(self, text: str, index: str) -> str:
        return f"{text}_{{{index}}}"

    def _square(self, text: str) -> str:
        return rf"\left[{text}\right]"

    def _implication(self, both_ways: bool) -> str:
        return r"\Leftrightarrow" if both_ways else r"\Rightarrow"

    def _array_text(self, array: Any) -> str:
        above = f"^{{{self._layer(array.layer[0])}}}" if array.layer else ""
        below = f"_{{{self._time_text(array.time[0])}}}" if array.time else ""
        inputs = f"({','.join(self._print(label) for label in shown_inputs(array))})" if shown_inputs(array) else ""
        return f"{symbol_latex(array.name, self.profile)}{above}{below}{inputs}"

    # Sums: the first term with a plus sign leads, if there is one.
    def signed_terms(self, expr: sp.Basic) -> list[tuple[str, str]]:
        """(sign, LaTeX) of every term in printing order."""
        if not isinstance(expr, sp.Add):
            return [("+", self._print(expr))]
        if is_matrix_valued(expr):
            return self._matrix_terms(expr)
        found: list[tuple[str, str]] = []
        ordered = list(self._as_ordered_terms(expr))
        ordered.sort(key=term_rank)
        if number_leads(ordered):
            ordered.sort(key=lambda term: not (term.is_number and term.is_positive))
        for term in ordered:
            negative = bool(term.could_extract_minus_sign())
            inner = -term if negative else term
            text = self._print(inner)
            if inner.is_Add or self._needs_add_brackets(inner):
                text = bracketed(text)
            found.append(("-" if negative else "+", text))
        leading = next((i for i, (sign, _) in enumerate(found) if sign == "+"), 0)
        return [found[leading], *found[:leading], *found[leading + 1 :]]

    def _print_Add(self, expr: sp.Add, order: Any = None) -> str:
        first, *rest = self.signed_terms(expr)
        return ("-" if first[0] == "-" else "") + first[1] + "".join(f" {sign} {text}" for sign, text in rest)

    def _print_Mul(self, expr: sp.Expr) -> str:
        if not isinstance(expr, sp.Mul):
            return super()._print_Mul(expr)
        if not expr.is_commutative:
            return self._matrix_product(expr)
        if expr.could_extract_minus_sign() and not any(isinstance(f, sp.Add) for f in expr.args):
            return "-" + self._factor(-expr)
        coefficient, _ = expr.as_coeff_Mul()
        if coefficient.is_negative:
            return "-" + self._factor(-expr)
        above, below = split_quotient(expr)
        if not below:
            return self._product(above)
        top = self._alone(above)
        bottom = self._alone(below)
        rest = [f for f in above if (factor_rank(f) >= 4 and not isinstance(f, sp.Pow)) or isinstance(f, AtLayer)]
        if rest and (_TALL.search(relaxed(top)) or any(factor_rank(f) >= 8 or isinstance(f, AtLayer) for f in rest)):
            return rf"\frac{{{self._alone([f for f in above if f not in rest])}}}{{{bottom}}} {self._product(rest, alone=False)}"
        return rf"\frac{{{top}}}{{{bottom}}}"

    def _alone(self, factors: list[sp.Basic]) -> str:
        """A numerator or a denominator."""
        return self._print(factors[0]) if len(factors) == 1 else self._product(factors) if factors else "1"

    def _factor(self, expr: sp.Expr) -> str:
        return bracketed(self._print(expr)) if expr.is_Add else self._print(expr)

    def _product(self, factors: list[sp.Basic], alone: bool = True) -> str:
        text = ""
        ordered = ordered_factors(factors)
        for position, factor in enumerate(ordered):
            piece = self._print(factor)
            if (len(ordered) > 1 or not alone) and (factor.is_Add or self._needs_mul_brackets(factor, first=position == 0, last=position == len(ordered) - 1)):
                piece = bracketed(piece)
            glue = r" \cdot " if re.search(r"\d\}?$", text) and re.match(r"\d|\\frac\{?\d", piece) else " "
            text = piece if not text else text + glue + piece
        return text

    # Letters
    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return symbol_latex(expr.name, self.profile)

    _print_Dummy = _print_Symbol
    _print_RandomSymbol = _print_Symbol

    def _print_IndexedBase(self, expr: Any) -> str:
        return symbol_latex(str(expr.label), self.profile)

    def _print_Idx(self, expr: Any) -> str:
        return symbol_latex(str(expr.label), self.profile)

    def _print_Indexed(self, expr: Any) -> str:
        return f"{self._print(expr.base)}_{{{', '.join(self._print(i) for i in expr.indices)}}}"

    def _print_Str(self, expr: Any) -> str:
        return rf"\text{{{escape(expr.name)}}}"

    def _print_Glyph(self, expr: Any) -> str:
        return expr.latex

    def _print_AtLayer(self, expr: Any) -> str:
        return _at_layer(self._print(expr.symbol), self._print(expr.level))

    def _print_Call(self, expr: Any, exp: str | None = None) -> str:
        arguments = bracketed(", ".join(self._print(a) for a in expr.arguments))
        return f"{expr.letter.latex}{'' if exp is None else f'^{{{exp}}}'}{arguments}"

    def _print_Labelled(self, expr: Any) -> str:
        return rf"{self._print(expr.args[0])}\colon\ {self._print(expr.args[1])}"

    def _print_Together(self, expr: Any) -> str:
        return r",\quad ".join(self._print(a) for a in expr.args)

    # Functions, ours and unnamed ones
    def _of(self, name: str, argument: str, exp: Any = None) -> str:
        return f"{name}{'' if exp is None else f'^{{{exp}}}'}{bracketed(argument)}"

    def _print_Indicator(self, expr: Any, exp: Any = None) -> str:
        left, sign, right = threshold(expr.args[0])
        body = rf"\mathbf{{1}}\{{{self._print(left)} \{'ge' if sign == '>=' else 'le'} {self._print(right)}\}}"
        return body if exp is None else f"{body}^{{{exp}}}"

    def _print_Heaviside(self, expr: Any, exp: Any = None) -> str:
        return self._print_Indicator(sp.Tuple(expr.args[0]), exp)

    def _print_Delta(self, expr: Any, exp: Any = None) -> str:
        return self._of(r"\delta", self._print(oriented(expr.args[0])), exp)

    def _print_DiracDelta(self, expr: Any, exp: Any = None) -> str:
        order = expr.args[1] if len(expr.args) > 1 else sp.S.Zero
        name = r"\delta" if order == 0 else rf"\delta{_PRIMES.get(int(order), f'^{{({order})}}')}"
        return self._of(name, self._print(expr.args[0]), exp)

    def _print_NormalPDF(self, expr: Any, exp: Any = None) -> str:
        return self._of(r"\varphi", self._print(expr.args[0]), exp)

    def _print_NormalCDF(self, expr: Any, exp: Any = None) -> str:
        return self._of(r"\Phi", self._print(expr.args[0]), exp)

    def _print_HalfLineProbability(self, expr: Any, exp: Any = None) -> str:
        return self._print_NormalCDF(cdf(*expr.args), exp)

    def _print_QuadrantProbability(self, expr: Any, exp: Any = None) -> str:
        return self._print_BivariateCDF(bivariate_cdf(*expr.args), exp)

    def _print_BivariateCDF(self, expr: Any, exp: Any = None) -> str:
        first, second, rho = (self._print(part) for part in expr.args)
        return self._of(r"\Phi_2", rf"{first}, {second};\, {rho}", exp)

    def _print_erf(self, expr: Any, exp: Any = None) -> str:
        return self._of(r"\operatorname{erf}", self._print(expr.args[0]), exp)

    def _print_erfc(self, expr: Any, exp: Any = None) -> str:
        return self._of(r"\operatorname{erfc}", self._print(expr.args[0]), exp)

    def _print_erfi(self, expr: Any, exp: Any = None) -> str:
        return self._of(r"\operatorname{erfi}", self._print(expr.args[0]), exp)

    def _print_sign(self, expr: Any, exp: Any = None) -> str:
        return self._of(r"\operatorname{sign}", self._print(expr.args[0]), exp)

    def _extremum(self, name: str, expr: Any, exp: Any) -> str:
        numbers_first = sorted(expr.args, key=lambda a: (not a.is_number, sp.default_sort_key(a)))
        return self._of(name, ", ".join(self._print(a) for a in numbers_first)) + ("" if exp is None else f"^{{{exp}}}")

    def _print_Max(self, expr: Any, exp: Any = None) -> str:
        return self._extremum(r"\max", expr, exp)

    def _print_Min(self, expr: Any, exp: Any = None) -> str:
        return self._extremum(r"\min", expr, exp)

    def _print_exp(self, expr: Any, exp: Any = None) -> str:
        inner = slashed(self, expr.args[0] if exp is None else expr.args[0] * sp.sympify(1, strict=True))
        tower = f"e^{{{inner}}}" if not re.search(r"\\(?:frac|sqrt|left|int)(?![a-z])", relaxed(inner)) else rf"\exp{bracketed(inner)}"
        return tower if exp is None else rf"\left({tower}\right)^{{{exp}}}"

    def _print_ExpBase(self, expr: Any, exp: Any = None) -> str:
        return self._print_exp(expr, exp)

    def _quotient(self, expr: Any) -> str:
        a, c, b = expr.args
        under = sp.sqrt(a * b) if a != b else a
        root = under if isinstance(under, sp.Pow) and under.exp == sp.S.Half else None
        if root is None and a != b:
            return rf"\frac{{{self._print(c)}}}{{\sqrt{{{self._print(a * b)}}}}}"
        return rf"\frac{{{self._print(c)}}}{{{self._print(under)}}}"

    def _print_CorrelationAngle(self, expr: Any, exp: Any = None) -> str:
        return rf"\arccos{'' if exp is None else f'^{{{exp}}}'}" + self._fraction_argument(expr, exp)

    def _print_CorrelationArcsine(self, expr: Any, exp: Any = None) -> str:
        return rf"\arcsin{'' if exp is None else f'^{{{exp}}}'}" + self._fraction_argument(expr, exp)

    def bare_angle(self, expr: Any) -> str:
        """The angle without brackets, for a line on which nothing follows it."""
        name = r"\arccos" if isinstance(expr, CorrelationAngle) else r"\arcsin"
        return f"{name}{self._quotient(expr)}"

    def _fraction_argument(self, expr: Any, exp: Any) -> str:
        return bracketed(self._quotient(expr))

    def _print_AppliedUndef(self, expr: Any, exp: Any = None) -> str:
        return self._of(symbol_latex(expr.func.__name__, self.profile), ", ".join(self._print(a) for a in expr.args), exp)

    def _print_UndefinedFunction(self, expr: Any) -> str:
        return symbol_latex(str(expr), self.profile)

    def _print_Function(self, expr: Any, exp: Any = None) -> str:
        if isinstance(expr, AppliedUndef):
            return self._print_AppliedUndef(expr, exp)
        if isinstance(expr, UndefinedFunction):
            return symbol_latex(str(expr), self.profile)
        name = type(expr).__name__
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", name) or (type(expr).__module__ or "").split(".")[0] != "sympy":
            return self.emptyPrinter(expr)
        return re.sub(r"\{(\\left\(.*\\right\))\}$", r"\1", super()._print_Function(expr, exp), flags=re.S)

    def _print_Lambda(self, expr: Any) -> str:
        variables = ", ".join(self._print(v) for v in expr.variables)
        return rf"{variables if len(expr.variables) == 1 else bracketed(variables)} \mapsto {self._print(expr.expr)}"

    def _print_Derivative(self, expr: Any) -> str:
        inner, counts = expr.expr, expr.variable_count
        if isinstance(inner, Delta) and len(counts) == 1 and counts[0][1] in _PRIMES:
            return self._of(r"\delta" + _PRIMES[int(counts[0][1])], self._print(oriented(inner.args[0])))
        if isinstance(inner, AppliedUndef) and len(inner.args) == 1 and len(counts) == 1 and inner.args[0] == counts[0][0] and counts[0][1] in _PRIMES:
            return self._of(symbol_latex(inner.func.__name__, self.profile) + _PRIMES[int(counts[0][1])], self._print(inner.args[0]))
        several = not moves_in_time(inner) and len(inner.free_symbols) > 1 or len(counts) > 1 or isinstance(inner, AppliedUndef) and len(inner.args) > 1
        several = several or any(isinstance(symbol, sp.Indexed) for symbol, _ in counts)
        d = r"\partial" if several else r"\mathrm{d}"
        order = sum(count for _, count in counts)
        below = r" \, ".join(rf"{d} {self._print(symbol)}" + ("" if count == 1 else f"^{{{self._print(count)}}}") for symbol, count in counts)
        above = d if order == 1 else rf"{d}^{{{self._print(order)}}}"
        body = self.parenthesize(inner, PRECEDENCE["Mul"], strict=True)
        if isinstance(inner, (sp.Symbol, sp.Indexed, AppliedUndef, Array)):
            return rf"\frac{{{above} {body}}}{{{below}}}"
        return rf"\frac{{{above}}}{{{below}}} {body}"

    def _print_Subs(self, expr: Any) -> str:
        inner, olds, news = expr.args
        if isinstance(inner, sp.Derivative) and isinstance(inner.expr, AppliedUndef) and inner.expr.args == tuple(olds) and len(olds) == 1:
            counts = inner.variable_count
            if len(counts) == 1 and counts[0][1] in _PRIMES:
                return self._of(symbol_latex(inner.expr.func.__name__, self.profile) + _PRIMES[int(counts[0][1])], self._print(news[0]))
        below = r",\; ".join(f"{self._print(old)} = {self._print(new)}" for old, new in zip(olds, news, strict=True))
        return rf"\left. {self._print(inner)} \right|_{{{below}}}"

    # Tensors of the network
    def _print_Width(self, expr: Any) -> str:
        return f"n_{{{self._layer(expr.layer)}}}"

    def _layer(self, layer: sp.Basic) -> str:
        return self._print(layer).replace(" ", "")

    def _print_Entry(self, expr: Any) -> str:
        letter = symbol_latex(expr.name, self.profile)
        indices = "" if not expr.indices else "_{" + " ".join(self._print(i) for i in expr.indices) + "}"
        inputs = "" if not expr.inputs else "(" + ",".join(self._print(s) for s in expr.inputs) + ")"
        return f"{letter}^{{{self._layer(expr.layer)}}}{indices}{inputs}"

    def _print_Applied(self, expr: Any, exp: Any = None) -> str:
        return self._of(self._function_letter(expr.function), self._print(expr.argument), exp)

    def _print_Partial(self, expr: Any, exp: Any = None) -> str:
        fraction = rf"\frac{{\partial {self._print(expr.of)}}}{{\partial {self._print(expr.by)}}}"
        return fraction if exp is None else rf"\left({fraction}\right)^{{{exp}}}"

    def _print_Mean(self, expr: Any, exp: Any = None) -> str:
        over = "" if not expr.over else "_{" + ",".join(self._print(t) for t in expr.over) + "}"
        return rf"\mathbb{{E}}{over}{'' if exp is None else f'^{{{exp}}}'}\left[{self._print(expr.integrand)}\right]"

    def _print_Given(self, expr: Any) -> str:
        return rf"{self._print(expr.vector)} \mid {', '.join(self._print(g) for g in expr.given)}"

    def _print_OfOrder(self, expr: Any) -> str:
        when = "" if expr.condition == sp.true else rf"\quad ({self._print(expr.condition)})"
        return rf"{self._print(expr.lhs)} = O{bracketed(self._print(expr.rhs))}{when}"

    def _print_Order(self, expr: Any) -> str:
        return f"O{bracketed(self._print(expr.args[0]))}"

    def _print_Dots(self, expr: Any) -> str:
        return r"\dots"

    def _print_Sum(self, expr: Any) -> str:
        bounds = {limit[1:] for limit in expr.limits}
        if len(expr.limits) > 1 and len(bounds) == 1 and len(expr.limits[0]) == 3:
            names = ",".join(self._print(limit[0]) for limit in expr.limits)
            body = self._print(expr.function)
            low, high = expr.limits[0][1:]
            return rf"\sum_{{{names}={self._print(low)}}}^{{{self._print(high)}}} {bracketed(body) if isinstance(expr.function, sp.Add) else body}"
        return super()._print_Sum(expr)

    # The theory's own nodes
    def _print_Gaussian(self, expr: Any) -> str:
        n = len(expr.variables)
        if n == 1:
            return rf"\mathcal{{N}}\left({self._print(expr.mean[0])}, {self._print(expr.upper[0])}\right)"
        mean = "0" if expr.is_centred else self._matrix([[expr.mean[i]] for i in range(n)])
        return rf"\mathcal{{N}}\left({mean}, {self._matrix([[covariance(expr, i, j) for j in range(n)] for i in range(n)])}\right)"

    def _matrix(self, rows: list[list[Any]]) -> str:
        return (
            r"\begin{pmatrix}"
            + (r" \\[0.6ex] " if any(_TALL.search(self._print(entry)) for row in rows for entry in row) else r" \\ ").join(
                " & ".join(self._print(entry) for entry in row) for row in rows
            )
            + r"\end{pmatrix}"
        )

    def _print_Expect(self, expr: Any, exp: Any = None) -> str:
        variables = ", ".join(self._print(v) for v in expr.law.variables)
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\mathbb{{E}}_{{{variables}}}{power}\left[{self._print(expr.integrand)}\right]"

    def _print_Moment(self, expr: Any, exp: Any = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        below = "" if expr.mark is None else f"_{{{self._print(expr.mark)}}}"
        return rf"\mathbb{{E}}{below}{power}\left[{self._print(expr.integrand)}\right]"

    def _print_Dual(self, expr: Any, exp: Any = None) -> str:
        below = self._function_letter(expr.f) if expr.f == expr.g else f"{self._function_letter(expr.f)},\\,{self._function_letter(expr.g)}"
        a, c, b = expr.q
        arguments = self._print(a) if a == c == b else ", ".join(self._print(q) for q in (a, c, b))
        return rf"V_{{{below}}}{'' if exp is None else f'^{{{exp}}}'}{bracketed(arguments)}"

    def _function_letter(self, function: Any) -> str:
        if isinstance(function, UndefinedFunction):
            return symbol_latex(str(function), self.profile)
        body = function.expr
        if isinstance(body, sp.Derivative) and isinstance(body.expr, AppliedUndef):
            return symbol_latex(body.expr.func.__name__, self.profile) + _PRIMES.get(int(body.variable_count[0][1]), "'")
        if isinstance(body, AppliedUndef) and body.args == tuple(function.variables):
            return symbol_latex(body.func.__name__, self.profile)
        return self._print(function)

    def _print_Where(self, expr: Any) -> str:
        bindings = r",\; ".join(f"{self._print(name)} = {self._print(value)}" for name, value in expr.bindings)
        return rf"{self._print(expr.body)} \quad\text{{with }} {bindings}" if bindings else self._print(expr.body)

    def _print_TendsTo(self, expr: Any) -> str:
        above = ", ".join(rf"{self._print(n)} \to \infty" for n in expr.widths)
        arrow = rf"\xrightarrow{{{above}}}" if above else r"\longrightarrow"
        return rf"{self._print(expr.lhs)} {arrow} {self._print(expr.rhs)}"

    def _print_DistributedAs(self, expr: Any) -> str:
        return rf"{self._print(expr.args[0])} \sim {self._print(expr.args[1])}"

    def _print_Relational(self, expr: Any) -> str:
        return super()._print_Relational(turned(expr))

    def _print_Tuple(self, expr: Any) -> str:
        return bracketed(", ".join(self._print(a) for a in expr))

    _print_tuple = _print_Tuple

    def _print_And(self, expr: Any) -> str:
        return r" \;\text{ and }\; ".join(self._print(a) for a in sorted(expr.args, key=sp.default_sort_key))

    def _print_Or(self, expr: Any) -> str:
        return r" \;\text{ or }\; ".join(self._print(a) for a in sorted(expr.args, key=sp.default_sort_key))

    def _print_BooleanTrue(self, expr: Any) -> str:
        return r"\text{true}"

    def _print_BooleanFalse(self, expr: Any) -> str:
        return r"\text{false}"

    def _print_Pow(self, expr: sp.Pow) -> str:
        base = expr.base
        if type(base).__name__ in ("Entry", "AtLayer", "Width") and expr.exp.is_Integer and expr.exp > 0:
            return (
                f"{self._print(base)}^{{{self._print(expr.exp)}}}"
                if type(base).__name__ != "AtLayer" and not (type(base).__name__ == "Entry" and not base.inputs)
                else rf"{bracketed(self._print(base))}^{{{self._print(expr.exp)}}}"
            )
        if isinstance(base, sp.Symbol) and re.search(r"\\cdot|\\tfrac", symbol_latex(base.name, self.profile)) and expr.exp.is_Integer and expr.exp > 0:
            return rf"{bracketed(self._print(base))}^{{{self._print(expr.exp)}}}"
        return super()._print_Pow(expr)


def _at_layer(letter: str, level: str) -> str:
    name, opening, rest = letter.partition("(")
    return f"{name}^{{{level}}}{opening}{rest}"
