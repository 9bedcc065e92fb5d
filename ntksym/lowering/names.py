"""Names for generated code: every user's symbol becomes an identifier that collides with nothing."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable, Mapping

import sympy as sp

from ntksym.errors import LoweringError

# Module level names, arguments and local variables that the printers use themselves.
USED_BY_GENERATED_CODE = frozenset(
    """jax jnp lax NamedTuple annotations kernel_fn get x1 x2 batch_size diagonal q q11 q12 q22 u v V dV state layer stage rows index
    sigma_w sigma_b s11 s12 s22 n0 primals tangents dtype Kernels N_DENSE OUTPUTS numbers names results det angle root exp
    right left small K11 K12 K22 Theta11 Theta12 Theta22 self""".split()
)
_TEMPORARY = re.compile(
    r"_.*|t_?\d+|(d|sum|root|angle|slope|det|exp|exp_sinh)_?\d*|inverse_.*|d_.*|stage\d*|.*_new|(V|dV|g|h)\d*(_.*)?|dual_.*|dq\d*|(K|Theta)\d\d_.*|(q|E|c)\d*_\d+|one"
)


def is_free(name: str) -> bool:
    """Whether a user's parameter may be called ``name`` in generated code."""
    return (
        name.isidentifier()
        and unicodedata.normalize("NFKC", name) == name
        and not keyword.iskeyword(name)
        and not keyword.issoftkeyword(name)
        and not hasattr(builtins, name)
        and name not in USED_BY_GENERATED_CODE
        and not _TEMPORARY.fullmatch(name)
    )


def identifier(text: str) -> str:
    """``text`` as an identifier that generated code may use: itself, or with an underscore behind or "p_" in front where it collides."""
    name = re.sub(r"\W", "_", unicodedata.normalize("NFKC", text), flags=re.ASCII if text.isascii() else 0).strip("_")
    if not name or not name[0].isalpha():
        name = f"p_{name}" if name else "p_"
    for candidate in (name, name + "_", "p_" + name, "p_" + name + "_"):
        if is_free(candidate):
            return candidate
    raise LoweringError(f"the symbol {text!r} cannot be made an identifier", where="generated code", fix="rename it")


def parameter_names(symbols: Iterable[sp.Symbol], fixed: Mapping[sp.Symbol, str]) -> dict[sp.Symbol, str]:
    """A distinct identifier per symbol; ``fixed`` symbols (sigma_w, sigma_b) keep theirs."""
    names = dict(fixed)
    taken = set(names.values())
    for symbol in sorted(set(symbols) - set(names), key=lambda s: (str(s), repr(sorted(s.assumptions0.items())))):
        name = identifier(str(symbol))
        while name in taken:
            name += "_"
        taken.add(name)
        names[symbol] = name
    return names
