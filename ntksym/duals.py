"""The public ``dual``: from whatever names an activation to the derivation of its dual."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from ntksym import gaussian
from ntksym.activations import activation
from ntksym.errors import ActivationError
from ntksym.gaussian import DualDerivation, HermiteDerivation
from ntksym.gaussian.atoms import decompose
from ntksym.gaussian.normal_form import OutsideClassError


def dual(phi: Any, psi: Any = None) -> DualDerivation:
    r"""Derive $V_\phi = \mathbb E[\phi(u)\phi(v)]$ in q11, q12, q22 for the centred Gaussian pair (u, v), and $V_{\phi'} = \partial V_\phi/\partial q_{12}$.

    ``phi`` is anything :func:`ntksym.activation` takes; with ``psi`` the cross expectation $\mathbb E[\phi(u)\psi(v)]$.  The result's ``.expr`` is V and,
    without ``psi``, ``.derivative`` V'.  Outside the class of closed forms nothing is raised: ``.expr`` is None and ``.reason`` names the sub-term.
    """
    first = activation(phi)
    if psi is None:
        return replace(gaussian.dual(first.phi), title=f"Dual activation of {first.name}")
    second = activation(psi)
    return replace(gaussian.dual(first.phi, second.phi), title=f"Dual of {first.name} and {second.name}")


def reason_outside(phi: Any) -> str | None:
    """Why ``phi`` has no closed form here, decided from its decomposition alone in milliseconds; None where it is a sum of atoms of the class."""
    try:
        decompose(activation(phi).phi)
    except OutsideClassError as outside:
        return str(outside)
    return None


def hermite_expansion(phi: Any, order: int) -> HermiteDerivation:
    r"""Derive $a_n(q) = \mathbb E[\phi(\sqrt q z)\,\mathrm{He}_n(z)]/\sqrt{n!}$, $z\sim\mathcal N(0,1)$, for n = 0, ..., ``order`` (at most 32).

    The result's ``.coefficients`` are expressions in q and the parameters of ``phi``, ``.mean_square`` is $\mathbb E[\phi(\sqrt q z)^2] = \sum_n a_n(q)^2$, and
    $V_\phi = \sum_n a_n(q_{11})\,a_n(q_{22})\,\rho^n$.  Outside the class of closed forms both are None and ``.reason`` names the sub-term.
    """
    row = activation(phi)
    return replace(gaussian.hermite(row.phi, order), title=f"Hermite coefficients of {row.name}")


def hermite_coefficients(phi: Any, order: int) -> tuple[sp.Expr, ...]:
    """a_0(q), ..., a_order(q) of :func:`hermite_expansion`; ActivationError outside the class of closed forms."""
    made = hermite_expansion(phi, order)
    if made.coefficients is None:
        raise ActivationError(
            f"{activation(phi).name}: {made.reason}",
            where="hermite_coefficients",
            why="outside the class of closed forms the coefficients are numbers, not formulas",
            fix="ntksym.dual_fn(phi) computes the dual with an error bound",
        )
    return made.coefficients
