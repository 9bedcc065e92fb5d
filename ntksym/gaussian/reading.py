"""A SymPy expression read into the normal form of :mod:`field`."""

from __future__ import annotations

from math import gcd, lcm
from typing import Any

import sympy as sp

from ntksym.gaussian.field import PI, Domain, NormalFormError, Sum, constant, element_expr, named_node, plain_expr, plain_key, rational_number, square_root
from ntksym.gaussian.limits import check_patience
from ntksym.nodes import CorrelationAngle, CorrelationArcsine, HalfLineProbability, QuadrantProbability


def normal_form(expr: sp.Expr) -> Sum:
    """The normal form of ``expr``; raises NormalFormError where it has none."""
    free = {s for s in expr.free_symbols if isinstance(s, sp.Symbol)}
    return _convert(expr, Domain(tuple(sorted(free, key=lambda s: s.name))))


def _convert(expr: sp.Expr, domain: Domain) -> Sum:
    check_patience()
    if expr.is_Rational:
        return constant(domain, domain.field(sp.QQ(int(expr.p), int(expr.q))))
    if expr == sp.pi:
        return constant(domain, domain.generator[PI])
    if expr == sp.I:
        return Sum(domain, {(1, frozenset(), domain.zero, domain.zero, ()): domain.one})
    if isinstance(expr, sp.Symbol):
        return constant(domain, domain.generator[expr])
    if isinstance(expr, sp.Add):
        total = Sum(domain, {})
        for arg in expr.args:
            total = total + _convert(arg, domain)
        return total
    if isinstance(expr, sp.Mul):
        total = constant(domain, domain.one)
        for arg in expr.args:
            total = total * _convert(arg, domain)
        return total
    if isinstance(expr, sp.exp) or expr == sp.E:
        return _exponential(expr.args[0] if isinstance(expr, sp.exp) else sp.S.One, domain)
    if isinstance(expr, sp.Pow):
        base, exponent = expr.as_base_exp()
        if exponent.is_Integer:
            return _convert(base, domain).power(int(exponent))
        if exponent.is_Rational and exponent.q == 2:
            return square_root(domain, _convert(base, domain).rational()).power(int(exponent.p))
        if base == sp.E:
            return _exponential(exponent, domain)
        raise NormalFormError(f"the power {expr}")
    if isinstance(expr, (sp.cos, sp.sin)):
        up, down = _exponential(sp.I * expr.args[0], domain), _exponential(-sp.I * expr.args[0], domain)
        half = constant(domain, domain.field(sp.QQ(1, 2)))
        if isinstance(expr, sp.cos):
            return (up + down) * half
        minus = constant(domain, -domain.one)
        imaginary = Sum(domain, {(1, frozenset(), domain.zero, domain.zero, ()): -domain.one})
        return (up + down * minus) * half * imaginary
    if isinstance(expr, (CorrelationArcsine, CorrelationAngle)):
        return _angle(expr, domain)
    if isinstance(expr, HalfLineProbability):
        return _half_line(expr, domain)
    if isinstance(expr, QuadrantProbability):
        return _quadrant(expr, domain)
    if isinstance(expr, sp.erfi):
        return named_node(domain, expr)
    raise NormalFormError(f"{expr.func.__name__} has no place in the normal form")


def _exponential(argument: sp.Expr, domain: Domain) -> Sum:
    parts = _convert(argument, domain)
    re = im = domain.zero
    for (i, radicals, e_re, e_im, nodes), c in parts.terms.items():
        if radicals or nodes or e_re != 0 or e_im != 0:
            raise NormalFormError(f"the exponent {argument}")
        if i:
            im += c
        else:
            re += c
    # exp(i pi r) is an algebraic number for rational r: (-1)^r through cos and sin.
    turn = im / domain.generator[PI]
    if im != 0 and turn.numer.is_ground and turn.denom.is_ground:
        angle = sp.pi * sp.sympify(turn.as_expr(), strict=True)
        if re == 0:
            return _convert(sp.cos(angle), domain) + _convert(sp.I * sp.sin(angle), domain)
        im = domain.zero
        return Sum(domain, {(0, frozenset(), re, im, ()): domain.one}) * (_convert(sp.cos(angle), domain) + _convert(sp.I * sp.sin(angle), domain))
    split = _pi_part(im, domain)
    if split is not None:
        constant_turn, rest = split
        angle = sp.pi * constant_turn
        return Sum(domain, {(0, frozenset(), re, rest, ()): domain.one}) * (_convert(sp.cos(angle), domain) + _convert(sp.I * sp.sin(angle), domain))
    return Sum(domain, {(0, frozenset(), re, im, ()): domain.one})


def _pi_part(im: Any, domain: Domain) -> tuple[sp.Rational, Any] | None:
    """Split a polynomial exponent's constant multiple of pi off, if there is one."""
    if im == 0 or not im.denom.is_ground:
        return None
    pi_index = len(domain.symbols)
    monomial = tuple(1 if k == pi_index else 0 for k in range(pi_index + 1))
    coefficient = im.numer.get(monomial, 0)
    if not coefficient:
        return None
    turn = rational_number(coefficient) / rational_number(im.denom.LC)
    return turn, im - domain.generator[PI] * domain.field(sp.QQ(int(turn.p), int(turn.q)))


