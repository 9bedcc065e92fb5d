"""sigma_w="critical": the weight deviation at which perturbations neither grow nor die."""

from __future__ import annotations

import sympy as sp

from ntksym.errors import NetworkError
from ntksym.forms import DualForm
from ntksym.gaussian import dual
from ntksym.network.pointwise import Pointwise


def critical_deviation(pointwise: Pointwise, sigma_b: sp.Expr) -> sp.Expr:
    r"""sigma_w with $\chi = \sigma_w^2\,\mathbb E\,\phi'(u)^2 = 1$, where that expectation is the same at every variance and there are no biases.

    So for relu, leaky slopes, abs and the identity: sigma_w = 1/sqrt(E phi'^2).  NetworkError elsewhere: it takes the fixed point of the variance recursion.
    """
    claim = None if pointwise.is_abstract else dual(pointwise.function).conclusion.claim
    if isinstance(claim, DualForm) and sigma_b == 0 and not claim.at_jumps:
        slope = claim.diagonal_derivative.xreplace(dict(pointwise.phi.defaults))
        if not slope.free_symbols and slope.is_positive:
            return 1 / sp.sqrt(slope)
    raise NetworkError(
        f"sigma_w='critical' for {pointwise.phi.name} is not supported yet",
        where="fcn",
        why="it is known where phi is positively homogeneous and there are no biases; elsewhere it takes the fixed point of the variance recursion",
        fix="give the number, such as sqrt(2) for relu without biases",
    )
