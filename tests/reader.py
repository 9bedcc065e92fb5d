"""Reads printed mathematics back as a number: an independent road from the page to the value.

A small recursive descent over what a reader sees: juxtaposition multiplies, a slash divides by the next factor, from left to right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import mpmath

_FUNCTIONS = {
    "arccos": mpmath.acos,
    "arcsin": mpmath.asin,
    "exp": mpmath.exp,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "erf": mpmath.erf,
    "erfi": mpmath.erfi,
    "Φ": mpmath.ncdf,
    "φ": mpmath.npdf,
}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


@lru_cache(maxsize=1024)
def bivariate_cdf(h: mpmath.mpf, k: mpmath.mpf, rho: mpmath.mpf) -> mpmath.mpf:
    """P(X <= h, Y <= k) for standard normal X, Y of correlation rho: the conditional law of Y integrated over X."""
    root = mpmath.sqrt(1 - rho**2)
    ends = [-mpmath.inf, *sorted({min(mpmath.mpf(e), h) for e in (-8, -4, 0)} | {h})]
    return mpmath.quad(lambda x: mpmath.npdf(x) * mpmath.ncdf((k - rho * x) / root), ends)


class _Stream:
    def __init__(self, tokens: list[str], names: Mapping[str, mpmath.mpf]) -> None:
        self.tokens, self.at, self.names = tokens, 0, names

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        assert token and (not wanted or token == wanted), (wanted, token, self.tokens)
        self.at += 1
        return token

    def sum(self) -> mpmath.mpf:
        sign = -1 if self.peek() == "-" else 1
        if sign < 0:
            self.take()
        total = sign * self.product()
        while self.peek() in ("+", "-"):
            total += self.product() if self.take() == "+" else -self.product()
        return total

    def product(self) -> mpmath.mpf:
        value = self.power()
        while self.peek() and self.peek() not in ("+", "-", ")", "}", ",", ";"):
            if self.peek() == "/":
                self.take()
                value /= self.power()
            else:
                value *= self.power()
        return value

    def power(self) -> mpmath.mpf:
        value = self.atom()
        while self.peek() == "^":
            value = mpmath.power(value, self.exponent())
        return value

    def exponent(self) -> mpmath.mpf:
        self.take("^")
        if self.peek() in ("{", "("):
            return self.group()
        return self.power()

    def group(self) -> mpmath.mpf:
        closing = {"{": "}", "(": ")"}[self.take()]
        value = self.sum()
        self.take(closing)
        return value

    def atom(self) -> mpmath.mpf:
        token = self.take()
        if token in ("(", "{"):
            self.at -= 1
            return self.group()
        if token == "frac":
            above = self.group()
            return above / self.group()
        if token == "sqrt":
            return mpmath.sqrt(self.group() if self.peek() in ("{", "(") else self.atom())
        if token == "Φ₂":
            self.take("(")
            first = self.sum()
            self.take(",")
            second = self.sum()
            self.take(";")
            third = self.sum()
            self.take(")")
            return bivariate_cdf(first, second, third)
        if token in _FUNCTIONS and token not in self.names:
            power = self.exponent() if self.peek() == "^" else None
            argument = self.atom()
            value = _FUNCTIONS[token](argument)
            return value if power is None else value**power
        if re.fullmatch(r"\d+(\.\d+)?", token):
            return mpmath.mpf(token)
        if token == "e" and self.peek() == "^":
            return mpmath.exp(self.exponent())
        return self.names[token]


def read_latex(source: str, names: Mapping[str, mpmath.mpf]) -> mpmath.mpf:
    """Value of LaTeX such as \\frac{q_{12} (\\pi - \\theta)}{2 \\pi}; ``names`` by their LaTeX."""
    text = re.sub(r"\\(?:left|right|displaystyle)(?![A-Za-z])|\\[,;!]", " ", source)
    text = re.sub(r"\\operatorname\{(\w+)\}", r"\\\1", text).replace(r"\Phi_2", r"\Pphi")
    found: list[str] = []
    known = sorted([*names, *(rf"\{name}" for name in ("pi",))], key=len, reverse=True)
    while text := text.lstrip():
        name = next((n for n in known if text.startswith(n) and not (n[-1].isalpha() and n.startswith("\\") and text[len(n) :][:1].isalpha())), None)
        command = re.match(r"\\([A-Za-z]+)", text)
        plain = re.match(r"\d+(?:\.\d+)?|[A-Za-z](?:_\{[^{}]*\})?|.", text)
        assert plain is not None
        if name is not None:
            found.append(name)
            text = text[len(name) :]
        elif command is not None:
            found.append({"Phi": "Φ", "Pphi": "Φ₂", "varphi": "φ"}.get(command[1], command[1]))
            text = text[command.end() :]
        else:
            found.append(plain[0])
            text = text[plain.end() :]
    stream = _Stream(found, {**names, r"\pi": mpmath.pi()})
    value = stream.sum()
    assert stream.at == len(stream.tokens), (source, stream.tokens[stream.at :])
    return value


def read_text(source: str, names: Mapping[str, mpmath.mpf]) -> mpmath.mpf:
    """Value of text such as q12 (π - θ)/(2 π)."""
    text = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^{" + m[0].translate(_SUPERSCRIPTS) + "}", source)
    tokens = re.findall(r"\d+(?:\.\d+)?(?![A-Za-z_])|[A-Za-zα-ωΑ-Ωϑ][A-Za-z0-9_α-ωϑ]*|√|.", text.replace("√", " √ ").replace("Φ₂", " Pphi "))
    tokens = [{"√": "sqrt", "Pphi": "Φ₂"}.get(t, t) for t in tokens if t.strip()]
    stream = _Stream(tokens, {**names, "π": mpmath.pi()})
    value = stream.sum()
    assert stream.at == len(stream.tokens), (source, stream.tokens[stream.at :])
    return value
