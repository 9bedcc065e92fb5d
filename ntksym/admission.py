"""What is plainly no activation: complex on the real line, infinite, or not square-integrable under any Gaussian.

Only what can be read off is decided here; whether an expectation exists is the Gaussian engine's business.
"""

from __future__ import annotations

import sympy as sp
from sympy.core.function import AppliedUndef

from ntksym.errors import ActivationError
from ntksym.notation import x

_REAL = "an activation maps the real line to the reals"
_NO_KERNEL = "phi is not square-integrable under N(0, q) for any q > 0, so its kernel does not exist"
_SAMPLES = tuple(sp.Integer(at) for at in (-3, -1, 0, 1, 3))
# Factors that may vanish, or level off, on a half line: then growth is not decided by one factor alone.
_ONE_SIDED = (sp.Max, sp.Min, sp.Heaviside, sp.Piecewise, sp.sign, sp.Abs, sp.erf, sp.erfc)


def require_admissible(phi: sp.Expr) -> None:
    """Raise ActivationError where phi(x) is plainly not admissible."""
    shown = str(phi)[:80]
    abstract = sorted({str(f.func) for f in phi.atoms(AppliedUndef)})
    if abstract:
        raise _refusal(f"the unspecified function {', '.join(abstract)} in {shown}", "nothing can be derived about it here", "give a formula")
    if phi.has(sp.nan, sp.zoo, sp.oo, -sp.oo):
        raise _refusal(f"{shown} is infinite or undefined", "an activation is finite almost everywhere", "correct it")
    if phi.has(sp.I) or phi.is_real is False:
        raise _refusal(f"{shown} is complex", _REAL, "take its real part")
    for root in sorted(phi.atoms(sp.Pow, sp.log), key=str):
        _require_real(root, shown)
    if not phi.is_polynomial(x) and phi.is_rational_function(x):
        denominator = sp.cancel(phi).as_numer_denom()[1]
        if denominator.free_symbols == {x} and sp.Poly(denominator, x).count_roots() > 0:
            raise _refusal(f"{shown} has a pole", _NO_KERNEL, "remove the pole")
    for term in sp.Add.make_args(phi):
        if not term.has(*_ONE_SIDED):
            _require_gaussian_growth(term, shown)


def _refusal(what: str, why: str, fix: str) -> ActivationError:
    return ActivationError(what, where="activation", why=why, fix=fix)


def _require_real(root: sp.Basic, shown: str) -> None:
    """A logarithm, a broken power or a variable power needs a base that is not negative."""
    base = root.args[0]
    if isinstance(root, sp.Pow):
        exponent = root.exp
        if exponent.is_Integer or (base.is_positive and exponent.is_real):
            return
    if base.has(x) and base.is_nonnegative is not True and any(base.subs(x, at).is_negative for at in _SAMPLES):
        raise _refusal(f"{root} in {shown} is complex where {base} < 0", _REAL, "use abs or max inside")


def _require_gaussian_growth(term: sp.Basic, shown: str) -> None:
    """Of a product of exp(polynomial) and factors that vanish on no half line: it must not outgrow every Gaussian."""
    for factor in sp.Mul.make_args(term):
        base = factor.base if isinstance(factor, sp.Pow) and factor.exp.is_positive else factor
        if not isinstance(base, (sp.exp, sp.cosh, sp.sinh)) or not base.args[0].is_polynomial(x):
            continue
        polynomial = sp.Poly(base.args[0], x)
        degree = polynomial.degree()
        if degree > 2 and (degree % 2 or polynomial.LC().is_positive or not isinstance(base, sp.exp)):
            hint = "an exponent of degree at most 2 is needed (degree 2: for small variance only)"
            raise _refusal(f"{base} in {shown} grows faster than every Gaussian decays", _NO_KERNEL, hint)