def _angle(node: CorrelationArcsine | CorrelationAngle, domain: Domain) -> Sum:
    """Arcsin normalised in scale and orientation; arccos = pi/2 - arcsin."""
    a, c, b = (_convert(arg, domain).rational() for arg in node.args)
    half_pi = constant(domain, domain.generator[PI] / 2)
    if isinstance(node, CorrelationAngle):
        return half_pi + _angle(CorrelationArcsine(*node.args), domain) * constant(domain, -domain.one)
    if c == 0:
        return Sum(domain, {})
    if c * c == a * b:
        ratio = domain.sign(c.numer) * domain.sign(c.denom)
        return half_pi * constant(domain, domain.field(ratio))
    # The angle does not see a common positive factor: clear denominators, then the content.
    common = a.denom.lcm(b.denom).lcm(c.denom)
    shared = domain.field.new(common) / domain.field.new(
        (a * domain.field.new(common)).numer.gcd((b * domain.field.new(common)).numer).gcd((c * domain.field.new(common)).numer)
    )
    a, b, c = (t * shared for t in (a, b, c))
    numbers = [rational_number(k) / rational_number(t.denom.LC) for t in (a, b, c) for k in t.numer.coeffs()]
    content = sp.Rational(gcd(*(k.p for k in numbers)), lcm(*(k.q for k in numbers)))
    scale = 1 / content if domain.sign(shared.numer) * domain.sign(shared.denom) > 0 else -1 / content
    a, b, c = (t * domain.field(sp.QQ(int(scale.p), int(scale.q))) for t in (a, b, c))
    # c is odd: the orientation with a positive leading coefficient stands for both.
    flip = c.numer.LC < 0
    triple = tuple(t.as_expr().subs(PI, sp.pi) for t in (a, -c if flip else c, b))
    key = (0, frozenset(), domain.zero, domain.zero, ((CorrelationArcsine(*triple), 1),))
    return Sum(domain, {key: -domain.one if flip else domain.one})


def _standardised(mean: Sum, variance: Any, domain: Domain) -> tuple[Any, Any, Sum]:
    """Mean and variance on the scale where the variance is a squarefree polynomial, and that scale; the mean must be one radical at most."""
    if mean.terms and set(mean.terms) != {plain_key(domain)}:
        if len(mean.terms) != 1:
            raise NormalFormError("a normal probability at a sum of square roots")
        ((i, radicals, re, im, nodes), _) = next(iter(mean.terms.items()))
        if i or nodes or re != 0 or im != 0:
            raise NormalFormError("a normal probability of a complex argument")
        shared = domain.one
        for factor in radicals:
            shared = shared * (domain.field(factor) if isinstance(factor, int) else domain.field.new(factor))
        variance = variance / shared
        root = square_root(domain, shared)
        mean = mean * root.inverse()
    else:
        root = constant(domain, domain.one)
    scale = square_root(domain, variance)
    ((_, radicals, *_), coefficient) = next(iter(scale.terms.items()))
    squarefree = domain.one
    for factor in radicals:
        squarefree = squarefree * (domain.field(factor) if isinstance(factor, int) else domain.field.new(factor))
    return mean.rational() / coefficient, squarefree, root * constant(domain, coefficient)


def _half_line(node: HalfLineProbability, domain: Domain) -> Sum:
    """Phi(m / sqrt a) on a standard scale; of an imaginary mean 1/2 + (i/2) erfi(.)."""
    mean, variance = _convert(node.args[0], domain), _convert(node.args[1], domain).rational()
    half = constant(domain, domain.field(sp.QQ(1, 2)))
    if not mean.terms:
        return half
    if {key[0] for key in mean.terms} == {1}:
        minus_i = Sum(domain, {(1, frozenset(), domain.zero, domain.zero, ()): -domain.one})
        mean, variance, _ = _standardised(mean * minus_i, variance * 2, domain)
        flip = domain.sign(mean.numer) * domain.sign(mean.denom) < 0
        imaginary = sp.erfi(element_expr(-mean if flip else mean) / sp.sqrt(sp.expand(plain_expr(variance))))
        return half + named_node(domain, imaginary) * Sum(domain, {(1, frozenset(), domain.zero, domain.zero, ()): domain.field(sp.QQ(-1 if flip else 1, 2))})
    m, a, _ = _standardised(mean, variance, domain)
    return named_node(domain, HalfLineProbability(element_expr(m), sp.expand(plain_expr(a))))


def _quadrant(node: QuadrantProbability, domain: Domain) -> Sum:
    """Phi_2 with both variables on a standard scale, the two in a fixed order; an angle where both are centred."""
    means = [_convert(arg, domain) for arg in node.args[:2]]
    a, c, b = (_convert(arg, domain) for arg in node.args[2:])
    if not means[0].terms and not means[1].terms:
        arcsine = _angle(CorrelationArcsine(*node.args[2:]), domain)
        return constant(domain, domain.field(sp.QQ(1, 4))) + arcsine * constant(domain, 1 / (2 * domain.generator[PI]))
    if not c.terms:
        return _half_line(HalfLineProbability(node.args[0], node.args[2]), domain) * _half_line(HalfLineProbability(node.args[1], node.args[4]), domain)
    m1, v1, scale1 = _standardised(means[0], a.rational(), domain)
    m2, v2, scale2 = _standardised(means[1], b.rational(), domain)
    covariance = (c * scale1.inverse() * scale2.inverse()).rational()
    forward, backward = ((m1, m2, v1, covariance, v2), (m2, m1, v2, covariance, v1))
    made = [QuadrantProbability(*(element_expr(t) for t in order[:2]), *(plain_expr(t) for t in order[2:])) for order in (forward, backward)]
    return named_node(domain, min(made, key=sp.default_sort_key))
