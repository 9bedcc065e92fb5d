"""``kernel_fn(network)``: the emitted module, run; with checks of concrete arrays in front of it."""

from __future__ import annotations

import inspect
import numbers
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp

from ntksym.errors import LoweringError, NetworkError, PrecisionWarning, ShapeError
from ntksym.evaluate.bounds import kernel_bounds
from ntksym.evaluate.emission import emit, program
from ntksym.evaluate.parameters import check_domains, concrete
from ntksym.lowering import Program, load_source
from ntksym.network import Network


class KernelFn:
    """``k(x1, x2=None, get="ntk", *, sigma_w=..., sigma_b=..., <activation parameters>, batch_size=None, diagonal=False)``.

    x1 is (N1, d), x2 (N2, d) or None for x1 again; the kernel is (N1, N2), or (N1,) with ``diagonal``.  ``get`` is "nngp", "ntk" or a tuple of names
    (a named tuple comes back).  ``source`` is the module that runs.  Concrete arrays are checked (ShapeError); tracers pass, so jit, vmap and grad work.
    """

    def __init__(self, source: str, lowered: Program) -> None:
        self.source = source
        self._program = lowered
        self._namespace: Mapping[str, Any] = load_source(source)
        self._compiled: Callable[..., Any] = self._namespace["kernel_fn"]
        self.__signature__ = inspect.signature(self._compiled)
        self.__name__ = "kernel_fn"
        self.__doc__ = self._namespace["kernel_fn"].__doc__

    @property
    def duals(self) -> MappingProxyType[str, Callable[..., Any]]:
        """The generated dual functions by name: f(q11, q12, q22, <parameters>) -> (V, V')."""
        return MappingProxyType({dual.name: self._namespace[dual.name] for dual in (*self._program.duals, *self._program.numeric)})

    def __call__(self, x1: Any, x2: Any = None, get: str | tuple[str, ...] = "", **keywords: Any) -> Any:
        get = self.__signature__.parameters["get"].default if get == "" else tuple(get) if isinstance(get, list) else get
        self._check_names(get, keywords)
        x1 = _checked_array(x1, "x1")
        x2 = None if x2 is None else _checked_array(x2, "x2")
        x1, x2 = _in_precision(x1, x2)
        _check_pair(x1, x2, bool(keywords.get("diagonal", False)))
        self._check_numbers(keywords)
        self._check_existence(x1, x2, keywords)
        return self._compiled(x1, x2, get, **keywords)

    @property
    def kind(self) -> str:
        """What ``error_bound`` is: "estimate" (or "rigorous", where every part of it is enclosed)."""
        return "estimate"

    def error_bound(self, x1: Any, x2: Any = None, get: str | tuple[str, ...] = "", **keywords: Any) -> Any:
        """Absolute error bounds of what the kernel returns, in the same shape: those of every layer's dual, carried through the recursion to first order.

        Takes concrete arrays and the keywords of the kernel, but ``batch_size``.
        """
        get = self.__signature__.parameters["get"].default if get == "" else tuple(get) if isinstance(get, list) else get
        self._check_names(get, keywords)
        diagonal = bool(keywords.pop("diagonal", False))
        keywords.pop("batch_size", None)
        if not all(concrete(entry) for entry in (x1, x2, *keywords.values())):
            raise ShapeError("a tracer", where="error_bound", why="the bound looks at numbers", fix="call it outside jit, vmap and grad")
        x1, x2 = _in_precision(_checked_array(x1, "x1"), None if x2 is None else _checked_array(x2, "x2"))
        _check_pair(x1, x2, diagonal)
        self._check_numbers(keywords)
        found = kernel_bounds(self._program, self._namespace, x1, x2, keywords, diagonal)
        if isinstance(get, str):
            return found[get]
        return self._namespace["_KERNELS"][get](*(found[name] for name in get))

    def __repr__(self) -> str:
        return f"kernel_fn{self.__signature__}"

    def _check_names(self, get: str | tuple[str, ...], keywords: dict[str, Any]) -> None:
        outputs = self._program.outputs
        names = (get,) if isinstance(get, str) else tuple(get)
        if not names or len(set(names)) != len(names) or any(name not in outputs for name in names):
            raise NetworkError(
                f"get={get!r}",
                where="kernel_fn",
                why=f"this kernel has the outputs {', '.join(outputs)}",
                fix="ask for one by name, or for a tuple of distinct names",
            )
        batch_size = keywords.get("batch_size")
        if batch_size is not None and (isinstance(batch_size, bool) or not isinstance(batch_size, numbers.Integral) or batch_size < 1):
            raise NetworkError(
                f"batch_size={batch_size!r}", where="kernel_fn", why="rows come in whole blocks", fix="give a positive integer, or None for all at once"
            )
        allowed = {k.name for k in self._program.keywords} | {"batch_size", "diagonal"}
        for name in keywords:
            if name not in allowed:
                raise NetworkError(
                    f"unknown keyword {name!r}", where="kernel_fn", why=f"the keywords are {', '.join(sorted(allowed))}", fix="check the spelling"
                )
        missing = [k.name for k in self._program.keywords if k.default is None and k.name not in keywords]
        if missing:
            raise NetworkError(
                f"{', '.join(missing)} not given",
                where="kernel_fn",
                why="the activation leaves it free and it has no default",
                fix=f"call k(..., {missing[0]}=...)",
            )

    def _check_numbers(self, keywords: dict[str, Any]) -> None:
        count = self._program.dense_count
        for keyword in self._program.keywords:
            if keyword.name not in keywords or not concrete(keywords[keyword.name]):
                continue
            given = keywords[keyword.name]
            try:
                value = np.asarray(given, dtype=float)
            except (TypeError, ValueError):
                raise NetworkError(f"{keyword.name}={given!r} is no number", where="kernel_fn", fix="give a real number") from None
            if value.shape not in (((), (count,)) if keyword.per_layer else ((),)):
                what = f"a scalar or {count} entries, one per Dense" if keyword.per_layer else "a scalar"
                raise NetworkError(
                    f"{keyword.name} has shape {value.shape}", where="kernel_fn", why=f"the network has {count} Dense layers", fix=f"give {what}"
                )
            if not np.isfinite(value).all():
                raise NetworkError(f"{keyword.name}={given!r} is not finite", where="kernel_fn", fix="give a real number")
            check_domains((keyword,), keywords, "kernel_fn")
            if keyword.name == "sigma_w" and (value <= 0).any():
                raise NetworkError(
                    f"sigma_w={given!r}",
                    where="kernel_fn",
                    why="sigma_w is a standard deviation, and a layer of weight zero cuts the network",
                    fix="give positive numbers",
                )
            if keyword.name == "sigma_b" and (value < 0).any():
                raise NetworkError(f"sigma_b={given!r}", where="kernel_fn", why="sigma_b is a standard deviation", fix="give nonnegative numbers")

    def _check_existence(self, x1: Any, x2: Any, keywords: dict[str, Any]) -> None:
        """Where an expectation exists for small variances only, the variances of all layers are computed and looked at."""
        if all(dual.exists_on_diagonal == sp.true for dual in self._program.duals):
            return
        arrays = [x for x in (x1, x2) if x is not None]
        if not all(concrete(entry) for entry in (*arrays, *keywords.values())):
            return
        own = {k: v for k, v in keywords.items() if k not in ("batch_size", "diagonal")}
        for name, x in zip(("x1", "x2"), arrays, strict=False):
            values = np.asarray(self._compiled(x, None, self._program.outputs[0], diagonal=True, **own))
            if np.isnan(values).any():
                row = int(np.argmax(np.isnan(values)))
                conditions = "; ".join(str(dual.exists_on_diagonal) for dual in self._program.duals if dual.exists_on_diagonal != sp.true)
                raise ShapeError(
                    f"row {row} of {name} leads to a variance outside {conditions}",
                    where="kernel_fn",
                    why="the activation is square-integrable only under Gaussians of small variance, so the kernel is infinite there",
                    fix="scale the inputs down, or take a smaller sigma_w or sigma_b",
                )


