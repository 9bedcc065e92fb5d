"""Derivations, statements, forms and expressions <-> JSON, over a closed table of heads.

    expression   [head, argument, ...]            head from the table below: SymPy classes, the nodes of ntksym, registered dataclasses
    symbol       ["Symbol", name, assumption, ...]
    number       ["Integer", "7"], ["Rational", "1", "3"], ["Constant", "pi"]; a Float is refused, for it is not exact
    dataclass    [name, {field: value, ...}]
    Python       null, true, text and integers as they are; ["tuple", ...]

Nothing is evaluated while loading: expressions are put together exactly as they were taken apart, and what does not fit is refused.
A loaded Derivation is marked ``stored`` until it is replayed.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from enum import Enum
from importlib import import_module
from typing import Any, TypeVar

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction
from sympy.core.symbol import Str
from sympy.functions.elementary.piecewise import ExprCondPair

from ntksym import forms, nodes
from ntksym.errors import NtksymError, RuleError, SerializationError
from ntksym.proof.derivation import Derivation, Step
from ntksym.proof.rule import RULES, Rule, find_rule
from ntksym.proof.statement import Assumption, Regime, Statement
from ntksym.proof.verdict import Evidence, Status, Verdict
from ntksym.sources import Citation

SCHEMA_VERSION = 1
_MAX_DEPTH = 400
# Rooms that register rules and heads; looked up by name, for they stand on higher floors.
_ROOMS = ("ntksym.gaussian", "ntksym.rules", "ntksym.catalogue", "ntksym.network", "ntksym.theory")
_SAFE_INTEGER = 2**53  # beyond it other readers of JSON round

_T = TypeVar("_T", bound=type)
_Head = type[sp.Basic]

# Heads whose constructor evaluates; evaluate=False keeps them as they were stored.
_EVALUATED: tuple[_Head, ...] = (
    *(sp.Add, sp.Mul, sp.Pow, sp.exp, sp.log, sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh, sp.asin, sp.acos, sp.atan, sp.atan2),
    *(sp.asinh, sp.acosh, sp.atanh),
    *(sp.erf, sp.erfc, sp.erfi, sp.Abs, sp.sign, sp.Heaviside, sp.DiracDelta, sp.Max, sp.Min, sp.Piecewise, sp.gamma, sp.factorial),
    *(sp.KroneckerDelta, sp.Derivative, sp.Eq, sp.Ne, sp.Lt, sp.Le, sp.Gt, sp.Ge, sp.And, sp.Or, sp.Not),
)
# Heads whose constructor only puts the arguments together.
_INERT: tuple[_Head, ...] = (sp.Sum, sp.Product, sp.Integral, sp.Indexed, sp.IndexedBase, sp.Idx, sp.Tuple, sp.Lambda, ExprCondPair, sp.Subs, sp.Interval)
_NODES: tuple[_Head, ...] = tuple(
    sorted(
        (c for c in vars(nodes).values() if isinstance(c, type) and issubclass(c, sp.Basic) and c.__module__.startswith(f"{nodes.__name__}.")),
        key=lambda c: c.__name__,
    )
)
_CONSTANTS: dict[str, sp.Basic] = {
    "pi": sp.pi,
    "E": sp.E,
    "I": sp.I,
    "oo": sp.oo,
    "-oo": -sp.oo,
    "zoo": sp.zoo,
    "true": sp.true,
    "false": sp.false,
    "Reals": sp.S.Reals,
    "IdentityFunction": sp.S.IdentityFunction,
    "IdentityVariable": sp.S.IdentityFunction.variables[0],  # SymPy gives Lambda(x, x) one fixed dummy
}
_CONSTANT_NAMES = {value: name for name, value in _CONSTANTS.items()}

_HEADS: dict[str, _Head] = {head.__name__: head for head in (*_EVALUATED, *_INERT, *_NODES)}
_ASSUMPTIONS = (
    *("commutative", "complex", "real", "extended_real", "integer", "rational", "positive", "nonnegative", "negative", "nonpositive", "nonzero", "zero"),
    *("finite", "infinite", "even", "odd", "prime", "composite", "algebraic", "transcendental", "irrational", "imaginary", "hermitian", "antihermitian"),
    *("noninteger", "polar", "extended_positive", "extended_negative", "extended_nonnegative", "extended_nonpositive", "extended_nonzero"),
)
# Tried in this order, so that a symbol is written with the few words it was made with.
_USUAL: tuple[tuple[str, ...], ...] = (
    (),
    ("real",),
    ("positive",),
    ("nonnegative",),
    ("integer",),
    ("integer", "positive"),
    ("integer", "nonnegative"),
    ("nonzero", "real"),
)

_DATACLASSES: dict[str, type] = {}
_ENUMS: dict[str, type[Enum]] = {"Regime": Regime, "Status": Status}


def register(cls: _T) -> _T:
    """Let frozen dataclass ``cls`` be a head; usable as a decorator.  Its fields are stored by name and given back to its constructor.

    The head is the class's name, or its ``json_head`` where that name is taken (by SymPy's Sum, say).
    """
    name = _head_of(cls)
    if not dataclasses.is_dataclass(cls) or name in _HEADS or _DATACLASSES.get(name, cls) is not cls:
        raise SerializationError(f"{name} cannot be a head", where="register", why="it is no dataclass, or the name is taken", fix="rename it")
    _DATACLASSES[name] = cls
    return cls


def _head_of(cls: type) -> str:
    return str(getattr(cls, "json_head", cls.__name__))


for _cls in (Statement, Assumption, Evidence, Verdict, Step, Derivation, Citation):
    register(_cls)
for _cls in (
    forms.DualForm,
    forms.CrossDualForm,
    forms.OutsideClass,
    forms.NumericDual,
    forms.Parameter,
    forms.Block,
    forms.Recursion,
    forms.Flow,
    forms.EnsembleFlow,
):
    register(_cls)


# -- writing -----------------------------------------------------------------------------------------------------------


def to_json(value: Any, *, indent: int | None = None) -> str:
    """``value`` as JSON text, the same bytes in every process; SerializationError where a part has no head in the table."""
    document = {"schema_version": SCHEMA_VERSION, "object": encode(value)}
    return json.dumps(document, indent=indent, ensure_ascii=False, separators=None if indent else (",", ":"))


def encode(value: Any) -> Any:
    """``value`` as nested lists, for a larger JSON document."""
    if value is None or isinstance(value, (bool, str)) and not isinstance(value, Enum):
        return value
    if isinstance(value, Enum):
        if _ENUMS.get(type(value).__name__) is type(value):
            return [type(value).__name__, value.name]
    elif isinstance(value, int):
        return value if abs(value) < _SAFE_INTEGER else ["int", str(value)]
    elif isinstance(value, tuple) and type(value) is tuple:
        return ["tuple", *(encode(item) for item in value)]
    elif isinstance(value, Rule):
        return ["Rule", value.name]
    elif dataclasses.is_dataclass(value) and _DATACLASSES.get(_head_of(type(value))) is type(value):
        fields = [f.name for f in dataclasses.fields(value) if f.init and f.name != "stored"]
        return [_head_of(type(value)), {name: encode(getattr(value, name)) for name in fields}]
    elif isinstance(value, (sp.Basic, UndefinedFunction)):
        return _encode_expression(value)
    elif isinstance(value, type) and _HEADS.get(value.__name__) is value:
        return ["Class", value.__name__]
    raise SerializationError(
        f"{type(value).__name__} {str(value)[:60]}", where="to_json", why="it has no head in the closed table", fix="store an exact expression instead"
    )


def _encode_expression(value: Any) -> list[Any]:
    if isinstance(value, sp.Integer):
        return ["Integer", str(value.p)]
    if isinstance(value, sp.Rational) and value.is_finite:
        return ["Rational", str(value.p), str(value.q)]
    if isinstance(value, UndefinedFunction):
        return ["Function", str(value), *_words(getattr(value, "_kwargs", {}))]
    if isinstance(value, AppliedUndef):
        return ["Apply", encode(value.func), *(encode(a) for a in value.args)]
    if value in _CONSTANT_NAMES:
        return ["Constant", _CONSTANT_NAMES[value]]
    if type(value) is sp.Symbol:
        return _encode_symbol(value)
    if type(value) is Str:
        return ["Str", value.name]
    if _HEADS.get(type(value).__name__) is type(value):
        return [type(value).__name__, *(encode(a) for a in value.args)]
    why = "a decimal is not exact; use a Rational" if isinstance(value, sp.Float) else "its head is not in the closed table"
    raise SerializationError(f"{type(value).__name__} {str(value)[:60]}", where="to_json", why=why, fix="store an exact expression instead")


def _encode_symbol(symbol: sp.Symbol) -> list[Any]:
    wanted = symbol.assumptions0
    for words in _USUAL:
        if sp.Symbol(symbol.name, **dict.fromkeys(words, True)).assumptions0 == wanted:
            return ["Symbol", symbol.name, *words]
    return ["Symbol", symbol.name, *_words(wanted)]


def _words(assumptions: dict[str, Any]) -> list[str]:
    return [name if held else "not " + name for name, held in sorted(assumptions.items()) if held is not None]


# -- reading -----------------------------------------------------------------------------------------------------------


def from_json(text: str) -> Any:
    """The object that ``text`` holds; SerializationError for anything that to_json does not write.  Nothing is evaluated."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SerializationError("this is no JSON", where="from_json", why=str(error)[:200], fix="give what .to_json() wrote") from None
    if not isinstance(document, dict) or set(document) != {"schema_version", "object"}:
        raise SerializationError("a document without schema_version and object", where="from_json", fix="give what .to_json() wrote")
    version = document["schema_version"]
    if version != SCHEMA_VERSION:
        raise SerializationError(f"schema version {version!r}", where="from_json", why=f"this ntksym reads version {SCHEMA_VERSION}", fix="derive it anew")
    return decode(document["object"])


