"""What a training leaves: curves over the recorded times, and the parameters at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Training:
    r"""Curves over T recorded times, of the function f that was trained and of its linearization (``lin``) that was trained beside it by the same rule.

    NumPy arrays; an entry that was not recorded is None.

    * ``t`` (T,): steps, or times of the flow.
    * ``f_train``, ``f_lin_train`` (T, N, k); ``f_test``, ``f_lin_test`` (T, M, k).
    * ``loss``, ``loss_lin`` (T,): the sum over the training set, without the ridge term.
    * ``movement`` (T,): $\|\theta_t - \theta_0\|$; ``movement_lin``: $\|w_t\|$; ``layer_movement``, ``layer_movement_lin`` (T, layers), named by ``layers``.
    * ``kernel_change`` (T,): $\|\hat\Theta_t - \hat\Theta_0\|_F/\|\hat\Theta_0\|_F$ on the training inputs; ``lambda_max`` (T,): the top of $\hat\Theta_t$;
      ``kernel_norm``: $\|\hat\Theta_0\|_F$.
    * ``params``, ``params_lin``: the parameters at the last time.
    * ``edge``: the learning rate at which steps on the linearization stop converging, inf for a flow, nan where it is not known.
    * ``at_rest``, ``at_rest_lin``: the time when a flow came to rest, None where it did not; ``steps``, ``steps_lin``: steps of descent, or of the integrator.
    """

    t: np.ndarray
    loss: np.ndarray
    loss_lin: np.ndarray | None
    f_train: np.ndarray | None
    f_test: np.ndarray | None
    f_lin_train: np.ndarray | None
    f_lin_test: np.ndarray | None
    layers: tuple[str, ...]
    layer_movement: np.ndarray | None
    layer_movement_lin: np.ndarray | None
    kernel_change: np.ndarray | None
    lambda_max: np.ndarray | None
    kernel_norm: float | None
    params: Any = field(repr=False)
    params_lin: Any = field(repr=False)
    dynamics: str
    learning_rate: float | None
    edge: float
    at_rest: float | None
    at_rest_lin: float | None
    steps: int
    steps_lin: int
    seconds: float

    @property
    def movement(self) -> np.ndarray | None:
        return None if self.layer_movement is None else np.linalg.norm(self.layer_movement, axis=1)

    @property
    def movement_lin(self) -> np.ndarray | None:
        return None if self.layer_movement_lin is None else np.linalg.norm(self.layer_movement_lin, axis=1)

    def __str__(self) -> str:
        """A table of at most twelve of the times."""
        columns: list[tuple[str, np.ndarray]] = [("t", self.t), ("loss", self.loss)]
        if self.loss_lin is not None:
            columns.append(("loss lin", self.loss_lin))
        for name, one, other in (("train", self.f_train, self.f_lin_train), ("test", self.f_test, self.f_lin_test)):
            if one is not None and other is not None:
                columns.append((f"|f-lin| {name}", np.linalg.norm((one - other).reshape(len(self.t), -1), axis=1)))
        optional = (("|theta-theta0|", self.movement), ("|w|", self.movement_lin), ("dNTK/NTK", self.kernel_change), ("lambda_max", self.lambda_max))
        columns += [(name, values) for name, values in optional if values is not None]
        rows = np.unique(np.linspace(0, len(self.t) - 1, 12).round().astype(int))
        wide = [max(11, len(name)) for name, _ in columns]
        lines = ["  ".join(f"{name:>{w}}" for (name, _), w in zip(columns, wide, strict=True))]
        lines += ["  ".join(f"{values[row]:>{w}.4g}" for (_, values), w in zip(columns, wide, strict=True)) for row in rows]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Training({self.dynamics}, {len(self.t)} times up to {self.t[-1]:g}, loss {self.loss[0]:.4g} -> {self.loss[-1]:.4g})"
