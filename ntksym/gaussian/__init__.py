"""E[f(u) g(v)] for a Gaussian pair, derived: normal form, atoms, tilt, integration by parts, orthant, and a certificate."""

from ntksym.gaussian.atoms import jumps
from ntksym.gaussian.duals import DualDerivation, dual
from ntksym.gaussian.hermite import HermiteDerivation, hermite

__all__ = ["DualDerivation", "HermiteDerivation", "dual", "hermite", "jumps"]
