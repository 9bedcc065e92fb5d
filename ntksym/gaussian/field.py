r"""A normal form for closed forms: sums of  rational * sqrt(squarefree) * exp(rational) * angles and normal probabilities.

A term is  c * i^k * sqrt(f1 f2 ...) * exp(re + i im) * node^m ... with c a rational function over Q in the symbols and pi, the f's distinct
irreducible polynomials that are positive on the domain (a sign at an interior sample point decides; they come from variances and determinants).
The engine builds its answers with this; the checkers do not (they have :mod:`zero`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, lcm
from typing import Any

import sympy as sp
from sympy.polys.fields import field

from ntksym.gaussian.fractions import factors, plus
from ntksym.nodes import CorrelationAngle, CorrelationArcsine, HalfLineProbability, QuadrantProbability

_PI = sp.Symbol("pi_", positive=True)

# i-power mod 2, radical factors, exponent (real, imaginary), nodes with powers
Key = tuple[int, frozenset[Any], Any, Any, tuple[tuple[sp.Expr, int], ...]]


class NormalFormError(Exception):
    """The expression has no normal form here (a sum in a denominator with roots, a root of a sum of roots, ...)."""


@dataclass
class Domain:
    """The field Q(symbols, pi) for one expression, with a sample point inside the domain for signs."""

    symbols: tuple[sp.Symbol, ...]

    def __post_init__(self) -> None:
        names = [s.name for s in self.symbols]
        if len(set(names)) != len(names):
            raise NormalFormError(f"two symbols of one name among {names}")
        self.field, *generators = field([*self.symbols, _PI], sp.ZZ)
        self.one, self.zero = self.field.one, self.field.zero
        self.generator = dict(zip([*self.symbols, _PI], generators, strict=True))

    def sign(self, polynomial: Any) -> int:
        """Sign of a polynomial at the sample point: small variances, well inside every existence condition."""
        value = sp.S(polynomial.as_expr()).subs(_PI, sp.pi).subs({s: sample_value(s, i) for i, s in enumerate(self.symbols)})
        return 1 if value > 0 else -1 if value < 0 else 0


def sample_value(symbol: sp.Symbol, index: int) -> sp.Rational:
    """A rational point inside the domain: tiny variances, smaller covariances, moderate parameters."""
    name = symbol.name
    if name.endswith(("11", "22")) or name in {"q", "A", "B"}:
        return sp.Rational(1, 97 + 14 * index)
    if name.endswith("12") or name == "C":
        return sp.Rational(1, 1009 + 12 * index)
    return sp.Rational(7 + 2 * index, 11 + 2 * index)


class Sum:
    """A finite sum of terms in normal form; immutable by convention."""

    def __init__(self, domain: Domain, terms: dict[Key, Any]) -> None:
        self.domain = domain
        self.terms = {key: c for key, c in terms.items() if c != 0}

    def __add__(self, other: Sum) -> Sum:
        terms = dict(self.terms)
        for key, c in other.terms.items():
            terms[key] = plus(terms.get(key, self.domain.zero), c)
        return Sum(self.domain, terms)

    def __mul__(self, other: Sum) -> Sum:
        terms: dict[Key, Any] = {}
        for k1, c1 in self.terms.items():
            for k2, c2 in other.terms.items():
                key, c = self._times(k1, c1, k2, c2)
                terms[key] = plus(terms.get(key, self.domain.zero), c)
        return Sum(self.domain, terms)

    def _times(self, k1: Key, c1: Any, k2: Key, c2: Any) -> tuple[Key, Any]:
        i1, r1, re1, im1, n1 = k1
        i2, r2, re2, im2, n2 = k2
        c = c1 * c2
        if i1 and i2:
            c = -c
        for shared in r1 & r2:
            c = c * self._lift(shared)
        nodes = dict(n1)
        for node, power in n2:
            nodes[node] = nodes.get(node, 0) + power
        return (
            i1 ^ i2,
            r1 ^ r2,
            plus(re1, re2),
            plus(im1, im2),
            tuple(sorted(((n, p) for n, p in nodes.items() if p), key=lambda t: (sp.default_sort_key(t[0]), t[1]))),
        ), c

    def _lift(self, factor: Any) -> Any:
        return self.domain.field(factor) if isinstance(factor, int) else self.domain.field.new(factor)

    def power(self, exponent: int) -> Sum:
        if exponent < 0:
            return self.inverse().power(-exponent)
        result = constant(self.domain, self.domain.one)
        for _ in range(exponent):
            result = result * self
        return result

    def inverse(self) -> Sum:
        if len(self.terms) != 1:
            raise NormalFormError(f"the inverse of a sum of {len(self.terms)} terms")
        ((i, radicals, re, im, nodes), c) = next(iter(self.terms.items()))
        if nodes:
            raise NormalFormError("the inverse of an angle")
        inverse = 1 / c
        for factor in radicals:
            inverse = inverse / self._lift(factor)
        return Sum(self.domain, {(i, radicals, -re, -im, ()): -inverse if i else inverse})

    def rational(self) -> Any:
        """The field element this is, if it is one."""
        if not self.terms:
            return self.domain.zero
        if set(self.terms) == {plain_key(self.domain)}:
            return self.terms[plain_key(self.domain)]
        raise NormalFormError("square roots of different numbers where one may stand")


def plain_key(domain: Domain) -> Key:
    """The key of a rational function."""
    return (0, frozenset(), domain.zero, domain.zero, ())


def constant(domain: Domain, element: Any) -> Sum:
    """A rational function as a sum of one term."""
    return Sum(domain, {plain_key(domain): element})


def square_root(domain: Domain, element: Any) -> Sum:
    """Sqrt of a rational function that is positive on the domain."""
    if element == 0:
        return Sum(domain, {})
    coefficient, radicals = domain.one, set()
    product = element.numer * element.denom
    coefficient = coefficient / domain.field.new(element.denom)
    if domain.sign(element.denom) < 0:
        coefficient = -coefficient
    content, found = factors(product)
    sign = 1 if content > 0 else -1
    for factor, multiplicity in found:
        direction = domain.sign(factor)
        if direction == 0:
            raise NormalFormError(f"the sign of {factor} at the sample point is 0")
        positive = factor if direction > 0 else -factor
        if direction < 0 and multiplicity % 2:
            sign = -sign
        if multiplicity // 2:
            coefficient = coefficient * domain.field.new(positive) ** (multiplicity // 2)
        if multiplicity % 2:
            radicals.add(positive)
    content = abs(_rational(content))
    whole = sp.Integer(content.p * content.q)
    coefficient = coefficient / int(content.q)
    for prime, multiplicity in sp.factorint(whole).items():
        coefficient = coefficient * int(prime) ** (multiplicity // 2)
        if multiplicity % 2:
            radicals.add(int(prime))
    return Sum(domain, {(0 if sign > 0 else 1, frozenset(radicals), domain.zero, domain.zero, ()): coefficient})


def normal_form(expr: sp.Expr) -> Sum:
    """The normal form of ``expr``; raises NormalFormError where it has none."""
    free = {s for s in expr.free_symbols if isinstance(s, sp.Symbol)}
    return _convert(expr, Domain(tuple(sorted(free, key=lambda s: s.name))))


def _convert(expr: sp.Expr, domain: Domain) -> Sum:
    if expr.is_Rational:
        return constant(domain, domain.field(sp.QQ(int(expr.p), int(expr.q))))
    if expr == sp.pi:
        return constant(domain, domain.generator[_PI])
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
        return _node(domain, expr)
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
    turn = im / domain.generator[_PI]
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
    turn = _rational(coefficient) / _rational(im.denom.LC)
    return turn, im - domain.generator[_PI] * domain.field(sp.QQ(int(turn.p), int(turn.q)))


def _angle(node: CorrelationArcsine | CorrelationAngle, domain: Domain) -> Sum:
    """Arcsin normalised in scale and orientation; arccos = pi/2 - arcsin."""
    a, c, b = (_convert(arg, domain).rational() for arg in node.args)
    half_pi = constant(domain, domain.generator[_PI] / 2)
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
    numbers = [_rational(k) / _rational(t.denom.LC) for t in (a, b, c) for k in t.numer.coeffs()]
    content = sp.Rational(gcd(*(k.p for k in numbers)), lcm(*(k.q for k in numbers)))
    scale = 1 / content if domain.sign(shared.numer) * domain.sign(shared.denom) > 0 else -1 / content
    a, b, c = (t * domain.field(sp.QQ(int(scale.p), int(scale.q))) for t in (a, b, c))
    # c is odd: the orientation with a positive leading coefficient stands for both.
    flip = c.numer.LC < 0
    triple = tuple(t.as_expr().subs(_PI, sp.pi) for t in (a, -c if flip else c, b))
    key = (0, frozenset(), domain.zero, domain.zero, ((CorrelationArcsine(*triple), 1),))
    return Sum(domain, {key: -domain.one if flip else domain.one})


def _node(domain: Domain, node: sp.Expr) -> Sum:
    return Sum(domain, {(0, frozenset(), domain.zero, domain.zero, ((node, 1),)): domain.one})


def _plain(element: Any) -> sp.Expr:
    return element.as_expr().subs(_PI, sp.pi)


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
        imaginary = sp.erfi(_element_expr(-mean if flip else mean) / sp.sqrt(sp.expand(_plain(variance))))
        return half + _node(domain, imaginary) * Sum(domain, {(1, frozenset(), domain.zero, domain.zero, ()): domain.field(sp.QQ(-1 if flip else 1, 2))})
    m, a, _ = _standardised(mean, variance, domain)
    return _node(domain, HalfLineProbability(_element_expr(m), sp.expand(_plain(a))))


def _quadrant(node: QuadrantProbability, domain: Domain) -> Sum:
    """Phi_2 with both variables on a standard scale, the two in a fixed order; an angle where both are centred."""
    means = [_convert(arg, domain) for arg in node.args[:2]]
    a, c, b = (_convert(arg, domain) for arg in node.args[2:])
    if not means[0].terms and not means[1].terms:
        arcsine = _angle(CorrelationArcsine(*node.args[2:]), domain)
        return constant(domain, domain.field(sp.QQ(1, 4))) + arcsine * constant(domain, 1 / (2 * domain.generator[_PI]))
    if not c.terms:
        return _half_line(HalfLineProbability(node.args[0], node.args[2]), domain) * _half_line(HalfLineProbability(node.args[1], node.args[4]), domain)
    m1, v1, scale1 = _standardised(means[0], a.rational(), domain)
    m2, v2, scale2 = _standardised(means[1], b.rational(), domain)
    covariance = (c * scale1.inverse() * scale2.inverse()).rational()
    forward, backward = ((m1, m2, v1, covariance, v2), (m2, m1, v2, covariance, v1))
    made = [QuadrantProbability(*(_element_expr(t) for t in order[:2]), *(_plain(t) for t in order[2:])) for order in (forward, backward)]
    return _node(domain, min(made, key=sp.default_sort_key))


# ---------------------------------------------------------------------------------------------------------------- back to expressions


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
    factor = _element_expr(content)
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
                rewritten[node] = constant(domain, domain.one) + _node(domain, opposite) * constant(domain, -domain.one)
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


def _element_expr(element: Any) -> sp.Expr:
    """A field element with numerator and denominator factored."""
    return _factored(element.numer) / _factored(element.denom)


def _factored(polynomial: Any) -> sp.Expr:
    content, found = factors(polynomial)
    return sp.Mul(_rational(content), *(factor.as_expr().subs(_PI, sp.pi) ** power for factor, power in found))


def _with_imaginary_exponents(total: Sum) -> dict[Any, Any]:
    """Every term as it stands, its phase in front."""
    waves = {}
    for (i, radicals, re, im, nodes), c in total.terms.items():
        phase = (sp.I if i else sp.S.One) * sp.exp(sp.I * sp.expand(_element_expr(im)))
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
        argument = sp.expand(_element_expr(im))
        put(sp.cos(argument), radicals, re, nodes, pr + mr)
        put(sp.sin(argument), radicals, re, nodes, mi - pi)
    return real


def _orient_angles(terms: dict[Any, Any], domain: Domain) -> dict[Any, Any]:
    """Arcsin + pi/2 becomes pi - arccos, arcsin - pi/2 becomes -arccos, where the plain term beside it is just that."""
    result = dict(terms)
    half_pi = domain.generator[_PI] / 2
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
    contents = [_rational(e.numer.content()) / _rational(e.denom.content()) for e in elements]
    scale = sp.Rational(gcd(*(c.p for c in contents)), lcm(*(c.q for c in contents)))
    pi_index = len(domain.symbols)
    pi_power = min(min(m[pi_index] for m in e.denom.monoms()) for e in elements)
    result = domain.field(sp.QQ(int(scale.p), int(scale.q))) / domain.generator[_PI] ** pi_power
    if all(e.numer.LC < 0 for e in elements):
        result = -result
    return result


def _rational(number: Any) -> sp.Rational:
    return sp.Rational(int(number.numerator), int(number.denominator))


def _term_expr(key: Any, coefficient: Any, domain: Domain) -> sp.Expr:
    wave, radicals, re, nodes = key
    root = sp.S.One
    for factor in radicals:
        lifted = domain.field(factor) if isinstance(factor, int) else domain.field.new(factor)
        quotient = coefficient * lifted
        expression = sp.Integer(factor) if isinstance(factor, int) else sp.expand(factor.as_expr().subs(_PI, sp.pi))
        # c/f * sqrt(f) reads better as c/sqrt(f)
        if quotient.denom.degree() <= coefficient.denom.degree() and len(factors(quotient.denom)[1]) < len(factors(coefficient.denom)[1]):
            coefficient = quotient
            root = root / sp.sqrt(expression)
        else:
            root = root * sp.sqrt(expression)
    exponent = sp.exp(sp.expand(_element_expr(re)) if re.denom.is_ground else _element_expr(re))
    return sp.Mul(_element_expr(coefficient), wave, root, exponent, *(node**power for node, power in nodes))