def _checked_array(x: Any, name: str) -> Any:
    """``x`` as something the generated code takes; raises ShapeError where a concrete array is not usable."""
    if not concrete(x):
        return x
    if isinstance(x, jax.Array):
        array: Any = x
    else:
        try:
            array = np.asarray(x)
        except ValueError:
            raise ShapeError(f"{name} is ragged", where="kernel_fn", why="all inputs have the same number of entries", fix="give an (N, d) array") from None
        if array.dtype == object:
            raise ShapeError(f"{name} holds objects, or rows of different length", where="kernel_fn", fix="give an (N, d) array of floats")
    if array.ndim != 2:
        raise ShapeError(
            f"{name} has shape {array.shape}",
            where="kernel_fn",
            why="each row is one input",
            fix="give (N, d); one input is x[None, :], one feature x[:, None]",
        )
    if 0 in array.shape:
        raise ShapeError(f"{name} has shape {array.shape}: nothing in it", where="kernel_fn", fix="give at least one row and one column")
    if array.dtype not in (np.dtype("float32"), np.dtype("float64")):
        raise ShapeError(
            f"{name} has dtype {array.dtype}",
            where="kernel_fn",
            why="kernels are computed in the dtype of the inputs, float32 or float64",
            fix=f"use {name}.astype('float64')",
        )
    if not bool(np.isfinite(np.asarray(array)).all()):
        bad = int(np.argmax(~np.isfinite(np.asarray(array)).all(axis=1)))
        raise ShapeError(f"{name} holds NaN or infinity (row {bad})", where="kernel_fn", fix="remove or fill those entries")
    return array


