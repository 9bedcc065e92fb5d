"""Letters of plain text: Unicode for Greek and operators, ASCII where only that is possible, LaTeX of a sentence as words."""

from __future__ import annotations

import re

_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega "
    "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
).split()
_GREEK_LETTERS = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"
GREEK = {**dict(zip(_GREEK_NAMES, _GREEK_LETTERS, strict=True)), "lamda": "λ", "vartheta": "ϑ", "varphi": "φ", "ell": "ℓ", "varepsilon": "ε"}
SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

# Unicode that this room writes, and what stands for it where only ASCII is possible.
_ASCII = {
    "≥": ">=", "≤": "<=", "≠": "!=", "→": "->", "√": "sqrt", "∞": "oo", "·": "*", "ℓ": "l", "∂": "d", "∑": "Sum", "∏": "Prod", "∫": "Int", "𝟏": "1",
    "∼": "~", "≈": "~=", "⊤": "T", "∈": "in",
    "−": "-", "×": "x", "↦": "|->", "ϑ": "vartheta", "′": "'", "‖": "||", "⟨": "<", "⟩": ">", "“": '"', "”": '"', "‘": "'", "’": "'", "–": "-",
    "—": "-", "…": "...", "├": "|", "─": "-", "│": "|",
    "└": "`", "∎": "QED", "Θ̂": "Thetahat", "⊗": "(x)", "ϕ": "phi", "∘": "o", "∀": "all ", "⊙": "o",
    **{letter: name for name, letter in zip(_GREEK_NAMES, _GREEK_LETTERS, strict=True)},
}  # fmt: skip


def ascii_only(text: str) -> str:
    """The same text in ASCII; a letter without a name becomes its code point."""
    text = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^" + "".join("-" if c == "⁻" else str("⁰¹²³⁴⁵⁶⁷⁸⁹".index(c)) for c in m[0]), text)
    text = re.sub("[₀₁₂₃₄₅₆₇₈₉]+", lambda m: "_" + "".join(str("₀₁₂₃₄₅₆₇₈₉".index(c)) for c in m[0]), text)
    text = re.sub(r"√(\w+)", r"sqrt(\1)", text).replace("̂", "hat")
    return "".join(char if char.isascii() else _ASCII.get(char, f"\\u{ord(char):04x}") for char in text)


_COMMANDS = {
    **{name: letter for name, letter in GREEK.items()}, "le": "≤", "ge": "≥", "ne": "≠", "to": "→", "infty": "∞", "cdot": "·", "cdots": "...",
    "dots": "...", "ldots": "...", "times": "×", "sim": "∼", "partial": "∂",
    "mathbb": "", "mathcal": "", "mathrm": "", "mathbf": "", "operatorname": "", "text": "", "left": "", "right": "", "quad": "  ", "qquad": "    ",
    "sum": "∑", "prod": "∏", "int": "∫", "in": "∈", "mapsto": "↦",
    "longrightarrow": "→", "rightarrow": "→", "approx": "≈", "top": "ᵀ", "prime": "'", "otimes": "⊗", "lVert": "‖", "rVert": "‖", "Vert": "‖",
    "|": "‖", "langle": "⟨", "rangle": "⟩", "arccos": "arccos ", "arcsin": "arcsin ",
    "exp": "exp ", "sin": "sin ", "cos": "cos ", "log": "log ", "max": "max ", "min": "min ", "det": "det ", "neq": "≠", "mid": "|", "colon": ":",
    ",": " ", ";": " ", ":": " ", "!": "", " ": " ", "{": "{", "}": "}",
    "\\": "; ", "$": "$", "%": "%", "&": "&", "#": "#", "_": "_", "odot": "⊙", "circ": "∘", "forall": "∀", "displaystyle": "", "bigl": "", "bigr": "",
    "Bigl": "", "Bigr": "", "big": "", "Big": "", "mathsf": "", "lim": "lim ", "tr": "tr ", "tfrac": "",
    "ll": "<<", "gg": ">>", "pm": "±", "equiv": "≡", "propto": "∝", "star": "*", "leq": "≤", "geq": "≥", "rm": "", "boldsymbol": "", "bm": "",
    "limits": "", "lt": "<", "gt": ">",
}  # fmt: skip


_SPACED = frozenset("le ge ne leq geq neq to in sim approx longrightarrow rightarrow mapsto equiv propto times pm ll gg lt gt mid".split())


def _kept_space(matched: str) -> str:
    """A space before a command is kept; the one after it only ends its name."""
    return " " if matched[:1].isspace() else ""


def _command(match: re.Match[str]) -> str:
    """One command as a character or word; the spaces around a relation are kept."""
    name = match[1]
    if name in _SPACED:
        return f" {_COMMANDS[name]} "
    after = " " if match[0][-1:].isspace() and match.string[match.end() : match.end() + 1] in tuple("=+-<>") else ""
    return _kept_space(match[0]) + _COMMANDS.get(name, name + " ") + after


def tex_to_text(source: str) -> str:
    """LaTeX mathematics of a sentence as readable text; commands without a letter keep their name."""
    text = source
    group = r"\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
    for _ in range(6):
        before = text
        text = re.sub(rf"\\[td]?frac\s*{group}\s*{group}", lambda m: f"{_grouped(m[1])}/{_grouped(m[2])}", text)
        text = re.sub(rf"\\sqrt\s*{group}", lambda m: "√" + (m[1] if len(m[1]) == 1 else f"({m[1]})"), text)
        text = re.sub(rf"\\hat\s*(?:{group}|(\\?[A-Za-z]+))", lambda m: f"{m[1] or m[2]}\u0302", text)
        text = re.sub(rf"\\(bar|tilde)\s*(?:{group}|(\\?[A-Za-z]+))", lambda m: f"{m[2] or m[3]}{'_bar' if m[1] == 'bar' else '∼'}", text)
        text = re.sub(r"_\{\\(min|max)\}", r"_{\1}", text)
        text = re.sub(rf"\\operatorname\s*{group}(?=([A-Za-z\\])?)", lambda m: f" {m[1]}{' ' if m[2] else ''}", text)
        text = re.sub(rf"\\(?:text|mathrm|mathbb|mathcal|mathbf|mathsf|bm)\s*{group}", r"\1", text)
        text = re.sub(rf"\\x?(?:long)?rightarrow\s*{group}", r"→", text)
        if text == before:
            break
    text = re.sub(r"\\begin\{[a-z]*\}|\\end\{[a-z]*\}", " ", text)
    text = re.sub(r"\s*\\([A-Za-z]+|.)\s*", _command, text)
    text = re.sub(r"\^(?:\{(-?\d)\}|(-?\d))(?![\d+])", lambda m: (m[1] or m[2]).translate(SUPERSCRIPT), text)
    text = re.sub(r"([_^])\{(\w+)\}", r"\1\2", text)
    text = re.sub(r"\bq_(\d+)", r"q\1", text).replace("Φ_2", "Φ₂")
    return re.sub(r"([(\[]) ", r"\1", re.sub(r"\s+", " ", text.replace("~", " "))).strip()


def _grouped(body: str) -> str:
    return body.strip() if re.fullmatch(r"\\?\w+(?:_\{\w+\})?|√\([^()]*\)|√\w", body.strip()) else f"({body.strip()})"
