"""Which rules, in which order, give which theorem."""

from ntksym.theory.abc import PRESETS, AbcExponents, abc, abc_exponents
from ntksym.theory.derive import TARGETS, derive

__all__ = ["PRESETS", "TARGETS", "AbcExponents", "abc", "abc_exponents", "derive"]
