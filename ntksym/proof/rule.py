"""A Rule: a pure function of statements, with its identity, its source and a checker that goes another road."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ntksym.errors import RuleError
from ntksym.proof.statement import Regime, Statement
from ntksym.proof.verdict import Verdict
from ntksym.sources import Citation

Apply = Callable[..., Statement]
Check = Callable[..., Verdict]

_REGISTRY: dict[str, Rule] = {}
RULES: Mapping[str, Rule] = MappingProxyType(_REGISTRY)


@dataclass(frozen=True)
class Rule:
    """A named inference.

    ``apply(*premises, **args)`` returns the conclusion: its claim, the regime the rule itself brings in, the assumptions it adds.
    ``check(premises, conclusion, **args)`` judges it by another road and shares no code with ``apply``.
    ``reason`` is the one sentence a reader sees; ``identity`` the LaTeX of the first docstring line.
    """

    name: str
    apply: Apply
    check: Check
    source: Citation
    reason: str
    identity: str
    discharges: tuple[str, ...] = ()
    changes_regime: Regime | None = None


def rule(*, source: Citation, check: Check, reason: str, discharges: tuple[str, ...] = (), changes_regime: Regime | None = None) -> Callable[[Apply], Rule]:
    """Turn a pure function of statements into a Rule of the one registry.

    The first line of the docstring is the identity, in LaTeX.  ``discharges`` names assumptions the rule removes;
    ``changes_regime`` is the regime of the conclusion where the rule passes from one regime to another on purpose.
    """

    def register(apply: Apply) -> Rule:
        name = apply.__name__
        if name in _REGISTRY:
            raise RuleError(f"two rules named {name!r}", where=apply.__module__, fix="rename one")
        identity = (apply.__doc__ or "").strip().splitlines()
        if not identity:
            raise RuleError(f"rule {name!r} has no docstring", where=apply.__module__, why="its first line is the identity it applies", fix="write it")
        made = Rule(name, apply, check, source, reason, identity[0].strip(), discharges, changes_regime)
        _REGISTRY[name] = made
        return made

    return register


def find_rule(name: str) -> Rule:
    """The registered rule of this name; RuleError if there is none."""
    try:
        return _REGISTRY[name]
    except KeyError:
        raise RuleError(f"no rule named {name!r}", where="rule registry", fix="import the chapter that defines it, or re-derive") from None
