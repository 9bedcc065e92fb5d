"""What is no activation: complex or infinite on the real line, not square-integrable, or with kinks that cannot be located.

Each is one ActivationError.  Only what can be seen is decided here, by structure and, where phi has no open parameter, by values in
double precision; whether an expectation exists for a given variance is the Gaussian engine's business.
"""

from __future__ import annotations

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from ntksym.admission.values import Value, infinite_at, outgrows_gaussians, undefined_at
from ntksym.errors import ActivationError
from ntksym.nodes import Indicator, NormalCDF, NormalPDF
from ntksym.notation import x

_REAL = "an activation maps the real line to the reals"
_NO_KERNEL = "phi is not square-integrable under N(0, q) for any q > 0, so its kernel does not exist"
# Factors that may vanish, or level off, on a half line: then growth is not decided by one factor alone.
_ONE_SIDED = (sp.Max, sp.Min, sp.Heaviside, sp.Piecewise, sp.sign, sp.Abs, sp.erf, sp.erfc)
# No function of one real variable at all.
_NO_FUNCTION = (sp.DiracDelta, sp.Order, sp.Integral, sp.Sum, sp.Product, sp.Limit, sp.Derivative, sp.Subs, sp.MatrixSymbol, sp.Indexed)
_JUMPS_WITHOUT_END = (sp.floor, sp.ceiling, sp.Mod, sp.frac)
# Every function that derivations, quadrature and generated code know.
_KNOWN = (
    *(sp.exp, sp.log, sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh, sp.asin, sp.acos, sp.atan, sp.asinh, sp.acosh, sp.atanh),
    *(sp.erf, sp.erfc, sp.Abs, sp.sign, sp.Heaviside, sp.Max, sp.Min, sp.Piecewise, Indicator, NormalCDF, NormalPDF),
)
# f(g) has the sign of g.
_SIGN_KEEPING = (sp.erf, sp.tanh, sp.sinh, sp.atan, sp.asinh)
_SAMPLES = tuple(sp.Integer(at) for at in (-3, -1, 0, 1, 3))


def require_admissible(phi: sp.Expr) -> None:
    """Raise ActivationError where phi(x) is plainly not admissible."""
    shown = str(phi)[:80]
    _require_function(phi, shown)
    _require_located_kinks(phi, shown)
    if not phi.has(sp.Piecewise):
        for root in sorted(phi.atoms(sp.Pow, sp.log), key=str):
            _require_real(root, shown)
    for term in sp.Add.make_args(phi):
        if not term.has(*_ONE_SIDED):
            _require_gaussian_growth(term, shown)
    if phi.free_symbols == {x}:
        _require_values(phi, shown)


def _within(part: object, shown: str) -> str:
    """``part``, and where it stands unless it is all there is."""
    return shown if str(part)[:80] == shown else f"{part} in {shown}"


def _refusal(what: str, why: str, fix: str) -> ActivationError:
    return ActivationError(what, where="activation", why=why, fix=fix)


def _require_function(phi: sp.Expr, shown: str) -> None:
    abstract = sorted({str(f.func) for f in phi.atoms(AppliedUndef)})
    if abstract:
        raise _refusal(f"the unspecified function {', '.join(abstract)} in {shown}", "nothing can be derived about it here", "give a formula")
    if phi.has(sp.nan, sp.zoo, sp.oo, -sp.oo):
        raise _refusal(f"{shown} is infinite or undefined", "an activation is finite almost everywhere", "correct it")
    strange = sorted({part.func.__name__ for part in sp.preorder_traversal(phi) if isinstance(part, _NO_FUNCTION)})
    if strange or not phi.is_commutative:
        what = f"{shown} has {', '.join(strange)} in it" if strange else f"{shown} does not commute"
        raise _refusal(what, "an activation is a measurable function of one real number, with a value at almost every x", "write it as a formula in x")
    foreign = sorted({str(part.func) for part in phi.atoms(sp.Function) if not isinstance(part, (*_KNOWN, *_JUMPS_WITHOUT_END))})
    if foreign:
        known = ", ".join(sorted(head.__name__ for head in _KNOWN))
        raise _refusal(f"the function {', '.join(foreign)} in {shown}", "neither its averages nor code for it are known here", f"write it with {known}")
    if phi.has(sp.I) or phi.is_real is False:
        raise _refusal(f"{shown} is complex", _REAL, "take its real part")


