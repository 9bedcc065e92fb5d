"""Words and names for LaTeX: nothing foreign gets out of its place, nothing is printed outside ASCII."""

from __future__ import annotations

import re
import unicodedata

from ntksym.notation import DEFAULT, MEANINGS, Profile

_GREEK = {
    name: rf"\{name}"
    for name in (
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega "
        "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
    ).split()
} | {"epsilon": r"\varepsilon", "lamda": r"\lambda"}
_LETTERS_OF_MEANINGS = frozenset(meaning.latex for meaning in MEANINGS.values())
_PLAIN_NAME = re.compile(r"([A-Za-z]+)_?([0-9]*)(?:_([A-Za-z0-9]+(?:_[A-Za-z0-9]+)*))?")


def escape(text: str) -> str:
    """Words for LaTeX, ASCII: the ten special characters escaped, letters outside ASCII replaced by commands or their code point."""
    text = text.replace("<=", "\u2264").replace(">=", "\u2265").replace("!=", "\u2260")
    text = re.sub(r"\S{40,}", lambda m: "\x00".join(re.findall(r".{1,12}", m[0])), text.replace("\x00", ""))
    return "".join(_ESCAPES.get(char) or (char if " " <= char <= "~" else _foreign(char)) for char in text)


_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}", "\n": " ", "\t": " ", "\u2013": "--", "\u2014": "---",
    "\u2018": "`", "\u2019": "'",
    "\u201c": "``", "\u201d": "''", "\u2026": r"\dots{}", "\u00a0": "~", "\u2032": r"$'$", "\u2264": r"$\le$", "\u2265": r"$\ge$", "\u2260": r"$\ne$",
    "\u2192": r"$\to$", "\u221e": r"$\infty$",
    "\u00d7": r"$\times$", "\u00b7": r"$\cdot$", "\u00df": r"\ss{}", "\u00f8": r"\o{}", "\u2212": "--", "\u221a": r"$\surd$",
}  # fmt: skip
_ESCAPES['"'] = "''"
_ESCAPES["\x00"] = r"\allowbreak{}"
_ACCENTS = {
    "\u0300": r"\`",
    "\u0301": r"\'",
    "\u0302": r"\^",
    "\u0303": r"\~",
    "\u0308": r"\"",
    "\u0327": r"\c",
    "\u030c": r"\v",
    "\u030a": r"\r",
    "\u0304": r"\=",
}
_NAMES_OF_GREEK = {"LAMDA": "lambda", "FINAL SIGMA": "sigma"}


def _foreign(char: str) -> str:
    base, *marks = unicodedata.normalize("NFD", char)
    if len(marks) == 1 and marks[0] in _ACCENTS and base.isascii():
        return f"{_ACCENTS[marks[0]]}{{{base}}}"
    greek = _greek_letter(char)
    return f"${greek}$" if greek else rf"\texttt{{U+{ord(char):04X}}}"


def _greek_letter(char: str) -> str | None:
    match = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER ([A-Z ]+)", unicodedata.name(char, ""))
    if match is None:
        return None
    name = _NAMES_OF_GREEK.get(match[2], match[2].lower())
    return _GREEK.get(name if match[1] == "SMALL" else name.capitalize())


def symbol_latex(name: str, profile: Profile = DEFAULT) -> str:
    """LaTeX of a symbol: the profile's letter for a meaning of the theory, else built from the user's name, with nothing let through unescaped."""
    for key, letter in profile.letters:
        if key == name:
            return letter
    if name in MEANINGS:
        return MEANINGS[name].latex
    if name in _LETTERS_OF_MEANINGS:
        return name
    part = tensor_or_entry(name)
    if part is not None:
        letter = symbol_latex(part[0], profile)
        return f"{letter}^{{{part[2]}}}" if part[1] == "^" else f"{letter}^{{[{part[2]}]}}"
    match = _PLAIN_NAME.fullmatch(name)
    if match is None:
        greek = _greek_letter(name) if len(name) == 1 else None
        return greek or rf"\text{{{escape(name)}}}"
    stem, digits, rest = match.groups()
    letters = _GREEK.get(stem) or (stem if len(stem) == 1 else rf"\mathrm{{{stem}}}")
    below = ",".join(filter(None, [digits, *(_subscript(part) for part in (rest or "").split("_"))]))
    return f"{letters}_{{{below}}}" if below else letters


def tensor_or_entry(name: str) -> tuple[str, str, str] | None:
    """The name of a tensor of a wiring, s^2, or of an entry of a keyword, sigma_b[1], in its parts; None for any other."""
    found = re.fullmatch(r"([A-Za-z_]+)(\^|\[)(\d+)\]?", name)
    return (found[1], found[2], found[3]) if found is not None and found[1] in MEANINGS else None


def _subscript(part: str) -> str:
    if not part:
        return ""
    return _GREEK.get(part) or (part if len(part) == 1 or part.isdigit() else rf"\mathrm{{{part}}}")
