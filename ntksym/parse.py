"""Text -> SymPy under a closed grammar.  Nothing from outside is ever evaluated as Python.

    sum        :=  product  { ("+" | "-") product }
    product    :=  unary  { ("*" | "/") unary }
    unary      :=  ("+" | "-") unary  |  power
    power      :=  atom  [ ("^" | "**") unary ]
    atom       :=  number  |  name  |  function "(" arguments ")"  |  "(" sum ")"  |  "|" sum "|"
    condition  :=  sum  ("<" | "<=" | ">" | ">=")  sum  [ ("<" | ...) sum ]        only inside where(...) and piecewise(...)

Numbers are exact: ``0.1`` is 1/10.  Names that are no constant (``pi``, ``e``) are real symbols.
"""

from __future__ import annotations

import difflib
import keyword
import re
from dataclasses import dataclass

import sympy as sp

from ntksym.errors import ParseError
from ntksym.vocabulary import BRANCHING, CONSTANTS, FUNCTIONS, SPELLINGS

MAX_LENGTH = 2000
MAX_DEPTH = 60
MAX_DIGITS = 40
MAX_POWER = 64  # also bounds the polynomial degree of every sub-expression
MAX_ARGUMENT = 1000  # a function of a constant: |argument| beyond this is no activation but an attack on the evaluator

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<name>[A-Za-z_][A-Za-z_0-9]*)
      | (?P<operator>\*\*|<=|>=|[-+*/^(),|<>])""",
    re.VERBOSE,
)

# Typographic signs people paste from papers.
_TYPOGRAPHY = {"\u2212": "-", "\u00d7": "*", "\u00b7": "*", "\u22c5": "*", "\u03c0": "pi", "\u2264": "<=", "\u2265": ">="}

# Characters that only Python has a use for, with what they would do there.
_PYTHON = {
    ".": "attribute access",
    "'": "a string",
    '"': "a string",
    "[": "a list or an index",
    "]": "a list or an index",
    "{": "a set or a dictionary",
    "}": "a set or a dictionary",
    ":": "a lambda, slice or annotation",
    "=": "an assignment or a test for equality",
    ";": "a second statement",
    "@": "a decorator",
    "`": "a quotation",
    "\\": "an escape",
    "%": "a remainder",
    "&": "a bit operation",
    "~": "a bit operation",
    "!": "a negation",
    "#": "a comment",
}

_WORDS = frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) - {"_"}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: int  # from 0, in the text as given


def parse_expression(text: str) -> sp.Expr:
    """The expression that ``text`` denotes, with real symbols and exact numbers.

    Raises ParseError, naming the position (from 1), for anything outside the grammar in the head of this file.
    """
    if not isinstance(text, str):
        raise ParseError(f"{type(text).__name__} is not text", where="expression", fix='give a string such as "x*(1+erf(x/sqrt(2)))/2"')
    if len(text) > MAX_LENGTH:
        raise ParseError(f"{len(text)} characters", where="expression", why=f"an expression has at most {MAX_LENGTH}", fix="shorten it")
    parser = _Parser(text, _tokens(text))
    expression = parser.whole()
    if expression.has(sp.nan, sp.zoo, sp.oo, -sp.oo):
        raise ParseError(f"{_shown(text)} has no finite value", where="expression", why="it divides by zero or is infinite", fix="correct it")
    if expression.has(sp.I):
        raise ParseError(f"{_shown(text)} is complex", where="expression", why="an activation is real on the real line", fix="correct it")
    return expression


def parse_number(text: str) -> sp.Expr:
    """The number that ``text`` denotes, exactly; ParseError where it has a symbol in it."""
    value = parse_expression(text)
    if value.free_symbols:
        raise ParseError(
            f"{_shown(text)} is not a number", where="number", why="a name in it has no value", fix='give a number such as "0.1", "1/3" or "sqrt(2)"'
        )
    return value


def _shown(text: str) -> str:
    short = text if len(text) <= 60 else text[:57] + "..."
    return repr(short)


def _at(text: str, position: int) -> str:
    if position >= len(text):
        return f"end of {_shown(text)}"
    if len(text) <= 60:
        return f"position {position + 1} of {text!r}"
    return f"position {position + 1} of the text, near {text[max(0, position - 20) : position + 20]!r}"


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while position < len(text):
        sign = _TYPOGRAPHY.get(text[position])
        if sign is not None:
            tokens.append(_Token("name" if sign.isalpha() else "operator", sign, position))
            position += 1
            continue
        match = _TOKEN.match(text, position)
        if match is None:
            raise _bad_character(text, position)
        kind = str(match.lastgroup)
        if kind != "space":
            tokens.append(_Token(kind, match.group(), position))
        position = match.end()
    tokens.append(_Token("end", "", len(text)))
    return tokens


def _bad_character(text: str, position: int) -> ParseError:
    character = text[position]
    meaning = _PYTHON.get(character)
    why = f"that would be {meaning} in Python, and text is never run as Python" if meaning else "the grammar has no use for it"
    return ParseError(f"character {character!r}", where=_at(text, position), why=why, fix='write a formula such as "x*(1+erf(x/sqrt(2)))/2"')


class _Parser:
    """Recursive descent over the tokens; every failure names a position."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self.text, self.tokens, self.index, self.depth = text, tokens, 0, 0

    # -- reading ------------------------------------------------------------------------------------------------

    @property
    def token(self) -> _Token:
        return self.tokens[self.index]

    def error(self, token: _Token, what: str, why: str = "", fix: str = "") -> ParseError:
        return ParseError(what, where=_at(self.text, token.position), why=why, fix=fix)

    def accept(self, *operators: str) -> _Token | None:
        token = self.token
        if token.kind == "operator" and token.text in operators:
            self.index += 1
            return token
        return None

    def expect(self, operator: str, after: str) -> None:
        if self.accept(operator) is None:
            token = self.token
            raise self.error(token, f"expected {operator!r} after {after}, saw {token.text!r}" if token.text else f"expected {operator!r} after {after}")

    def whole(self) -> sp.Expr:
        if self.token.kind == "end":
            raise ParseError("the text is empty", where="expression", fix='write a formula such as "max(0, x)"')
        value = self.sum()
        token = self.token
        if token.kind in ("name", "number") or token.text in ("(", "|"):
            raise self.error(token, f"{token.text!r} follows without an operator", "a product is written with a sign here", "write * between the factors")
        if token.text in ("<", "<=", ">", ">="):
            raise self.error(token, f"a comparison {token.text!r}", "it has no numeric value by itself", "write where(x < 0, a, b)")
        if token.kind != "end":
            raise self.error(token, f"unexpected {token.text!r}", fix="remove it or complete the expression")
        return value

    # -- grammar ------------------------------------------------------------------------------------------------

    def sum(self) -> sp.Expr:
        value = self.product()
        while (sign := self.accept("+", "-")) is not None:
            right = self.product()
            value = value + right if sign.text == "+" else value - right
        return value

    def product(self) -> sp.Expr:
        value = self.unary()
        while (sign := self.accept("*", "/")) is not None:
            right = self.unary()
            if sign.text == "/" and right.is_zero:
                raise self.error(sign, "division by zero", fix="correct the denominator")
            value = value * right if sign.text == "*" else value / right
            self.bounded(value, sign)
        return value

    def unary(self) -> sp.Expr:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(self.token, "nested too deep", f"at most {MAX_DEPTH} levels are read", "name parts of it, or simplify")
        if (sign := self.accept("+", "-")) is not None:
            value = self.unary()
            value = value if sign.text == "+" else -value
        else:
            value = self.power()
        self.depth -= 1
        return value

    def power(self) -> sp.Expr:
        base = self.atom()
        sign = self.accept("^", "**")
        if sign is None:
            return base
        exponent = self.unary()
        if not exponent.free_symbols and abs(exponent) > MAX_POWER:
            raise self.error(sign, "a huge power", f"exponents up to {MAX_POWER} are read", "no activation in use needs it")
        if exponent.free_symbols and not base.free_symbols and base != sp.E and not base.is_positive:
            raise self.error(sign, f"a variable power of {base}", "it is complex for some exponents", "write exp(...)")
        if base.is_zero and not (exponent.is_positive or exponent.is_zero):
            raise self.error(sign, "zero to a power that may be negative", "it is infinite", "correct it")
        if base.is_Rational and exponent.is_Integer and int(exponent) * max(int(base.p).bit_length(), int(base.q).bit_length()) > 4096:
            raise self.error(sign, "a huge number", "it has more than a thousand digits", "no activation in use needs it")
        value = base**exponent
        self.bounded(value, sign)
        return value

    def atom(self) -> sp.Expr:
        token = self.token
        if token.kind == "number":
            self.index += 1
            return self.number(token)
        if token.kind == "name":
            self.index += 1
            return self.name(token)
        if self.accept("(") is not None:
            value = self.sum()
            self.expect(")", "the expression in parentheses")
            return value
        if self.accept("|") is not None:
            value = self.sum()
            self.expect("|", "the expression between bars")
            return sp.Abs(value)
        if token.kind == "end":
            raise self.error(token, "the expression stops early", "an operand is missing", "complete it")
        raise self.error(token, f"unexpected {token.text!r}", "a number, a name or a parenthesis should stand here", "correct it")

    def number(self, token: _Token) -> sp.Expr:
        mantissa, _, exponent = token.text.lower().partition("e")
        if len(mantissa) > MAX_DIGITS or len(exponent) > 4 or abs(int(exponent or "0")) > MAX_DIGITS:
            raise self.error(token, "a huge number", f"numbers have at most {MAX_DIGITS} digits", "round it")
        whole, _, decimals = mantissa.partition(".")
        scale = int(exponent or "0") - len(decimals)
        digits = int(whole + decimals)
        return sp.Integer(digits * 10**scale) if scale >= 0 else sp.Rational(digits, 10**-scale)

    def name(self, token: _Token) -> sp.Expr:
        name = SPELLINGS.get(token.text, token.text)
        if self.token.kind == "operator" and self.token.text == "(":
            return self.call(token, name)
        if name in _WORDS:
            raise self.error(token, f"the word {name!r}", "it belongs to Python, and text is never run as Python", "rename the parameter (lam for lambda)")
        if "__" in name or name.startswith("_"):
            raise self.error(token, f"the name {name!r}", "names that begin with or hold a double underscore reach Python, not a formula", "rename it")
        if name in FUNCTIONS or name in BRANCHING:
            raise self.error(token, f"the function {name!r} without an argument", fix=f"write {name}(x)")
        if len(name) > MAX_DIGITS:
            raise self.error(token, f"a name of {len(name)} letters", f"names have at most {MAX_DIGITS}", "shorten it")
        return CONSTANTS.get(name) or sp.Symbol(name, real=True)

    def call(self, token: _Token, name: str) -> sp.Expr:
        if name in BRANCHING:
            return self.branches(token, name)
        if name not in FUNCTIONS:
            near = difflib.get_close_matches(name, sorted((*FUNCTIONS, *BRANCHING)), n=3, cutoff=0.6)
            hint = f"did you mean {' or '.join(near)}?" if near else f"known functions: {', '.join(sorted((*FUNCTIONS, *BRANCHING)))}"
            raise self.error(token, f"no function {name!r}", "only functions of a fixed table can be called, and a product is written with *", hint)
        function, least, most = FUNCTIONS[name]
        self.expect("(", name)
        arguments = [self.sum()]
        while self.accept(",") is not None:
            arguments.append(self.sum())
        self.expect(")", f"the arguments of {name}")
        if not least <= len(arguments) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise self.error(token, f"{name} with {len(arguments)} arguments", f"it takes {wanted}", "correct it")
        for argument in arguments:
            if not argument.free_symbols and not _small(argument):
                raise self.error(token, f"{name} of a huge constant", f"constants up to {MAX_ARGUMENT} are read inside functions", "correct it")
        value = function(*arguments)
        self.bounded(value, token)
        return value

    def branches(self, token: _Token, name: str) -> sp.Expr:
        """where(condition, value, otherwise) and piecewise(value, condition, value, condition, ..., otherwise)."""
        self.expect("(", name)
        pairs: list[tuple[sp.Expr, sp.Basic]] = []
        if name == "where":
            condition = self.condition()
            self.expect(",", "the condition")
            value = self.sum()
            self.expect(",", "the value where the condition holds")
            pairs.append((value, condition))
            otherwise = self.sum()
        else:
            otherwise = self.sum()
            while self.accept(",") is not None:
                pairs.append((otherwise, self.condition()))
                self.expect(",", "a condition (the last value stands alone: otherwise)")
                otherwise = self.sum()
        self.expect(")", f"the arguments of {name}")
        if not pairs:
            raise self.error(token, f"{name} without a condition", fix="write piecewise(0, x < 0, x)")
        return sp.Piecewise(*pairs, (otherwise, True))

    def condition(self) -> sp.Basic:
        left = self.sum()
        made: list[sp.Basic] = []
        while (sign := self.accept("<", "<=", ">", ">=")) is not None and len(made) < 2:
            right = self.sum()
            relation = {"<": sp.Lt, "<=": sp.Le, ">": sp.Gt, ">=": sp.Ge}[sign.text]
            made.append(relation(left, right))
            left = right
        if not made:
            raise self.error(self.token, "a condition is missing", "where and piecewise choose by a comparison", "write x < 0")
        return sp.And(*made)

    def bounded(self, value: sp.Expr, token: _Token) -> None:
        if _degree(value) > MAX_POWER:
            raise self.error(token, "a huge power", f"polynomial degrees up to {MAX_POWER} are read", "no activation in use needs it")


def _degree(value: sp.Basic) -> int:
    """An upper bound of the polynomial degree once everything is multiplied out; functions count as their argument does."""
    if value.is_Symbol:
        return 1
    if not value.args:
        return 0
    if isinstance(value, sp.Mul):
        return sum(_degree(a) for a in value.args)
    inner = max(_degree(a) for a in value.args)
    if isinstance(value, sp.Pow) and value.exp.is_Rational:
        return inner * max(1, abs(int(value.exp)))
    return inner


def _small(constant: sp.Expr) -> bool:
    """|constant| <= MAX_ARGUMENT, for a constant whose own parts were bounded the same way."""
    number = abs(constant.evalf(15))
    return bool(number.is_Float or number.is_Integer or number.is_Rational) and bool(number <= MAX_ARGUMENT)
