"""The fully connected network of L hidden layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from ntksym.errors import NetworkError
from ntksym.network import values
from ntksym.network.critical import critical_deviation
from ntksym.network.dense import Dense
from ntksym.network.network import Network, Repeat
from ntksym.network.pointwise import Pointwise


def fcn(
    depth: Any,
    activation: Any,
    *,
    sigma_w: Any = 1.0,
    sigma_b: Any = 0.0,
    parameterization: str = "ntk",
    widths: Any = None,
    out: int | None = 1,
    W_std: Any = None,
    b_std: Any = None,
) -> Network:
    """A fully connected network with ``depth`` hidden layers, the same activation in each, and an output Dense of width ``out``.

    ``depth`` is a positive int, or a positive integer SymPy symbol for the general theorem (then with activation ``Function("phi")``, or any other).
    ``sigma_w``, ``sigma_b`` (aliases ``W_std``, ``b_std``): standard deviations, one number or one per Dense (depth + 1 of them); a literal 0 for ``sigma_b``
    means no bias terms; ``sigma_w="critical"`` takes the critical value where phi is positively homogeneous and there are no biases.
    ``widths``: the hidden ones, an int means all equal, None leaves them open.
    """
    where = "fcn"
    sigma_w = _alias(sigma_w, 1.0, W_std, "sigma_w", "W_std")
    sigma_b = _alias(sigma_b, 0.0, b_std, "sigma_b", "b_std")
    hidden = _read_depth(depth, where)
    pointwise = activation if isinstance(activation, Pointwise) else Pointwise(activation)
    if isinstance(sigma_w, str):
        if sigma_w != "critical":
            raise NetworkError(f"sigma_w={sigma_w!r} is no number", where=where, fix="give a positive number, or 'critical'")
        sigma_w = critical_deviation(pointwise, values.bias_deviation(sigma_b, where) if not isinstance(sigma_b, list | tuple) else sp.S.NaN)
    if isinstance(hidden, sp.Symbol):
        if widths is not None or isinstance(sigma_w, list | tuple) or isinstance(sigma_b, list | tuple):
            raise NetworkError(
                "widths or sigmas per layer with a symbolic depth", where=where, why="their number is not known", fix="leave widths out and give one sigma"
            )
        dense = Dense(sigma_w, sigma_b, parameterization=parameterization)
        return Network([dense, Repeat((pointwise, dense), hidden)])
    w = _per_layer(sigma_w, hidden + 1, "sigma_w", where)
    b = _per_layer(sigma_b, hidden + 1, "sigma_b", where)
    n = [*_widths(widths, hidden, where), values.width(out, where)]
    layers: list[Any] = [Dense(w[0], b[0], n[0], parameterization)]
    for level in range(1, hidden + 1):
        layers += [pointwise, Dense(w[level], b[level], n[level], parameterization)]
    return Network(layers)


def _alias(value: Any, default: Any, other: Any, name: str, alias: str) -> Any:
    if other is None:
        return value
    if not (isinstance(value, float) and value == default):
        raise NetworkError(f"both {name} and {alias} are given", where="fcn", why="they are two names of one number", fix=f"give {name} only")
    return other


def _read_depth(depth: Any, where: str) -> int | sp.Symbol:
    if isinstance(depth, sp.Symbol) and depth.is_integer and depth.is_positive:
        return depth
    if isinstance(depth, bool) or not isinstance(depth, int | sp.Integer) and not hasattr(depth, "__index__"):
        raise NetworkError(
            f"depth {depth!r} is no integer",
            where=where,
            why="depth counts hidden layers",
            fix="give an integer from 1 on, or Symbol('L', integer=True, positive=True) for the general theorem",
        )
    number = int(depth)
    if number < 1:
        raise NetworkError(
            f"depth {number}",
            where=where,
            why="depth counts hidden layers; without one the network is linear and its kernel is the input Gram",
            fix="give an integer from 1 on",
        )
    return number


def _per_layer(value: Any, count: int, name: str, where: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        return [value] * count
    if len(value) != count:
        raise NetworkError(
            f"{name} has {len(value)} entries for {count} Dense layers",
            where=where,
            why="one entry belongs to each Dense, the output layer included",
            fix=f"give one number, or {count} of them",
        )
    return value


def _widths(value: Any, hidden: int, where: str) -> list[int | None]:
    if not isinstance(value, list | tuple):
        return [values.width(value, where)] * hidden
    if len(value) != hidden:
        raise NetworkError(f"widths has {len(value)} entries for {hidden} hidden layers", where=where, fix=f"give one integer, or {hidden} of them")
    return [values.width(entry, where) for entry in value]
