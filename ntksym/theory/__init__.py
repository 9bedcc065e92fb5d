"""Which rules, in which order, give which theorem."""

from ntksym.theory.derive import TARGETS, derive

__all__ = ["TARGETS", "derive"]
