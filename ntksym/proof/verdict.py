"""How far a step was checked.  A verdict holds pieces of evidence; its status is the best of them, unless one says FALSE."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Status(IntEnum):
    """Weakest first, so that a derivation's status is the minimum over its steps."""

    FALSE = 0
    UNCHECKED = 1
    TESTED = 2
    CITED = 3
    PROVED = 4


@dataclass(frozen=True)
class Evidence:
    """One check and what it found.

    PROVED: ``scope`` names what was decided and how.  TESTED: ``points``, ``digits``, ``seed`` and the ``oracle``.
    CITED: ``oracle`` is the source, ``scope`` its hypotheses.  FALSE: ``scope`` is the witness.
    """

    status: Status
    scope: str
    points: int = 0
    digits: int = 0
    seed: int | None = None
    oracle: str = ""

    def __str__(self) -> str:
        if self.status is Status.TESTED:
            seed = "" if self.seed is None else f", seed {self.seed}"
            return f"TESTED ({self.points} points, {self.digits} digits{seed}; {self.oracle})"
        if self.status is Status.CITED:
            return f"CITED ({self.oracle}: {self.scope})" if self.scope else f"CITED ({self.oracle})"
        return f"{self.status.name} ({self.scope})" if self.scope else self.status.name


@dataclass(frozen=True)
class Verdict:
    """All evidence for one step."""

    evidence: tuple[Evidence, ...] = ()

    @property
    def status(self) -> Status:
        found = [piece.status for piece in self.evidence]
        if not found:
            return Status.UNCHECKED
        return Status.FALSE if Status.FALSE in found else max(found)

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(self.evidence + other.evidence)

    def __str__(self) -> str:
        return "; ".join(str(piece) for piece in self.evidence) or Status.UNCHECKED.name


def proved(scope: str) -> Verdict:
    """Decided symbolically, by a second road: ``scope`` says what was decided and for which values."""
    return Verdict((Evidence(Status.PROVED, scope),))


def tested(points: int, digits: int, oracle: str, seed: int | None = None, scope: str = "") -> Verdict:
    """Agreed with ``oracle`` to ``digits`` digits at ``points`` points.  One point is no test: it stays UNCHECKED."""
    status = Status.TESTED if points > 1 else Status.UNCHECKED
    return Verdict((Evidence(status, scope, points, digits, seed, oracle),))


def cited(source: str, hypotheses: str = "") -> Verdict:
    """Rests on a theorem of the literature, with the hypotheses named."""
    return Verdict((Evidence(Status.CITED, hypotheses, oracle=source),))


def false(witness: str) -> Verdict:
    """Refuted: ``witness`` says where the claim fails."""
    return Verdict((Evidence(Status.FALSE, witness),))


def unchecked(reason: str) -> Verdict:
    """No check could decide: ``reason`` says why."""
    return Verdict((Evidence(Status.UNCHECKED, reason),))
