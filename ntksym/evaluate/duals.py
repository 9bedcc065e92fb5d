"""``dual_fn(phi)``: V and V' as numbers, through the generated code of the closed form or of the quadrature, with an error bound."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp

from ntksym import gaussian
from ntksym._version import __version__
from ntksym.activations import activation
from ntksym.errors import LoweringError, NetworkError, PrecisionWarning, ShapeError, ToleranceWarning
from ntksym.evaluate.parameters import check_domains, concrete
from ntksym.forms import DualForm, NumericDual, OutsideClass
from ntksym.gaussian.fallback import for_code, without_numbers
from ntksym.lowering import dual_source, load_source, lower_form, parameter_names
from ntksym.lowering.program import DualFunction, Keyword, NumericFunction

_ROUNDING = 256  # of the closed forms, in units of the last place: an estimate, measured against 30 digits


class DualFn:
    """``f(q11, q12, q22, **parameters) -> (V, V')`` for u, v ~ N(0, [[q11, q12], [q12, q22]]), in jax.

    Inputs broadcast; float32 or float64; jit, vmap and grad pass (dV/dq12 is V', the other derivatives are derived as well).  ``closed``: whether a closed
    form runs; else ``reason`` says why there is none.  ``error_bound(q11, q12, q22)`` gives absolute bounds for the errors of V and of V', and ``kind`` says
    what they are: "estimate" (truncation by Parseval, a second node set, rounding), or "rigorous".  ``source`` is the module that runs.
    """

    kind = "estimate"

    def __init__(self, name: str, form: DualForm | NumericDual, defaults: Mapping[str, float], tolerance: float | None) -> None:
        dual, keywords = _lowered(form, name)
        self.__name__ = dual.name
        self.closed = isinstance(form, DualForm)
        self.reason = None if isinstance(form, DualForm) else form.reason
        self.source = _source(form, name)
        # one keyword per parameter of the form, in its order: its name is another where the letter is taken in generated code
        self.parameters = MappingProxyType({k.name: defaults.get(str(symbol)) for symbol, k in zip(form.parameters, keywords, strict=True)})
        self.tolerance = tolerance
        self._dual, self._keywords = dual, keywords
        self._value, self._bound = _compiled(self.source, dual.name, self.closed)
        wanted = [inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in ("q11", "q12", "q22")]
        empty = inspect.Parameter.empty
        wanted += [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=empty if d is None else d) for n, d in self.parameters.items()]
        self.__signature__ = inspect.Signature(wanted)

    def __repr__(self) -> str:
        return f"{self.__name__}{self.__signature__}"

    def __call__(self, q11: Any, q12: Any, q22: Any, **parameters: Any) -> tuple[jax.Array, jax.Array]:
        arrays, values = self._checked(q11, q12, q22, parameters)
        V, dV = self._value(*arrays, *values)
        if concrete((arrays, values)):
            self._check_existence(V)
            if self.tolerance is not None:
                self._check_tolerance(arrays, values)
        return V, dV

    def error_bound(self, q11: Any, q12: Any, q22: Any, **parameters: Any) -> tuple[jax.Array, jax.Array]:
        """Absolute bounds for the errors of V and V', of the shape of the inputs."""
        arrays, values = self._checked(q11, q12, q22, parameters)
        return self._bound(*arrays, *values)

    def _checked(self, q11: Any, q12: Any, q22: Any, parameters: dict[str, Any]) -> tuple[list[Any], list[Any]]:
        where = self.__name__
        for name in parameters:
            if name not in self.parameters:
                known = f"its parameters are {', '.join(self.parameters)}" if self.parameters else "it has no parameters"
                raise NetworkError(f"unknown parameter {name!r}", where=where, why=known, fix="check the spelling")
        given = {**{k: v for k, v in self.parameters.items() if v is not None}, **parameters}
        missing = [name for name in self.parameters if name not in given]
        if missing:
            raise NetworkError(
                f"{', '.join(missing)} not given", where=where, why="the activation leaves it free and it has no default", fix=f"call f(..., {missing[0]}=...)"
            )
        check_domains(self._keywords, given, where)
        arrays = [_array(name, q, where) for name, q in (("q11", q11), ("q12", q12), ("q22", q22))]
        if concrete(arrays):
            _check_covariance(arrays, where)
        values = [given[name] for name in self.parameters]
        if not self.closed and any(jnp.ndim(value) for value in values):
            raise ShapeError("a parameter with several values", where=where, why="a computed dual takes one number each", fix="use jax.vmap over the parameter")
        dtypes = {jnp.asarray(q).dtype for q in arrays if hasattr(q, "dtype")}
        if len(dtypes) > 1:
            raise ShapeError(f"inputs of the dtypes {', '.join(sorted(map(str, dtypes)))}", where=where, why="one dtype for all", fix="convert one of them")
        dtype = dtypes.pop() if dtypes else jnp.result_type(float)
        return [jnp.asarray(q, dtype) for q in arrays], [jnp.asarray(value, dtype) for value in values]

    def _check_existence(self, V: jax.Array) -> None:
        if self._dual.exists != sp.true and bool(jnp.isnan(V).any()):
            raise ShapeError(
                f"a variance outside {self._dual.exists}",
                where=self.__name__,
                why="the activation is square-integrable only under Gaussians of small variance, so the expectation is infinite there",
                fix="take smaller variances",
            )

    def _check_tolerance(self, arrays: list[Any], values: list[Any]) -> None:
        reached = max(float(jnp.max(jnp.where(jnp.isnan(b), jnp.inf, b))) for b in self._bound(*arrays, *values))
        if reached > (self.tolerance or 0.0):
            warnings.warn(
                f"{self.__name__}: the error bound {reached:.1e} is above the tolerance {self.tolerance:.1e} that was asked for. "
                "The values are returned; use float64, or smaller variances.",
                ToleranceWarning,
                stacklevel=3,
            )


@functools.lru_cache(maxsize=256)
def _lowered(form: DualForm | NumericDual, name: str) -> tuple[DualFunction | NumericFunction, tuple[Keyword, ...]]:
    return lower_form(form, name)


@functools.lru_cache(maxsize=256)
def _source(form: DualForm | NumericDual, name: str) -> str:
    return dual_source(_lowered(form, name)[0], f"Dual activation of {name}.", __version__)


@functools.lru_cache(maxsize=256)
def _compiled(source: str, name: str, closed: bool) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The pair and its error bound; equal sources share compiled code."""
    namespace = load_source(source)
    value, diagonal = namespace[name], namespace[f"{name}_diagonal"]
    return jax.jit(value), jax.jit(functools.partial(rounding, value, diagonal) if closed else namespace[f"{name}_bound"])


def rounding(value: Callable[..., Any], diagonal: Callable[..., Any], q11: Any, q12: Any, q22: Any, *parameters: Any) -> tuple[jax.Array, jax.Array]:
    """What rounding leaves of a closed form: a multiple of the unit roundoff of sqrt(E phi(u)^2 E phi(v)^2), and what an ulp of q12 moves."""
    V, dV = value(q11, q12, q22, *parameters)
    (g1, h1), (g2, h2) = diagonal(q11, *parameters), diagonal(q22, *parameters)
    eps = float(jnp.finfo(V.dtype).eps)
    size, slope = jnp.sqrt(g1) * jnp.sqrt(g2), jnp.sqrt(h1) * jnp.sqrt(h2)
    moved = jnp.where(jnp.isfinite(dV), jnp.abs(q12 * dV), 0)
    slope = jnp.where(jnp.isfinite(slope), slope, jnp.abs(dV))
    return _ROUNDING * eps * size + 4 * eps * moved, _ROUNDING * eps * slope


def _array(name: str, q: Any, where: str) -> Any:
    if not concrete(q) or isinstance(q, jax.Array):
        return q
    array = np.asarray(q)
    if array.dtype.kind not in "fiu" or array.dtype not in (np.float32, np.float64) and array.dtype.kind == "f":
        raise ShapeError(f"{name} has dtype {array.dtype}", where=where, why="duals are computed in float32 or float64", fix=f"use {name}.astype('float64')")
    if isinstance(q, np.ndarray) and array.dtype == np.float64 and not jax.config.jax_enable_x64:
        message = f"{name} is float64, but JAX is in 32-bit mode: the dual is computed in float32. Use `with jax.enable_x64(True):`, or pass float32."
        warnings.warn(message, PrecisionWarning, stacklevel=5)
        return array.astype(np.float32)
    if array.dtype.kind in "iu" and isinstance(q, np.ndarray):
        return array.astype(jnp.result_type(float))
    return array if isinstance(q, (np.ndarray, np.generic)) else array.astype(jnp.result_type(float)) if array.ndim else q


def _check_covariance(arrays: list[Any], where: str) -> None:
    """ShapeError where the numbers are no covariance matrix, beyond rounding."""
    a, c, b = (np.asarray(q, dtype=float) for q in arrays)
    try:
        np.broadcast_shapes(a.shape, c.shape, b.shape)
    except ValueError:
        raise ShapeError(f"shapes {a.shape}, {c.shape}, {b.shape}", where=where, why="they do not broadcast", fix="give arrays of one shape") from None
    if not all(np.isfinite(q).all() for q in (a, c, b)):
        raise ShapeError("NaN or infinity among q11, q12, q22", where=where, fix="give finite numbers")
    if (a < 0).any() or (b < 0).any():
        raise ShapeError("a negative variance", where=where, why="q11 and q22 are variances", fix="give nonnegative numbers")
    small = any(getattr(q, "dtype", None) == np.float32 for q in arrays) or not jax.config.jax_enable_x64
    if (np.abs(c) > np.sqrt(a) * np.sqrt(b) * (1 + (1e-5 if small else 1e-12))).any():
        raise ShapeError("|q12| above sqrt(q11 q22)", where=where, why="q11, q12, q22 are a covariance matrix", fix="check the order: q11, q12, q22")


def dual_fn(phi: Any, *, tolerance: float | None = None) -> DualFn:
    r"""V(q11, q12, q22) = E[phi(u) phi(v)] and V' = dV/dq12 as a jax function, closed or computed (a closed form of more than 600 operations is, too).

    ``phi`` is anything :func:`ntksym.activation` takes; its parameters are keywords of the function.  With ``tolerance``, a call with concrete numbers whose
    absolute error bound is larger gives a ToleranceWarning that names the bound.  LoweringError where no quadrature fits phi.
    """
    if tolerance is not None and not (isinstance(tolerance, (int, float)) and tolerance > 0):
        raise NetworkError(f"tolerance={tolerance!r}", where="dual_fn", why="it is an absolute error", fix="give a positive number, or None")
    row = activation(phi)
    form = gaussian.dual(row.phi).conclusion.claim
    if isinstance(form, OutsideClass) and not isinstance(form, NumericDual):
        raise LoweringError(
            f"the dual of phi(x) = {row.phi.expr} can neither be written in closed form nor computed here",
            where="dual_fn",
            why=f"{form.reason}; and {without_numbers(form.phi)}",
            fix="use another activation (see `ntksym list`)",
        )
    form = for_code(form)
    names = parameter_names(form.parameters, {})
    defaults = {names[symbol]: float(value) for symbol, value in row.defaults if symbol in names}
    name = row.name if row.name.isidentifier() else "phi"
    return DualFn(name, form, defaults, tolerance)
