"""The theorems for a symbolic phi and a symbolic depth L.  Each is derived once and kept."""

from __future__ import annotations

import functools

import sympy as sp

from ntksym import notation
from ntksym.network import ChainGraph, chain_graph, fcn
from ntksym.network.network import Network
from ntksym.proof import Derivation
from ntksym.rules import recursion
from ntksym.theory.jacobian import jacobian
from ntksym.theory.limit import nngp_steps, ntk_steps


@functools.cache
def general_network() -> Network:
    """L hidden layers with the same open activation, biases in every layer."""
    return fcn(notation.depth, sp.Function("phi"), sigma_w=notation.sigma_w, sigma_b=notation.sigma_b)


def general_graph() -> ChainGraph:
    """The chain-rule graph of the general network."""
    return chain_graph(general_network())


@functools.cache
def jacobian_theorem() -> Derivation:
    """Jacobians by every weight and bias, for any widths, phi and depth."""
    return jacobian(general_graph())


@functools.cache
def nngp_theorem() -> Derivation:
    """The NNGP recursion, for any phi and depth."""
    d, theorem = nngp_steps(general_graph(), "NNGP recursion of a fully connected network")
    return d.by(recursion.read_recursion, theorem, depth=notation.depth)


@functools.cache
def ntk_theorem() -> Derivation:
    """The NTK recursion, for any phi and depth."""
    d, nngp, ntk = ntk_steps(general_graph(), "NTK recursion of a fully connected network")
    return d.by(recursion.read_recursion, nngp, ntk, depth=notation.depth)