def _in_precision(*arrays: Any) -> tuple[Any, ...]:
    """Concrete float64 NumPy arrays as float32, with one PrecisionWarning, while JAX is in 32-bit mode; everything else as it is."""
    wide = [isinstance(x, np.ndarray) and x.dtype == np.float64 and not jax.config.jax_enable_x64 for x in arrays]
    if any(wide):
        warnings.warn(
            "the inputs are float64, but JAX is in 32-bit mode: the kernel is computed in float32. Use `with jax.enable_x64(True):`, or pass float32.",
            PrecisionWarning,
            stacklevel=3,
        )
    return tuple(jnp.asarray(x, dtype=jnp.float32) if is_wide else x for x, is_wide in zip(arrays, wide, strict=True))


def _check_pair(x1: Any, x2: Any, diagonal: bool) -> None:
    if x2 is None or not (concrete(x1) and concrete(x2)):
        return
    if x1.dtype != x2.dtype:
        raise ShapeError(
            f"x1 is {x1.dtype} and x2 {x2.dtype}", where="kernel_fn", why="the kernel is computed in the dtype of its inputs", fix="convert one of them"
        )
    if x1.shape[1] != x2.shape[1]:
        raise ShapeError(
            f"x1 has {x1.shape[1]} columns, x2 {x2.shape[1]}", where="kernel_fn", why="both hold inputs of one network", fix="give arrays of the same d"
        )
    if diagonal and len(x1) != len(x2):
        raise ShapeError(
            f"diagonal=True with {len(x1)} and {len(x2)} rows", where="kernel_fn", why="it pairs row i with row i", fix="give arrays of the same length"
        )


def kernel_fn(network: Network, target: str = "ntk") -> KernelFn:
    """The kernels of ``network`` as a callable; equal networks share source and compiled code, and changing a sigma recompiles nothing.

    LoweringError where no code can be generated (see :func:`ntksym.emit`).
    """
    if not isinstance(network, Network):
        raise LoweringError(f"{network!r} is no network", where="kernel_fn", fix="make one with ntksym.fcn(depth, activation) or ntksym.Network([...])")
    return KernelFn(emit(network, target), program(network, target))
