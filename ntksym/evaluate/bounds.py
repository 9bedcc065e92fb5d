"""An error bound for a depth-L kernel: the bounds of the layers' duals, carried through the recursion to first order.

Every number x is carried with a bound e for its error.  A sum or product of the recursion passes on sum_k |df/dx_k| e_k and a few roundings.  A dual adds
its own bound, and passes on |dV/dq| e with the derived partial derivatives; for V', whose derivative by q12 may be infinite at correlation +-1, also
the change over q12 +- e.  It is an estimate as its parts are, and first order: it says nothing where the bounds are not small.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp

from ntksym.evaluate.duals import rounding
from ntksym.lowering import Program
from ntksym.lowering.printers.jax import FUNCTIONS
from ntksym.lowering.program import Assign, Call, Line, OnesLike, Pass, Snap

Array = Any


@dataclass(frozen=True)
class Bounded:
    """A number and a bound for its error."""

    value: Array
    error: Array


def kernel_bounds(program: Program, namespace: Mapping[str, Any], x1: Array, x2: Array | None, keywords: Mapping[str, Any], diagonal: bool) -> dict[str, Array]:
    """Absolute error bounds of every output, of the shape of the kernel."""
    parameters = _parameters(program, namespace, keywords, x1.dtype)
    n0, eps = x1.shape[1], float(np.finfo(x1.dtype).eps)
    parameters["n0"] = np.asarray(n0, x1.dtype)
    grow = 2 * eps * n0**0.5
    s11 = np.sum(np.asarray(x1) ** 2, axis=1) / n0
    s22 = s11 if x2 is None else np.sum(np.asarray(x2) ** 2, axis=1) / n0
    walk = functools.partial(_pass, program=program, namespace=namespace, parameters=parameters, eps=eps)
    same = {"s11": Bounded(s11, grow * s11)}
    if diagonal and x2 is None:
        return dict(zip(program.outputs, walk(program.diagonal, same), strict=True))
    other = np.asarray(x1 if x2 is None else x2)
    if diagonal:
        s12 = np.sum(np.asarray(x1) * other, axis=1) / n0
    else:
        s12 = np.asarray(x1) @ other.T / n0
        s11, s22 = s11[:, None], s22[None, :]
    snapped = np.asarray(namespace["_snap"](s11, s12, s22, 32 + 2 * n0**0.5))
    error = grow * np.sqrt(s11) * np.sqrt(s22) + np.abs(snapped - s12)
    grams = {"s11": Bounded(s11, grow * s11), "s12": Bounded(snapped, error), "s22": Bounded(s22, grow * s22)}
    found = walk(program.off_diagonal, grams)
    if x2 is None:
        exact = walk(program.diagonal, same)
        found = [np.where(np.eye(len(s11), dtype=bool), d[:, None], k) for d, k in zip(exact, found, strict=True)]
    return dict(zip(program.outputs, found, strict=True))


def _parameters(program: Program, namespace: Mapping[str, Any], keywords: Mapping[str, Any], dtype: Any) -> dict[str, Array]:
    out = {}
    for keyword in program.keywords:
        read = namespace["_per_layer" if keyword.per_layer else "_scalar"]
        out[keyword.name] = np.asarray(read(keyword.name, keywords.get(keyword.name, keyword.default), dtype))
    return out


def _pass(layers: Pass, grams: dict[str, Bounded], *, program: Program, namespace: Mapping[str, Any], parameters: dict[str, Array], eps: float) -> list[Array]:
    per_layer = {k.name for k in program.keywords if k.per_layer}

    def at(dense: int) -> dict[str, Bounded]:
        return {name: Bounded(value[dense] if name in per_layer else value, np.zeros_like(value, shape=())) for name, value in parameters.items()}

    known = {**grams, **at(0)}
    for name in per_layer:
        known |= {f"{name}[{k}]": Bounded(value, np.zeros(())) for k, value in enumerate(parameters[name])}
    numeric = {dual.name for dual in program.numeric}
    for line in layers.base:
        _line(line, known, namespace, numeric, eps)
    state = {name: known[name] for name in layers.state}
    for stage in layers.stages:
        for dense in range(stage.first_dense, stage.first_dense + stage.repeat):
            known = {**state, **at(dense)}
            for line in stage.lines:
                _line(line, known, namespace, numeric, eps)
            state = {name: known.get(f"{name}_new", known[name]) for name in layers.state}
    shape = np.broadcast_shapes(*(np.shape(entry.value) for entry in grams.values()))
    return [np.broadcast_to(state[name].error, shape) for name in layers.outputs]


def _line(line: Line, known: dict[str, Bounded], namespace: Mapping[str, Any], numeric: set[str], eps: float) -> None:
    """One line of the program, carried out on bounded numbers."""
    if isinstance(line, Assign):
        known[line.name] = _assigned(line.value, known, namespace, eps)
    else:
        known.update(zip(line.targets, _called(line, known, namespace, numeric, eps), strict=True))


def _assigned(expression: sp.Expr, known: dict[str, Bounded], namespace: Mapping[str, Any], eps: float) -> Bounded:
    if isinstance(expression, Snap):
        parts = [_assigned(argument, known, namespace, eps) for argument in expression.args]
        moved = np.asarray(namespace["_snap"](*(part.value for part in parts)))
        return Bounded(moved, parts[1].error + np.abs(moved - parts[1].value))
    names = sorted(str(s) for s in expression.free_symbols)
    if expression.atoms(sp.Function) - expression.atoms(OnesLike):
        return _closed(expression, [known[name] for name in names], namespace, eps)
    value, slopes = _functions(expression)
    arguments = [known[name].value for name in names]
    found = value(*arguments)
    error = 4 * eps * np.abs(found)
    for name, slope in zip(names, slopes, strict=True):
        error = error + np.abs(slope(*arguments)) * known[name].error
    return Bounded(found, error)


def _closed(expression: sp.Expr, inputs: list[Bounded], namespace: Mapping[str, Any], eps: float) -> Bounded:
    """A closed form written out in the recursion (an average of two functions): its slopes by automatic differentiation of the functions that run."""
    symbols = sorted(expression.free_symbols, key=str)
    arguments = [sp.Dummy() for _ in symbols]
    heads = {head: namespace[code] for head, code in FUNCTIONS.items() if code in namespace}
    function = sp.lambdify(arguments, expression.xreplace(dict(zip(symbols, arguments, strict=True))), [heads, "jax"])
    arrays = [jnp.asarray(entry.value) for entry in inputs]
    values, slopes = _with_slopes(lambda *at: (function(*at),))(arrays, [])
    error = 32 * eps * np.abs(np.asarray(values[0]))
    for slope, entry in zip(slopes[0], inputs, strict=True):
        error = error + np.abs(np.asarray(slope)) * entry.error
    return Bounded(np.asarray(values[0]), error)


@functools.lru_cache(maxsize=512)
def _functions(expression: sp.Expr) -> tuple[Callable[..., Array], tuple[Callable[..., Array], ...]]:
    symbols = sorted(expression.free_symbols, key=str)
    arguments = [sp.Dummy() for _ in symbols]  # names such as sigma_w[2] are no identifiers
    modules: list[Any] = [{"OnesLike": np.ones_like}, "numpy"]
    functions = [sp.lambdify(arguments, e.xreplace(dict(zip(symbols, arguments, strict=True))), modules) for e in (expression, *map(expression.diff, symbols))]
    return functions[0], tuple(functions[1:])


def _called(line: Call, known: dict[str, Bounded], namespace: Mapping[str, Any], numeric: set[str], eps: float) -> list[Bounded]:
    """V and V' (or the two squares) of one layer."""
    inputs = [_assigned(argument, known, namespace, eps) for argument in line.arguments]
    own = [known[name].value for name in line.parameters]
    pair = line.function.removesuffix("_diagonal") if len(inputs) == 1 else line.function
    bound = _compiled(namespace[f"{pair}_bound"]) if pair in numeric else _rounding(namespace[pair], namespace[f"{pair}_diagonal"])
    if len(inputs) == 1:  # one shape for rows and columns, so that they share compiled code
        shape = np.shape(inputs[0].value)
        inputs = [Bounded(np.ravel(inputs[0].value), np.ravel(np.broadcast_to(inputs[0].error, shape)))]
    arrays = [jnp.asarray(entry.value) for entry in inputs]
    values, slopes = _with_slopes(namespace[line.function])(arrays, own)
    bounds = bound(*(arrays * 3 if len(inputs) == 1 else arrays), *own)
    out = []
    for k in (0, 1):
        error = np.asarray(bounds[k], dtype=float)
        for slope, entry in zip(slopes[k], inputs, strict=True):
            error = error + np.abs(np.asarray(slope)) * entry.error
        out.append(error)
    if len(inputs) == 1:
        return [Bounded(np.asarray(value).reshape(shape), error.reshape(shape)) for value, error in zip(values, out, strict=True)]
    edge = np.sqrt(np.asarray(arrays[0], dtype=float)) * np.sqrt(np.asarray(arrays[2], dtype=float))
    for side in (-1, 1):
        moved = np.clip(np.asarray(arrays[1], dtype=float) + side * inputs[1].error, -edge, edge).astype(arrays[1].dtype)
        other = _compiled(namespace[line.function])(arrays[0], jnp.asarray(moved), arrays[2], *own)[1]
        change = np.abs(np.asarray(other, dtype=float) - np.asarray(values[1], dtype=float))
        out[1] = np.maximum(out[1], np.asarray(bounds[1]) + np.where(np.isfinite(change), change, 0))
    return [Bounded(np.asarray(value), error) for value, error in zip(values, out, strict=True)]


@functools.lru_cache(maxsize=64)
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    return jax.jit(function)


@functools.lru_cache(maxsize=64)
def _rounding(pair: Callable[..., Any], diagonal: Callable[..., Any]) -> Callable[..., Any]:
    return jax.jit(functools.partial(rounding, pair, diagonal))


@functools.lru_cache(maxsize=64)
def _with_slopes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Both results and their derivatives by each of the variances and the covariance."""

    def both(arrays: list[Any], own: list[Any]) -> Any:
        def along(choice: Any) -> Any:
            tangents = tuple(jnp.full_like(entry, 1) * choice[k] for k, entry in enumerate(arrays))
            return jax.jvp(lambda *q: function(*q, *own), tuple(arrays), tangents)

        return jax.vmap(along, out_axes=(None, 0))(jnp.eye(len(arrays), dtype=arrays[0].dtype))

    return jax.jit(both)
