"""A line of text on standard error that says how far a training has got."""

from __future__ import annotations

import sys
import time

WIDTH = 24


class Progress:
    """Rewrites one line on a terminal; elsewhere, writes a line at every tenth."""

    def __init__(self, end: float, shown: bool) -> None:
        self._end, self._shown, self._begin, self._tenth = end, shown, time.perf_counter(), -1

    def show(self, t: float, loss: float) -> None:
        """Now at time t."""
        if not self._shown:
            return
        part = min(1.0, t / self._end) if 0 < self._end < float("inf") else float(t >= self._end)
        bar = "#" * round(WIDTH * part)
        text = f"train [{bar:<{WIDTH}}] t = {t:g} of {self._end:g}, loss {loss:.4g}, {time.perf_counter() - self._begin:.1f} s"
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{text:<79}" + ("\n" if part >= 1 else ""))
        elif int(10 * part) > self._tenth:
            sys.stderr.write(text + "\n")
        self._tenth = int(10 * part)
        sys.stderr.flush()
