"""One error family.  Every message says what was seen, where, what it means in the theory, and what to do."""

from __future__ import annotations


class NtksymError(Exception):
    """Base of every error ntksym raises on purpose.

    ``what`` was seen, ``where`` it was seen, ``why`` it cannot be accepted (in the theory's terms), ``fix``: what to do.
    """

    def __init__(self, what: str, *, where: str = "", why: str = "", fix: str = "") -> None:
        self.what, self.where, self.why, self.fix = what, where, why, fix
        parts = [what if not where else f"{where}: {what}"]
        if why:
            parts.append(why)
        if fix:
            parts.append(f"What to do: {fix}")
        super().__init__(" ".join(part if part.endswith((".", "?", "!")) else part + "." for part in parts))


class ParseError(NtksymError):
    """Text that is no expression of the closed grammar."""


class ActivationError(NtksymError):
    """An activation that is unknown, or not admissible (not square-integrable, complex, ...)."""


class NetworkError(NtksymError):
    """A network that cannot be built or is not supported."""


class ShapeError(NtksymError):
    """Arrays of the wrong shape, dtype or content."""


class DataError(NtksymError):
    """A data file that is missing, empty or not usable."""


class OutputError(NtksymError):
    """A place that results cannot be written to."""


class NotationError(NtksymError):
    """One letter with two meanings, or a meaning without a letter."""


class RuleError(NtksymError):
    """A rule applied to premises it does not fit."""


class CheckError(NtksymError):
    """A step whose check failed, or a replay that differs."""


class LoweringError(NtksymError):
    """A form that cannot be turned into code."""


class SerializationError(NtksymError):
    """JSON that does not describe an ntksym object."""


class PrecisionWarning(UserWarning):
    """float64 data met a float32 JAX, or a solve has few digits left."""


class ToleranceWarning(UserWarning):
    """A number whose error bound is above the tolerance that was asked for, or an iteration that stopped short of it."""