def decode(value: Any, depth: int = 0) -> Any:
    """The object that the nested lists ``value`` stand for."""
    if depth > _MAX_DEPTH:
        raise _refused("nesting", f"deeper than {_MAX_DEPTH} levels")
    if value is None or isinstance(value, (bool, str)) or type(value) is int:
        return value
    if not isinstance(value, list) or not value or not isinstance(value[0], str):
        raise _refused(str(value)[:60], "an object is a list that begins with its head")
    head, arguments = value[0], value[1:]
    reader = _READERS.get(head)
    if reader is None and head not in _HEADS and head not in _ENUMS:
        _load_until(head, _DATACLASSES)
    try:
        if reader is not None:
            return reader(arguments, depth)
        if head in _DATACLASSES:
            return _decode_dataclass(_DATACLASSES[head], arguments, depth)
        if head in _ENUMS:
            return _ENUMS[head][arguments[0]]
        if head in _HEADS:
            return _build(_HEADS[head], tuple(decode(a, depth + 1) for a in arguments))
    except SerializationError:
        raise
    except RuleError as error:
        raise _refused(f"{head} {arguments[:1]}", str(error)) from None
    except (NtksymError, TypeError, ValueError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise _refused(f"{head} with {len(arguments)} arguments", f"{type(error).__name__}: {str(error)[:120]}") from None
    raise _refused(f"head {head[:40]!r}", "it is not in the closed table")


def _refused(what: str, why: str) -> SerializationError:
    return SerializationError(what, where="from_json", why=why, fix="give what .to_json() of this version wrote")


def _build(head: _Head, arguments: tuple[Any, ...]) -> sp.Basic:
    """Put an expression together without evaluating it, and see that it is the one that was stored."""
    if not all(isinstance(a, (sp.Basic, UndefinedFunction)) or isinstance(a, type) for a in arguments):
        raise _refused(head.__name__, "an argument is no expression")
    made = head(*arguments, evaluate=False) if head in _EVALUATED else head(*arguments)
    if type(made) is not head or made.args != arguments:
        raise _refused(f"{head.__name__} that is not in the form it is kept in", "putting it together gives another expression")
    return made


def _decode_dataclass(cls: type, arguments: list[Any], depth: int) -> Any:
    (fields,) = arguments
    known = {f.name for f in dataclasses.fields(cls) if f.init}
    if not isinstance(fields, dict) or not set(fields) <= known - {"stored"}:
        raise _refused(cls.__name__, f"its fields are {', '.join(sorted(known))}")
    values = {name: decode(item, depth + 1) for name, item in fields.items()}
    for name, types in _FIELD_TYPES.get(Derivation if issubclass(cls, Derivation) else cls, {}).items():
        if name in values and not _is(values[name], types):
            raise _refused(f"field {name!r} of {cls.__name__}", "it holds another kind of thing")
    if issubclass(cls, Derivation):
        values["stored"] = True
    return cls(**values)


# What the proof layer relies on; a tuple (t,) stands for a tuple of t.
_FIELD_TYPES: dict[type, dict[str, Any]] = {
    Derivation: {"title": str, "steps": (Step,)},
    Step: {"number": int, "rule": Rule, "premises": (int,), "conclusion": Statement, "verdict": Verdict},
    Statement: {"regime": Regime, "assumptions": (Assumption,)},
    Assumption: {"key": str, "text": str},
    Verdict: {"evidence": (Evidence,)},
    Evidence: {"status": Status, "scope": str, "points": int, "digits": int, "oracle": str},
}


def _is(value: Any, types: Any) -> bool:
    if isinstance(types, tuple):
        return isinstance(value, tuple) and all(isinstance(item, types[0]) for item in value)
    return isinstance(value, types)


def _read_integer(arguments: list[Any], depth: int) -> Any:
    (digits,) = arguments
    return sp.Integer(int(str(digits)))


def _read_rational(arguments: list[Any], depth: int) -> Any:
    p, q = (int(str(a)) for a in arguments)
    made = sp.Rational(p, q)
    if (made.p, made.q) != (p, q):
        raise _refused(f"Rational {p}/{q}", "it is not in lowest terms")
    return made


def _load_until(name: str, table: Mapping[str, Any]) -> None:
    """Import rooms until ``name`` stands in ``table``: an object can be read in a process that has made none yet."""
    for room in _ROOMS:
        if name not in table:
            import_module(room)


def _find_rule(name: str) -> Rule:
    _load_until(name, RULES)
    return find_rule(name)


def _read_apply(arguments: list[Any], depth: int) -> Any:
    function, *items = (decode(a, depth + 1) for a in arguments)
    if not isinstance(function, UndefinedFunction) or not all(isinstance(item, sp.Basic) for item in items):
        raise _refused("Apply", "it applies an unspecified function to expressions")
    return function(*items)


def _assumed(words: list[Any]) -> dict[str, bool]:
    found = {str(word).removeprefix("not "): not str(word).startswith("not ") for word in words}
    unknown = sorted(set(found) - set(_ASSUMPTIONS))
    if unknown:
        raise _refused(f"assumption {unknown[0][:40]!r}", "SymPy has no such assumption")
    return found


_READERS: dict[str, Callable[[list[Any], int], Any]] = {
    "Integer": _read_integer,
    "Rational": _read_rational,
    "int": lambda a, depth: int(str(a[0])),
    "tuple": lambda a, depth: tuple(decode(item, depth + 1) for item in a),
    "Constant": lambda a, depth: _CONSTANTS[a[0]],
    "Symbol": lambda a, depth: sp.Symbol(str(a[0]), **_assumed(a[1:])),
    "Str": lambda a, depth: Str(str(a[0])),
    "Function": lambda a, depth: sp.Function(str(a[0]), **_assumed(a[1:])),
    "Apply": _read_apply,
    "Class": lambda a, depth: _HEADS[a[0]],
    "Rule": lambda a, depth: _find_rule(str(a[0])),
}
