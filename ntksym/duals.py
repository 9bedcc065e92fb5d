"""The public ``dual``: from whatever names an activation to the derivation of its dual."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ntksym import gaussian
from ntksym.activations import activation
from ntksym.gaussian import DualDerivation


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
