"""The one place where an expression becomes a line of text: Unicode, or ASCII where asked for."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction
from sympy.printing.str import StrPrinter

from ntksym.errors import NotationError
from ntksym.nodes import Delta
from ntksym.notation import DEFAULT, MEANINGS, Profile
from ntksym.report.characters import GREEK, SUPERSCRIPT, tex_to_text
from ntksym.report.names import tensor_or_entry
from ntksym.report.operators import OperatorPrinting, covariance, is_matrix_valued, moves_in_time, shown_inputs
from ntksym.report.ordering import factor_rank, number_leads, ordered_factors, split_quotient, term_rank
from ntksym.report.probabilities import bivariate_cdf, cdf, oriented, threshold, turned

_PRIMES = {1: "'", 2: "''", 3: "'''"}


def plain(expression: Any, profile: Profile = DEFAULT) -> str:
    """An expression on one line of Unicode text."""
    return _cached(expression, profile)


@lru_cache(maxsize=4096)
def _cached(expression: Any, profile: Profile) -> str:
    return PlainPrinter(profile).doprint(expression)


def plain_terms(expression: sp.Basic, profile: Profile = DEFAULT) -> list[tuple[str, str]]:
    """A sum as (sign, text) pairs; anything else as one pair."""
    return PlainPrinter(profile).signed_terms(expression)


def symbol_text(name: str) -> str:
    """A symbol as text: meanings by their text, Greek names by their letter, anything odd in quotation marks."""
    if name == "l":
        return "ℓ"
    if name in MEANINGS:
        name = MEANINGS[name].text
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            return name.replace("Theta-hat", "Θ̂").replace("Theta", "Θ").replace(".", "·")
    if name in {meaning.latex for meaning in MEANINGS.values()}:
        return tex_to_text(name)
    part = tensor_or_entry(name)
    if part is not None:
        return f"{symbol_text(part[0])}{part[1]}{part[2]}" if part[1] == "^" else f"{symbol_text(part[0])}[{part[2]}]"
    match = re.fullmatch(r"([A-Za-z]+)(_?[A-Za-z0-9_]*)", name)
    if match is None:
        return name if name.isalpha() and len(name) == 1 else repr(name)
    stem = re.match(r"[A-Za-z]+", name)
    letters = stem[0] if stem else name
    return GREEK.get(letters, letters) + name[len(letters) :]


class PlainPrinter(OperatorPrinting, StrPrinter):
    """SymPy's text printer with the house's letters and nodes."""

    def __init__(self, profile: Profile = DEFAULT) -> None:
        super().__init__({"order": None})
        self.profile = profile

    def _print(self, expr: Any, **settings: Any) -> str:
        """A node of ours is printed by the method here, not by one it may bring along."""
        own = getattr(self, f"_print_{type(expr).__name__}", None) if (type(expr).__module__ or "").startswith("ntksym.") else None
        return super()._print(expr, **settings) if own is None else own(expr, **settings)

    def emptyPrinter(self, expr: Any) -> str:
        if isinstance(expr, str):
            return expr
        own = getattr(expr, "_sympystr", None)
        if own is not None and (type(expr).__module__ or "").startswith("ntksym."):
            return own(self)
        raise NotationError(
            f"no text for {type(expr).__name__}", where="ntksym/report/plain.py", why="a report may not guess", fix="add a _print method for this node"
        )

    # What products of matrices and functions of a matrix need (see OperatorPrinting).
    def _raised(self, base: str, exponent: str) -> str:
        if re.fullmatch(r"-?\d+", exponent):
            return base + exponent.translate(SUPERSCRIPT)
        return f"{base}^{exponent}" if re.fullmatch(r"\w+", exponent) else f"{base}^({exponent})"

    def _in_brackets(self, text: str) -> str:
        return f"({text})"

    def _exponential(self, exponent: str) -> str:
        return f"exp({exponent})"

    def _barred(self, text: str) -> str:
        return f"‖{text}‖"

    def _transposed(self, text: str) -> str:
        return f"{text}ᵀ"

    def _function_text(self, name: str) -> str:
        return name

    def _operator(self, name: str) -> str:
        return name

    def _below(self, text: str, index: str) -> str:
        return f"{text}_{index}"

    def _implication(self, both_ways: bool) -> str:
        return "⇔" if both_ways else "⇒"

    def _array_text(self, array: Any) -> str:
        above = f"^{self._layer(array.layer[0])}" if array.layer else ""
        time = self._time_text(array.time[0]) if array.time else ""
        below = f"_{time if time.isalnum() or time == '∞' else '{' + time + '}'}" if array.time else ""
        inputs = f"({', '.join(self._print(label) for label in shown_inputs(array))})" if shown_inputs(array) else ""
        return f"{symbol_text(array.name)}{above}{below}{inputs}"

    def signed_terms(self, expr: sp.Basic) -> list[tuple[str, str]]:
        """(sign, text) of every term in printing order."""
        if not isinstance(expr, sp.Add):
            return [("+", self._print(expr))]
        if is_matrix_valued(expr):
            return self._matrix_terms(expr)
        ordered = sorted(self._as_ordered_terms(expr), key=term_rank)
        if number_leads(ordered):
            ordered.sort(key=lambda term: not (term.is_number and term.is_positive))
        found = [("-", self._bracket(-t, sp.Add)) if t.could_extract_minus_sign() else ("+", self._bracket(t, sp.Add)) for t in ordered]
        leading = next((i for i, (sign, _) in enumerate(found) if sign == "+"), 0)
        return [found[leading], *found[:leading], *found[leading + 1 :]]

    def _bracket(self, expr: sp.Basic, *kinds: type) -> str:
        text = self._print(expr)
        return f"({text})" if isinstance(expr, kinds) else text

    def _print_Add(self, expr: sp.Add, order: Any = None) -> str:
        first, *rest = self.signed_terms(expr)
        return ("-" if first[0] == "-" else "") + first[1] + "".join(f" {sign} {text}" for sign, text in rest)

    def _print_Mul(self, expr: sp.Expr) -> str:
        if not isinstance(expr, sp.Mul):
            return super()._print_Mul(expr)
        if not expr.is_commutative:
            return self._matrix_product(expr)
        coefficient, _ = expr.as_coeff_Mul()
        if coefficient.is_negative or (expr.could_extract_minus_sign() and not any(isinstance(f, sp.Add) for f in expr.args)):
            return "-" + self._bracket(-expr, sp.Add)
        above, below = split_quotient(expr)
        if not below:
            return self._factors(above)
        rest = [f for f in above if factor_rank(f) >= 8 or type(f).__name__ == "AtLayer"]
        if rest:
            return f"{self._over([f for f in above if f not in rest], below)} {self._factors(rest)}"
        return self._over(above, below)

    def _over(self, above: list[sp.Basic], below: list[sp.Basic]) -> str:
        top = self._factors(above) if above else "1"
        bottom = self._factors(below)
        return f"{top}/({bottom})" if len(below) > 1 or "/" in bottom and not isinstance(below[0], sp.Add) else f"{top}/{bottom}"

    def _wrapped_factors(self, factors: list[sp.Basic]) -> str:
        text = self._factors(factors)
        return f"({text})" if len(factors) > 1 else text

    def _factors(self, factors: list[sp.Basic]) -> str:
        ordered = ordered_factors(factors)
        return " ".join(
            self._bracket(f, sp.Add, sp.Mul) if f is ordered[-1] else self._bracket(f, sp.Add, sp.Sum, sp.Product, sp.Integral, sp.Mul) for f in ordered
        )

    def _print_Rational(self, expr: Any) -> str:
        return f"{expr.p}/{expr.q}"

    def _print_Half(self, expr: Any) -> str:
        return "1/2"

    def _print_Pow(self, expr: Any, rational: bool = False) -> str:
        base, exponent = expr.base, expr.exp
        if exponent == sp.S.Half:
            return self._root(base)
        if exponent.is_Rational and exponent.is_negative:
            return "1/" + self._wrapped(sp.Pow(base, -exponent))
        body = self._wrapped(base)
        if exponent.is_Integer:
            return body + str(exponent).translate(SUPERSCRIPT)
        return f"{body}^{self._print(exponent) if exponent.is_Atom and not exponent.is_Rational else '(' + self._print(exponent) + ')'}"

    def _wrapped(self, expr: sp.Basic) -> str:
        if isinstance(expr, sp.Symbol) and "/" in self._print(expr):
            return f"({self._print(expr)})"
        simple = (
            expr.is_Atom
            and not (isinstance(expr, sp.Rational) and expr.q != 1)
            or isinstance(expr, (sp.Function, sp.Indexed, sp.Max, sp.Min))
            and not isinstance(expr, sp.exp)
        )
        simple = (
            simple
            or type(expr).__name__ in {"Glyph", "Call", "AtLayer", "Moment", "Entry", "Width", "BivariateCDF", "Component", "Trace", "Norm"}
            or (isinstance(expr, sp.Derivative) and isinstance(expr.expr, AppliedUndef))
            or (isinstance(expr, sp.Pow) and expr.exp.is_positive and expr.exp.is_Rational)
        )
        return self._print(expr) if simple else f"({self._print(expr)})"

    def _root(self, base: sp.Basic) -> str:
        text = self._print(base)
        return f"√{text}" if re.fullmatch(r"\w+", text) else f"√({text})"

    _print_Basic = emptyPrinter

    # Letters
    def _print_Symbol(self, expr: Any) -> str:
        return symbol_text(expr.name)

    _print_Dummy = _print_Symbol

    def _print_IndexedBase(self, expr: Any) -> str:
        return symbol_text(str(expr.label))

    def _print_Idx(self, expr: Any) -> str:
        return symbol_text(str(expr.label))

    def _print_Indexed(self, expr: Any) -> str:
        return f"{self._print(expr.base)}[{', '.join(self._print(i) for i in expr.indices)}]"

    def _print_Pi(self, expr: Any) -> str:
        return "π"

    def _print_Infinity(self, expr: Any) -> str:
        return "∞"

    def _print_Exp1(self, expr: Any) -> str:
        return "e"

    def _print_Str(self, expr: Any) -> str:
        return str(expr.name)

    def _print_Glyph(self, expr: Any) -> str:
        text = expr.text
        return re.sub(r"[A-Za-z]+", lambda m: GREEK.get(m[0], m[0]), text) if not text.startswith("NN") else text

    def _print_AtLayer(self, expr: Any) -> str:
        name, opening, rest = self._print(expr.symbol).partition("(")
        level = self._print(expr.level)
        above = level if level.isalnum() else "{" + level.replace(" ", "") + "}"
        return f"{name}^{above}{opening}{rest}"

    def _print_Call(self, expr: Any) -> str:
        return f"{self._print(expr.letter)}({', '.join(self._print(a) for a in expr.arguments)})"

    def _print_Together(self, expr: Any) -> str:
        return ", ".join(self._print(a) for a in expr.args)

    def _print_Labelled(self, expr: Any) -> str:
        return f"{self._print(expr.args[0])}: {self._print(expr.args[1])}"

    # Functions
    def _of(self, name: str, expr: Any) -> str:
        return f"{name}({', '.join(self._print(a) for a in expr.args)})"

    def _print_Indicator(self, expr: Any) -> str:
        left, sign, right = threshold(expr.args[0])
        return f"1{{{self._print(left)} {'≥' if sign == '>=' else '≤'} {self._print(right)}}}"

    def _print_Heaviside(self, expr: Any) -> str:
        return self._print_Indicator(sp.Tuple(expr.args[0]))

    def _print_Delta(self, expr: Any) -> str:
        return f"δ({self._print(oriented(expr.args[0]))})"

    def _print_DiracDelta(self, expr: Any) -> str:
        return self._of("δ", expr)

    def _print_NormalPDF(self, expr: Any) -> str:
        return self._of("φ", expr)

    def _print_NormalCDF(self, expr: Any) -> str:
        return self._of("Φ", expr)

    def _print_HalfLineProbability(self, expr: Any) -> str:
        return self._print(cdf(*expr.args))

    def _print_QuadrantProbability(self, expr: Any) -> str:
        return self._print(bivariate_cdf(*expr.args))

    def _print_BivariateCDF(self, expr: Any) -> str:
        first, second, rho = (self._print(part) for part in expr.args)
        return f"Φ₂({first}, {second}; {rho})"

    def _print_Abs(self, expr: Any) -> str:
        return f"|{self._print(expr.args[0])}|"

    def _extremum(self, name: str, expr: Any) -> str:
        return f"{name}({', '.join(self._print(a) for a in sorted(expr.args, key=lambda a: (not a.is_number, sp.default_sort_key(a))))})"

    def _print_Max(self, expr: Any) -> str:
        return self._extremum("max", expr)

    def _print_Min(self, expr: Any) -> str:
        return self._extremum("min", expr)

    def _print_exp(self, expr: Any) -> str:
        exponent = sp.together(expr.args[0])
        numerator, denominator = sp.fraction(exponent)
        if numerator.is_Add and (numerator.could_extract_minus_sign() or numerator.primitive()[0] != 1):
            negative = numerator.could_extract_minus_sign()
            number, inner = (-numerator if negative else numerator).primitive()
            top = f"{'-' if negative else ''}{'' if number == 1 else f'{number} '}({self._print(inner)})"
            return f"exp({top}{'' if denominator == 1 else '/' + self._bracket(denominator, sp.Add, sp.Mul)})"
        return f"exp({self._print(exponent)})"

    def _print_ExpBase(self, expr: Any) -> str:
        return self._print_exp(expr)

    def _quotient(self, expr: Any) -> str:
        a, c, b = expr.args
        below = self._print(a) if a == b else self._root(a * b)
        return f"{self._bracket(c, sp.Add)}/{below if a != b or a.is_Atom else '(' + below + ')'}"

    def _print_CorrelationAngle(self, expr: Any) -> str:
        return f"arccos({self._quotient(expr)})"

    def _print_CorrelationArcsine(self, expr: Any) -> str:
        return f"arcsin({self._quotient(expr)})"

    def _print_factorial(self, expr: Any) -> str:
        return f"{self._wrapped(expr.args[0])}!"

    def _print_acos(self, expr: Any) -> str:
        return self._of("arccos", expr)

    def _print_asin(self, expr: Any) -> str:
        return self._of("arcsin", expr)

    def _print_AppliedUndef(self, expr: Any) -> str:
        return self._of(symbol_text(expr.func.__name__), expr)

    def _print_UndefinedFunction(self, expr: Any) -> str:
        return symbol_text(str(expr))

    def _print_Function(self, expr: Any) -> str:
        if isinstance(expr, AppliedUndef):
            return self._print_AppliedUndef(expr)
        if isinstance(expr, UndefinedFunction):
            return symbol_text(str(expr))
        if (type(expr).__module__ or "").split(".")[0] != "sympy":
            return self.emptyPrinter(expr)
        return self._of(expr.func.__name__, expr)

    def _print_Lambda(self, expr: Any) -> str:
        variables = ", ".join(self._print(v) for v in expr.variables)
        return f"{variables if len(expr.variables) == 1 else '(' + variables + ')'} ↦ {self._print(expr.expr)}"

    def _print_Derivative(self, expr: Any) -> str:
        inner, counts = expr.expr, expr.variable_count
        if isinstance(inner, Delta) and len(counts) == 1 and counts[0][1] in _PRIMES:
            return f"δ{_PRIMES[int(counts[0][1])]}({self._print(oriented(inner.args[0]))})"
        if isinstance(inner, AppliedUndef) and len(inner.args) == 1 and len(counts) == 1 and inner.args[0] == counts[0][0] and counts[0][1] in _PRIMES:
            return f"{symbol_text(inner.func.__name__)}{_PRIMES[int(counts[0][1])]}({self._print(inner.args[0])})"
        d = "d" if moves_in_time(inner) or isinstance(inner, sp.Integral) and len(inner.free_symbols) == 1 else "∂"
        below = " ".join(f"{d}{self._print(symbol)}" + ("" if count == 1 else str(count).translate(SUPERSCRIPT)) for symbol, count in counts)
        order = sum(count for _, count in counts)
        above = d if order == 1 else d + str(order).translate(SUPERSCRIPT)
        return f"{above}/{below} {self._bracket(inner, sp.Add, sp.Mul)}" if len(counts) == 1 else f"{above}/({below}) {self._bracket(inner, sp.Add, sp.Mul)}"

    def _print_Subs(self, expr: Any) -> str:
        inner, olds, news = expr.args
        if isinstance(inner, sp.Derivative) and isinstance(inner.expr, AppliedUndef) and inner.expr.args == tuple(olds) and len(olds) == 1:
            counts = inner.variable_count
            if len(counts) == 1 and counts[0][1] in _PRIMES:
                return f"{symbol_text(inner.expr.func.__name__)}{_PRIMES[int(counts[0][1])]}({self._print(news[0])})"
        pairs = ", ".join(f"{self._print(old)} = {self._print(new)}" for old, new in zip(olds, news, strict=True))
        return f"[{self._print(inner)}] at {pairs}"

    def _limits(self, expr: Any) -> str:
        if len(expr.limits) > 1 and len({limit[1:] for limit in expr.limits}) == 1 and len(expr.limits[0]) == 3:
            return f"{','.join(self._print(limit[0]) for limit in expr.limits)}={self._print(expr.limits[0][1])}..{self._print(expr.limits[0][2])}"
        return ", ".join(
            f"{self._print(limit[0])}={self._print(limit[1])}..{self._print(limit[2])}" if len(limit) == 3 else self._print(limit[0]) for limit in expr.limits
        )

    def _print_Sum(self, expr: Any) -> str:
        return f"∑_{{{self._limits(expr)}}} {self._bracket(expr.function, sp.Add)}"

    def _print_Product(self, expr: Any) -> str:
        return f"∏_{{{self._limits(expr)}}} {self._bracket(expr.function, sp.Add)}"

    def _print_Integral(self, expr: Any) -> str:
        variable, low, high = expr.limits[0]
        return f"∫_{{{self._print(low)}..{self._print(high)}}} {self._bracket(expr.function, sp.Add)} d{self._print(variable)}"

    def _print_KroneckerDelta(self, expr: Any) -> str:
        return f"δ_{self._indices(expr.args)}"

    def _indices(self, indices: Any) -> str:
        names = [self._print(i) for i in indices]
        if all(re.fullmatch(r"\w", name) for name in names):
            return "".join(names)
        return "{" + ",".join(name.replace(" ", "") for name in names) + "}"

    # Tensors of the network
    def _layer(self, layer: sp.Basic) -> str:
        text = self._print(layer).replace(" ", "")
        return text if text.isalnum() else "{" + text + "}"

    def _print_Width(self, expr: Any) -> str:
        return f"n_{self._layer(expr.layer)}"

    def _print_Entry(self, expr: Any) -> str:
        indices = "" if not expr.indices else f"_{self._indices(expr.indices)}"
        inputs = "" if not expr.inputs else "(" + ",".join(self._print(s) for s in expr.inputs) + ")"
        return f"{symbol_text(expr.name)}^{self._layer(expr.layer)}{indices}{inputs}"

    def _print_Applied(self, expr: Any) -> str:
        return f"{self._function_name(expr.function)}({self._print(expr.argument)})"

    def _print_Partial(self, expr: Any) -> str:
        return f"∂{self._print(expr.of)}/∂{self._print(expr.by)}"

    def _print_Mean(self, expr: Any) -> str:
        over = "" if not expr.over else "_{" + ",".join(self._print(t) for t in expr.over) + "}"
        return f"E{over}[{self._print(expr.integrand)}]"

    def _print_Given(self, expr: Any) -> str:
        return f"{self._print(expr.vector)} | {', '.join(self._print(g) for g in expr.given)}"

    def _print_OfOrder(self, expr: Any) -> str:
        when = "" if expr.condition == sp.true else f" ({self._print(expr.condition)})"
        return f"{self._print(expr.lhs)} = O({self._print(expr.rhs)}){when}"

    def _print_Order(self, expr: Any) -> str:
        return f"O({self._print(expr.args[0])})"

    def _print_Dots(self, expr: Any) -> str:
        return "..."

    def _print_Piecewise(self, expr: Any) -> str:
        return (
            "{"
            + "; ".join(f"{self._print(value)} if {self._print(when)}" if when != sp.true else f"{self._print(value)} otherwise" for value, when in expr.args)
            + "}"
        )

    # The theory's own nodes
    def _print_Gaussian(self, expr: Any) -> str:
        n = len(expr.variables)
        if n == 1:
            return f"N({self._print(expr.mean[0])}, {self._print(expr.upper[0])})"
        mean = "0" if expr.is_centred else "(" + ", ".join(self._print(m) for m in expr.mean) + ")"
        rows = "; ".join(", ".join(self._print(covariance(expr, i, j)) for j in range(n)) for i in range(n))
        return f"N({mean}, [{rows}])"

    def _print_Expect(self, expr: Any) -> str:
        return f"E_{{{', '.join(self._print(v) for v in expr.law.variables)}}}[{self._print(expr.integrand)}]"

    def _print_Moment(self, expr: Any) -> str:
        return f"E{'' if expr.mark is None else '_' + self._print(expr.mark)}[{self._print(expr.integrand)}]"

    def _print_Dual(self, expr: Any) -> str:
        names = [self._function_name(f) for f in ((expr.f,) if expr.f == expr.g else (expr.f, expr.g))]
        a, c, b = expr.q
        return f"V_{{{', '.join(names)}}}({', '.join(self._print(p) for p in ((a,) if a == c == b else (a, c, b)))})"

    def _function_name(self, function: Any) -> str:
        if isinstance(function, UndefinedFunction):
            return symbol_text(str(function))
        body = function.expr
        if isinstance(body, sp.Derivative) and isinstance(body.expr, AppliedUndef):
            return symbol_text(body.expr.func.__name__) + _PRIMES.get(int(body.variable_count[0][1]), "'")
        if isinstance(body, AppliedUndef) and body.args == tuple(function.variables):
            return symbol_text(body.func.__name__)
        return f"({self._print(function)})"

    def _print_Where(self, expr: Any) -> str:
        bindings = ", ".join(f"{self._print(name)} = {self._print(value)}" for name, value in expr.bindings)
        return f"{self._print(expr.body)} with {bindings}" if bindings else self._print(expr.body)

    def _print_TendsTo(self, expr: Any) -> str:
        return f"{self._print(expr.lhs)} → {self._print(expr.rhs)}"

    def _print_DistributedAs(self, expr: Any) -> str:
        return f"{self._print(expr.args[0])} ∼ {self._print(expr.args[1])}"

    def _print_Relational(self, expr: Any) -> str:
        expr = turned(expr)
        sign = {"==": "=", "!=": "≠", ">=": "≥", "<=": "≤"}.get(expr.rel_op, expr.rel_op)
        return f"{self._print(expr.lhs)} {sign} {self._print(expr.rhs)}"

    def _print_And(self, expr: Any) -> str:
        return " and ".join(self._print(a) for a in sorted(expr.args, key=sp.default_sort_key))

    def _print_Or(self, expr: Any) -> str:
        return " or ".join(self._print(a) for a in sorted(expr.args, key=sp.default_sort_key))

    def _print_BooleanTrue(self, expr: Any) -> str:
        return "true"

    def _print_Tuple(self, expr: Any) -> str:
        return "(" + ", ".join(self._print(a) for a in expr) + ")"
