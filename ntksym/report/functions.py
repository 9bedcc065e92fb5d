"""What the special functions of a report are: one paragraph and a few equations, once for each document."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from ntksym.nodes import HalfLineProbability, NormalCDF, QuadrantProbability
from ntksym.report.document import Block, Equation, Row
from ntksym.report.glyphs import BivariateCDF
from ntksym.report.prose import sentence

_CDF = r"$\Phi$ is the cdf of the standard normal law."
_BIVARIATE = (
    r"$\Phi_2({h}, {k}; \rho)$ is the probability that $X \le {h}$ and $Y \le {k}$, for standard normal $X$ and $Y$ with correlation $\rho$. "
    r"It is no elementary function; its partial derivatives, and its values at correlation 0, 1 and $-1$, are:"
)
_ERFI = r"$\operatorname{erfi}$ is the imaginary error function:"


def described(expressions: Iterable[sp.Basic], taken: Iterable[str] = ()) -> tuple[Block, ...]:
    """The blocks that say what the special functions in ``expressions`` are; ``taken``: letters with another meaning in the document."""
    heads = {head for expression in expressions for node in (NormalCDF, HalfLineProbability, QuadrantProbability, sp.erfi) for head in _heads(expression, node)}
    out: list[Block] = []
    names = ("h", "k") if "h" not in set(taken) else ("a", "b")
    h, k = (sp.Symbol(name, real=True) for name in names)
    if heads & {NormalCDF, HalfLineProbability, QuadrantProbability}:
        out.append(sentence(_CDF))
    if QuadrantProbability in heads:
        out += [sentence(_BIVARIATE.replace("{h}", names[0]).replace("{k}", names[1])), Equation(bivariate_rows(h, k))]
    if sp.erfi in heads:
        y = sp.Symbol(names[0], real=True)
        dummy = sp.Symbol("y", real=True)
        out += [sentence(_ERFI), Equation((Row(sp.erfi(y), "=", 2 / sp.sqrt(sp.pi) * sp.Integral(sp.exp(dummy**2), (dummy, 0, y))),))]
    return tuple(out)


def _heads(expression: sp.Basic, node: type) -> list[type]:
    return [node] if expression.has(node) else []


def bivariate_rows(h: sp.Symbol, k: sp.Symbol) -> tuple[Row, ...]:
    r"""$\partial_h\Phi_2$, $\partial_\rho\Phi_2$ and $\Phi_2$ at $\rho = 0, 1, -1$."""
    rho = sp.Symbol("rho", real=True)
    gap = 1 - rho**2
    edge = sp.exp(-(h**2) / 2) / sp.sqrt(2 * sp.pi) * NormalCDF((k - rho * h) / sp.sqrt(gap))
    joint = sp.exp(-(h**2 - 2 * rho * h * k + k**2) / (2 * gap)) / (2 * sp.pi * sp.sqrt(gap))
    return (
        Row(sp.Derivative(BivariateCDF(h, k, rho), h), "=", edge),
        Row(sp.Derivative(BivariateCDF(h, k, rho), rho), "=", joint),
        Row(BivariateCDF(h, k, sp.S.Zero), "=", NormalCDF(h) * NormalCDF(k)),
        Row(BivariateCDF(h, k, sp.S.One), "=", NormalCDF(sp.Min(h, k))),
        Row(BivariateCDF(h, k, sp.S.NegativeOne), "=", sp.Max(0, NormalCDF(h) + NormalCDF(k) - 1)),
    )
