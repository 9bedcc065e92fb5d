"""Flow -> FlowProgram: the function of an eigenvalue that a trained network's outputs need, in a form that keeps its digits.

What is written down follows from the derived characteristic polynomial: one mode of order one in closed form with expm1; of order two in continuous time by
its roots, or a Taylor series where they lose digits; in steps by squaring the one-step map, so that nothing is divided by an eigenvalue.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from ntksym.errors import LoweringError
from ntksym.forms import Flow
from ntksym.notation import eta, lam, mu, rho, ridge, t

strength = sp.Symbol("strength", nonnegative=True)

# Names of the keywords in generated code.
KEYWORDS = {
    eta: sp.Symbol("learning_rate", positive=True),
    mu: sp.Symbol("momentum", nonnegative=True),
    ridge: sp.Symbol("ridge", nonnegative=True),
    lam: sp.Symbol("lam", nonnegative=True),
    t: sp.Symbol("t", nonnegative=True),
}


@dataclass(frozen=True)
class FlowProgram:
    """``pull`` = lam + ridge; ``coefficients`` c_0 .. c_{n-1} of the characteristic polynomial rho^n + ... in ``strength``; ``gain``; ``at_rest`` = the limit
    of the filter where ``strength`` is 0, of order one only.  ``formula`` and ``law`` are text for the docstrings.
    """

    dynamics: str
    continuous: bool
    pull: sp.Expr
    coefficients: tuple[sp.Expr, ...]
    gain: sp.Expr
    at_rest: sp.Expr | None
    formula: str
    law: str

    @property
    def order(self) -> int:
        return len(self.coefficients)


def lower_flow(flow: Flow) -> FlowProgram:
    """The program of a Flow; LoweringError for a characteristic polynomial of another degree than one or two."""
    polynomial = sp.Poly(flow.characteristic, rho)
    if polynomial.LC() != 1 or polynomial.degree() not in (1, 2):
        raise LoweringError(f"the characteristic polynomial {flow.characteristic}", where="lower_flow", why="code is made for modes of order one and two")
    pull = lam + ridge if flow.filter.has(ridge) else lam
    coefficients = [sp.expand(c.xreplace({lam: strength - (pull - lam)})) for c in reversed(polynomial.all_coeffs()[1:])]
    at_rest = None
    if len(coefficients) == 1 and flow.continuous:
        at_rest = sp.limit(flow.filter.xreplace({lam: strength - (pull - lam)}), strength, 0)
    return FlowProgram(
        flow.dynamics,
        flow.continuous,
        pull.xreplace(KEYWORDS),
        tuple(c.xreplace(KEYWORDS) for c in coefficients),
        flow.gain.xreplace(KEYWORDS),
        None if at_rest is None else at_rest.xreplace(KEYWORDS),
        str(flow.by_roots.xreplace({lam: sp.Symbol("lam"), ridge: sp.Symbol("r"), eta: sp.Symbol("eta")})),
        str(flow.characteristic.xreplace({lam: sp.Symbol("lam"), ridge: sp.Symbol("r"), eta: sp.Symbol("eta")})),
    )