def _require_located_kinks(phi: sp.Expr, shown: str) -> None:
    """Where phi switches between pieces: at roots of polynomials."""
    endless = sorted(phi.atoms(*_JUMPS_WITHOUT_END), key=str)
    if endless:
        raise _refusal(
            f"{_within(endless[0], shown)} jumps without end", "a derivation splits the line into finitely many pieces", "cut it off with min and max"
        )
    for part in sorted((p for p in sp.preorder_traversal(phi) if p.has(x)), key=str):
        for switch in _switches(part):
            if not _has_algebraic_roots(switch):
                raise _refusal(
                    f"{_within(part, shown)} has a kink where {switch} = 0",
                    "a derivation needs the exact location of every kink, and this equation is no polynomial one",
                    "use a polynomial in the comparison, or write the pieces with where(x < t, ..., ...)",
                )


def _switches(part: sp.Basic) -> tuple[sp.Expr, ...]:
    """The functions at whose roots ``part`` itself switches."""
    if isinstance(part, (sp.Max, sp.Min)):
        first, *others = part.args
        return tuple(first - other for other in others) if len(part.args) == 2 else tuple(a - b for a in part.args for b in part.args if str(a) < str(b))
    if isinstance(part, (sp.Abs, sp.sign, sp.Heaviside)):
        return (part.args[0],)
    if isinstance(part, sp.Piecewise):
        relations = {relation for branch in part.args for relation in branch.args[1].atoms(Relational)}
        return tuple(relation.lhs - relation.rhs for relation in sorted(relations, key=str))
    return ()


def _has_algebraic_roots(switch: sp.Expr) -> bool:
    """Whether the zeros of ``switch`` are those of polynomials, piece by piece; True too where it has none."""
    if switch.is_polynomial(x) or switch.is_positive or switch.is_negative:
        return True
    if isinstance(switch, sp.Mul):
        return all(_has_algebraic_roots(factor) for factor in switch.args)
    if isinstance(switch, sp.Pow) and not switch.exp.has(x):
        return _has_algebraic_roots(switch.base)
    if isinstance(switch, _SIGN_KEEPING):
        return _has_algebraic_roots(switch.args[0])
    # A sum or choice of pieces, each of them a polynomial.
    plain = switch.replace(lambda e: isinstance(e, (sp.Max, sp.Min, sp.Abs, sp.sign, sp.Heaviside)), lambda e: sp.Add(*e.args))
    plain = plain.replace(lambda e: isinstance(e, sp.Piecewise), lambda e: sp.Add(*(value for value, _ in e.args)))
    return plain.is_polynomial(x)


def _require_real(root: sp.Basic, shown: str) -> None:
    """A logarithm, a broken power or a variable power needs a base that is not negative."""
    base = root.args[0]
    if isinstance(root, sp.Pow):
        exponent = root.exp
        if exponent.is_integer or (base.is_positive and exponent.is_real):
            return
    if base.has(x) and base.is_nonnegative is not True and any(base.subs(x, at).is_negative for at in _SAMPLES):
        raise _refusal(f"{_within(root, shown)} is complex where {base} < 0", _REAL, "use abs or max inside")


def _require_gaussian_growth(term: sp.Basic, shown: str) -> None:
    """Of a product of exp(polynomial) and factors that vanish on no half line: it must not outgrow every Gaussian."""
    for factor in sp.Mul.make_args(term):
        base = factor.base if isinstance(factor, sp.Pow) and factor.exp.is_positive else factor
        if not isinstance(base, (sp.exp, sp.cosh, sp.sinh)) or not base.args[0].is_polynomial(x):
            continue
        polynomial = sp.Poly(base.args[0], x)
        degree = polynomial.degree()
        if degree > 2 and (degree % 2 or polynomial.LC().is_positive or not isinstance(base, sp.exp)):
            raise _too_fast(_within(base, shown))


def _too_fast(what: str) -> ActivationError:
    hint = "an exponent of degree at most 2 is needed (degree 2: for small variance only)"
    return _refusal(f"{what} grows faster than every Gaussian decays", _NO_KERNEL, hint)


def _require_values(phi: sp.Expr, shown: str) -> None:
    """What the values of phi show: complex or undefined somewhere, a pole, growth beyond every Gaussian."""
    value = Value(phi)
    bad = undefined_at(value)
    if bad is not None:
        at, term = bad
        raise _refusal(f"{_within(term, shown)} is complex or undefined at x = {at:.4g}", _REAL, "use abs or max inside, or choose the piece with where(...)")
    pole = infinite_at(value)
    if pole is not None:
        raise _refusal(f"{shown} has a pole near x = {round(pole, 6):g}", _NO_KERNEL, "remove the pole")
    if outgrows_gaussians(value):
        raise _too_fast(shown)
