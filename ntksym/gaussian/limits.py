"""A derivation never hangs: past a stated number of seconds, or for a stated size, the engine stops and says so.

The numbers are limits of patience, not of mathematics: what they stop is handed to the numeric fallback with that reason.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import sympy as sp

from ntksym.gaussian.normal_form import OutsideClassError

SECONDS = 90.0  # for one dual, on the reader's machine
PAIRS = 150  # products of two atoms, each an expectation of its own
DEGREE = 40  # of the polynomial in one such product

_deadline: ContextVar[tuple[float, sp.Basic] | None] = ContextVar("deadline", default=None)


@contextmanager
def patience(term: sp.Basic) -> Iterator[None]:
    """Inside, :func:`check_patience` raises once SECONDS have passed."""
    token = _deadline.set((time.monotonic() + SECONDS, term))
    try:
        yield
    finally:
        _deadline.reset(token)


def check_patience() -> None:
    """Raise OutsideClassError where the time is up."""
    deadline = _deadline.get()
    if deadline is not None and time.monotonic() > deadline[0]:
        raise OutsideClassError(deadline[1], f"the closed form was not found within the limit of {SECONDS:.0f} s")


def check_size(term: sp.Basic, pairs: int, degree: int) -> None:
    """Raise OutsideClassError where the work ahead is beyond the limits."""
    if pairs > PAIRS:
        raise OutsideClassError(term, f"its dual has {pairs} products of atoms, beyond the limit of {PAIRS}")
    if degree > DEGREE:
        raise OutsideClassError(term, f"its dual has a product of degree {degree}, beyond the limit of {DEGREE}")
