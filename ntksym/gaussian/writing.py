"""The normal form of :mod:`field` written as a SymPy expression, in the style of the field of study: one exp per term, few constants."""

from __future__ import annotations

from math import gcd, lcm
from typing import Any

import sympy as sp

from ntksym.gaussian.field import PI, Domain, NormalFormError, Sum, constant, element_expr, named_node, rational_number
from ntksym.gaussian.fractions import factors
from ntksym.gaussian.reading import normal_form
from ntksym.nodes import CorrelationAngle, CorrelationArcsine, HalfLineProbability


def to_expr(total: Sum, real: bool = True) -> sp.Expr:
    """The sum as a SymPy expression in the style of the field: one exp per term, arccos where pi - arccos or arccos is what stands there.

    Raises NormalFormError where an imaginary part is left, unless ``real`` is False (one pair of a conjugate couple).
    """
    total = _join_complements(total)
    domain = total.domain
    waves = _without_imaginary_exponents(total) if real else _with_imaginary_exponents(total)
    oriented = _orient_angles(waves, domain)
    content = _common_content(list(oriented.values()), domain)
    terms = [_term_expr(key, c / content, domain) for key, c in oriented.items()]
    body = sp.Add(*sorted(terms, key=sp.default_sort_key))
    factor = element_expr(content)
    return factor * body if isinstance(body, sp.Add) and factor != 1 else sp.Mul(factor, body)


def canonical(expr: sp.Expr, real: bool = True) -> sp.Expr:
    """``expr`` through its normal form and back."""
    return to_expr(normal_form(expr), real)


def _join_complements(total: Sum) -> Sum:
    """Where P(L >= 0) and P(-L >= 0) both stand, write one by the other; so too for quadrants that together are a half-plane."""
    domain = total.domain
    present = sorted({node for *_, nodes in total.terms for node, _ in nodes}, key=sp.default_sort_key)
    rewritten: dict[sp.Expr, Sum] = {}
    kept: set[sp.Expr] = set()
    for node in present:
        if isinstance(node, HalfLineProbability):
            opposite = HalfLineProbability(-node.args[0], node.args[1])
            if opposite in kept:
                rewritten[node] = constant(domain, domain.one) + named_node(domain, opposite) * constant(domain, -domain.one)
                continue
        kept.add(node)
    if not rewritten:
        return total
    result = Sum(domain, {})
    for (i, radicals, re, im, nodes), c in total.terms.items():
        term = Sum(domain, {(i, radicals, re, im, tuple(pair for pair in nodes if pair[0] not in rewritten)): c})
        for node, power in nodes:
            if node in rewritten:
                term = term * rewritten[node].power(power)
        result = result + term
    return result


def _with_imaginary_exponents(total: Sum) -> dict[Any, Any]:
    """Every term as it stands, its phase in front."""
    waves = {}
    for (i, radicals, re, im, nodes), c in total.terms.items():
        phase = (sp.I if i else sp.S.One) * sp.exp(sp.I * sp.expand(element_expr(im)))
        waves[(phase, radicals, re, nodes)] = c
    return waves


def _without_imaginary_exponents(total: Sum) -> dict[Any, Any]:
    """Join conjugate exponentials into cosines and sines; what is left must be real."""
    domain = total.domain
    found: dict[Any, list[Any]] = {}
    for (i, radicals, re, im, nodes), c in total.terms.items():
        flip = im != 0 and im.numer.LC < 0
        base = (radicals, re, -im if flip else im, nodes)
        slots = found.setdefault(base, [domain.zero] * 4)  # [real of +, imaginary of +, real of -, imaginary of -]
        slots[(2 if flip else 0) + i] += c
    real: dict[Any, Any] = {}

    def put(wave: sp.Expr, radicals: frozenset[Any], re: Any, nodes: Any, c: Any) -> None:
        if c != 0:
            key = (wave, radicals, re, nodes)
            real[key] = real.get(key, domain.zero) + c

    for (radicals, re, im, nodes), (pr, pi, mr, mi) in found.items():
        if im == 0:
            if pi + mi != 0:
                raise NormalFormError("an imaginary part is left")
            put(sp.S.One, radicals, re, nodes, pr + mr)
            continue
        if pi + mi != 0 or pr - mr != 0:
            raise NormalFormError("an imaginary part is left")
        argument = sp.expand(element_expr(im))
        put(sp.cos(argument), radicals, re, nodes, pr + mr)
        put(sp.sin(argument), radicals, re, nodes, mi - pi)
    return real


def _orient_angles(terms: dict[Any, Any], domain: Domain) -> dict[Any, Any]:
    """Arcsin + pi/2 becomes pi - arccos, arcsin - pi/2 becomes -arccos, where the plain term beside it is just that."""
    result = dict(terms)
    half_pi = domain.generator[PI] / 2
    for key, c in terms.items():
        wave, radicals, re, nodes = key
        if len(nodes) == 1 and nodes[0][1] == 1 and isinstance(nodes[0][0], HalfLineProbability):
            m, a = nodes[0][0].args
            plain = (wave, radicals, re, ())
            if result.get(plain, domain.zero) == -c:  # Phi(t) - 1 is -Phi(-t)
                del result[plain], result[key]
                result[(wave, radicals, re, ((HalfLineProbability(-m, a), 1),))] = -c
            continue
        if len(nodes) != 1 or nodes[0][1] != 1 or not isinstance(nodes[0][0], CorrelationArcsine):
            continue
        plain = (wave, radicals, re, ())
        beside = result.get(plain, domain.zero)
        a, cov, b = nodes[0][0].args
        for sign in (1, -1):
            # sign * arcsin(c) + pi/2 = arccos(-sign c)
            if beside != 0 and beside == half_pi * c * sign:
                del result[plain], result[key]
                angle = CorrelationAngle(a, -sign * cov, b)
                result[(wave, radicals, re, ((angle, 1),))] = c * sign
                break
    return result


def _common_content(elements: list[Any], domain: Domain) -> Any:
    """The rational number times a power of pi that all coefficients share (pi only as a common denominator)."""
    if not elements:
        return domain.one
    contents = [rational_number(e.numer.content()) / rational_number(e.denom.content()) for e in elements]
    scale = sp.Rational(gcd(*(c.p for c in contents)), lcm(*(c.q for c in contents)))
    pi_index = len(domain.symbols)
    pi_power = min(min(m[pi_index] for m in e.denom.monoms()) for e in elements)
    result = domain.field(sp.QQ(int(scale.p), int(scale.q))) / domain.generator[PI] ** pi_power
    if all(e.numer.LC < 0 for e in elements):
        result = -result
    return result


def _term_expr(key: Any, coefficient: Any, domain: Domain) -> sp.Expr:
    wave, radicals, re, nodes = key
    root = sp.S.One
    for factor in radicals:
        lifted = domain.field(factor) if isinstance(factor, int) else domain.field.new(factor)
        quotient = coefficient * lifted
        expression = sp.Integer(factor) if isinstance(factor, int) else sp.expand(factor.as_expr().subs(PI, sp.pi))
        # c/f * sqrt(f) reads better as c/sqrt(f)
        if quotient.denom.degree() <= coefficient.denom.degree() and len(factors(quotient.denom)[1]) < len(factors(coefficient.denom)[1]):
            coefficient = quotient
            root = root / sp.sqrt(expression)
        else:
            root = root * sp.sqrt(expression)
    exponent = sp.exp(sp.expand(element_expr(re)) if re.denom.is_ground else element_expr(re))
    return sp.Mul(element_expr(coefficient), wave, root, exponent, *(node**power for node, power in nodes))
