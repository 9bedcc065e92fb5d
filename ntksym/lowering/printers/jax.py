"""Program -> the text of one Python module that imports jax only.  This file imports no jax."""

from __future__ import annotations

import ast
import hashlib
import re
import textwrap

import sympy as sp
from sympy.printing.precedence import precedence
from sympy.printing.pycode import PythonCodePrinter

from ntksym.errors import LoweringError
from ntksym.lowering.names import is_free
from ntksym.lowering.numeric import HEADS
from ntksym.lowering.printers.jax_numeric import numeric_header, numeric_lines, numeric_runtime
from ntksym.lowering.printers.jax_probability import pieces
from ntksym.lowering.printers.jax_runtime import HELPERS, KERNEL_FN, PRELUDE, ROOM
from ntksym.lowering.program import (
    Angle,
    Arctan2,
    Assign,
    Body,
    Call,
    Choose,
    Corner,
    Det,
    DualFunction,
    Erf,
    Expm1,
    ExpSinh,
    Gap,
    Keyword,
    Line,
    NumericFunction,
    OnesLike,
    Pass,
    Program,
    Quotient,
    Reciprocal,
    Root,
    RootDet,
    ScaledCDF,
    ScaledErfi,
    ScaledQuadrant,
    Slope,
    Snap,
    Stage,
)
from ntksym.nodes import NormalCDF, NormalPDF

SCHEMA = 1
_WIDTH = 88

# Head of an expression -> the function that stands for it in the code.
FUNCTIONS: dict[str, str] = {
    "exp": "jnp.exp",
    "sin": "jnp.sin",
    "cos": "jnp.cos",
    "sinh": "jnp.sinh",
    "cosh": "jnp.cosh",
    "tanh": "jnp.tanh",
    "log": "jnp.log",
    "atan": "jnp.arctan",
    "asinh": "jnp.arcsinh",
    "acosh": "jnp.arccosh",
    "atanh": "jnp.arctanh",
    **HEADS,
    "Abs": "jnp.abs",
    "sign": "jnp.sign",
    "erf": "jax.scipy.special.erf",
    "erfc": "jax.scipy.special.erfc",
    Arctan2.__name__: "jnp.arctan2",
    Det.__name__: "_det",
    Root.__name__: "_root",
    RootDet.__name__: "_root_det",
    Reciprocal.__name__: "_reciprocal",
    Angle.__name__: "_angle",
    Slope.__name__: "_slope",
    ExpSinh.__name__: "_exp_sinh",
    Snap.__name__: "_snap",
    Gap.__name__: "_gap",
    OnesLike.__name__: "jnp.ones_like",
    Quotient.__name__: "_quotient",
    Expm1.__name__: "jnp.expm1",
    ScaledCDF.__name__: "_scaled_cdf",
    ScaledErfi.__name__: "_scaled_erfi",
    ScaledQuadrant.__name__: "_scaled_quadrant",
    Corner.__name__: "_corner",
    Erf.__name__: "_erf",
    NormalCDF.__name__: "jax.scipy.stats.norm.cdf",
    NormalPDF.__name__: "jax.scipy.stats.norm.pdf",
}


class _Printer(PythonCodePrinter):
    """SymPy expressions as jnp code.  Constants print as Python numbers, which take the dtype of the arrays they meet."""

    def __init__(self) -> None:
        super().__init__({"fully_qualified_modules": False, "standard": "python3"})

    def _print_Function(self, expr: sp.Function) -> str:
        name = type(expr).__name__
        if not expr.free_symbols:
            return repr(float(expr.evalf(20)))
        if name not in FUNCTIONS:
            raise LoweringError(
                f"there is no code for {name}(...)",
                where="JAX printer",
                why="the closed form holds a function the printer does not know",
                fix="add a row to its table",
            )
        return f"{FUNCTIONS[name]}({', '.join(self._print(argument) for argument in expr.args)})"

    def _print_Choose(self, expr: sp.Function) -> str:
        tested, bound, here, there = (self._print(argument) for argument in expr.args)
        return f"jnp.where({tested} >= {bound}, {here}, {there})"

    def _print_Min(self, expr: sp.Expr) -> str:
        return self._nested("jnp.minimum", expr)

    def _print_Max(self, expr: sp.Expr) -> str:
        return self._nested("jnp.maximum", expr)

    def _nested(self, name: str, expr: sp.Expr) -> str:
        first, *others = sorted(expr.args, key=sp.default_sort_key)
        text = self._print(first)
        for other in others:
            text = f"{name}({text}, {self._print(other)})"
        return text

    _print_exp = _print_sin = _print_cos = _print_sinh = _print_cosh = _print_tanh = _print_log = _print_Function
    _print_asinh = _print_acosh = _print_atanh = _print_Function
    _print_atan = _print_Abs = _print_sign = _print_erf = _print_erfc = _print_Function

    def _print_Mul(self, expr: sp.Mul) -> str:
        """One quotient: signs and numbers first, (numerator)/(denominator)."""
        above, below = [], []
        for factor in expr.as_ordered_factors():
            if factor.is_Rational and not _is_short(factor):
                above.append(sp.Float(factor, 25))
            elif factor.is_Rational:
                above += [sp.Integer(factor.p)] if factor.p != 1 else []
                below += [sp.Integer(factor.q)] if factor.q != 1 else []
            elif isinstance(factor, sp.Pow) and factor.exp.is_Rational and factor.exp < 0:
                below.append(factor.base**-factor.exp)
            else:
                above.append(factor)
        sign = "-" if above and above[0] == -1 else ""
        above = above[1:] if sign else above
        level = precedence(expr)
        top = "*".join(self.parenthesize(factor, level) for factor in above) or "1"
        if not below:
            return sign + top
        bottom = "*".join(self.parenthesize(factor, level) for factor in below)
        return f"{sign}{top}/({bottom})" if len(below) > 1 else f"{sign}{top}/{self.parenthesize(below[0], precedence(expr) + 1)}"

    def _print_Rational(self, expr: sp.Rational) -> str:
        return f"{expr.p}/{expr.q}" if _is_short(expr) else repr(float(expr.evalf(25)))

    def _print_Integer(self, expr: sp.Integer) -> str:
        return str(expr.p) if _is_short(expr) else repr(float(expr.evalf(25)))

    def _print_Pi(self, expr: sp.Expr) -> str:
        return "jnp.pi"

    def _print_Exp1(self, expr: sp.Expr) -> str:
        return repr(float(sp.E.evalf(20)))

    def _print_Float(self, expr: sp.Float) -> str:
        return repr(float(expr))

    def _print_Pow(self, expr: sp.Pow, rational: bool = False, sqrt: str = "") -> str:
        base, exponent = expr.base, expr.exp
        if exponent.is_Rational and exponent < 0:
            return f"1 / {self.parenthesize(base**-exponent, precedence(expr) + 1)}"
        if exponent == sp.S.Half:
            return f"{self._print(base)}**0.5" if base.is_Integer and _is_short(base) else f"jnp.sqrt({self._print(base)})"
        if exponent.is_Integer:
            return f"{self.parenthesize(base, precedence(expr), strict=True)}**{int(exponent)}"
        if exponent.is_Rational and exponent.q == 2:
            return f"jnp.sqrt({self._print(base)})**{int(exponent.p)}"
        if not expr.free_symbols:
            return repr(float(expr.evalf(20)))
        return f"jnp.power({self._print(base)}, {self._print(exponent)})"

    def _print_relation(self, expr: sp.Basic) -> str:
        symbol = {sp.StrictLessThan: "<", sp.LessThan: "<=", sp.StrictGreaterThan: ">", sp.GreaterThan: ">="}[type(expr)]
        return f"({self._print(expr.args[0])} {symbol} {self._print(expr.args[1])})"

    _print_StrictLessThan = _print_LessThan = _print_StrictGreaterThan = _print_GreaterThan = _print_relation

    def _print_And(self, expr: sp.Basic) -> str:
        return " & ".join(self._print(argument) for argument in sorted(expr.args, key=sp.default_sort_key))

    def _print_Or(self, expr: sp.Basic) -> str:
        return "(" + " | ".join(self._print(argument) for argument in sorted(expr.args, key=sp.default_sort_key)) + ")"

    def _print_Infinity(self, expr: sp.Expr) -> str:
        return "jnp.inf"

    def _print_ComplexInfinity(self, expr: sp.Expr) -> str:
        return "jnp.inf"

    def emptyPrinter(self, expr: object) -> str:
        raise LoweringError(f"there is no code for {type(expr).__name__}: {expr}", where="JAX printer", fix="add it to the printer")

    _print_not_supported = emptyPrinter


def _is_short(number: sp.Rational) -> bool:
    """Whether a rational can stand as it is: as an integer or quotient of integers that every JAX mode can hold."""
    return abs(number.p) < 10**9 and number.q < 10**9


def code(expression: sp.Basic) -> str:
    """One expression as formatted Python text over jnp; LoweringError for a node the printer does not know."""
    text = _Printer().doprint(expression)
    text = ast.unparse(ast.parse(text, mode="eval"))
    return re.sub(r"(?<![\w.\])])([\w.]+) \*\* (\d+(?:\.\d+)?)", r"\1**\2", text)


def _assignment(targets: str, text: str, indent: str) -> list[str]:
    """``targets = text``, broken at its outermost + and - where it is too long for a line."""
    line = f"{indent}{targets} = {text}"
    if len(line) <= _WIDTH:
        return [line]
    inside = [f"{indent}    {text}"] if len(text) + len(indent) + 4 <= _WIDTH else _broken(text, indent + "    ")
    return [f"{indent}{targets} = (", *inside, f"{indent})"]


def _broken(text: str, indent: str) -> list[str]:
    pieces = _outermost(text, (" + ", " - "))
    if len(pieces) == 1:
        pieces = _outermost(text, (" * ", " / "))
    return [indent + piece.strip() for piece in pieces]


def _outermost(text: str, operators: tuple[str, ...]) -> list[str]:
    pieces, depth, start = [], 0, 0
    for position, letter in enumerate(text):
        depth += letter in "([{"
        depth -= letter in ")]}"
        if depth == 0 and position > start and text.startswith(operators, position):
            pieces.append(text[start:position])
            start = position + 1
    return [*pieces, text[start:]]


def _body(body: Body, indent: str = "    ") -> list[str]:
    return [line for assign in body.lines for line in _assignment(assign.name, code(assign.value), indent)]


def _parameters(dual: DualFunction) -> str:
    return "".join(f", {name}" for name in dual.parameters)


def _dual(dual: DualFunction) -> list[str]:
    """The three functions of one activation."""
    pair, parameters = "q11, q12, q22" + _parameters(dual), dual.parameters
    positive = ["    q11, q22 = _positive(q11), _positive(q22)"] if dual.positive_variances else []
    lines = ["", "", "@jax.custom_jvp", f"def {dual.name}({pair}):"]
    lines += [f"    \"\"\"V = E[phi(u) phi(v)] and V' = E[phi'(u) phi'(v)], phi(x) = {_harmless(dual.phi)}; (u, v) ~ N(0, q).", ""]
    lines += _wrapped(f"V  = {dual.formula[0][1]}", "    ", hang="         ") + _wrapped(f"V' = {dual.formula[1][1]}", "    ", hang="         ")
    lines += ['    """', f"    {pair} = _arrays({pair})", *positive, *_body(dual.value)]
    value, derivative = dual.value.results
    lines += _assignment("V", _full(value, "q12"), "    ") + _assignment("dV", _full(derivative, "q12"), "    ")
    lines += _near_zero(dual, "V", "dV", "_germ(q11, q12, q22")
    if dual.exists != sp.true:
        lines += _assignment("exists", code(dual.exists), "    ")
        lines += ["    V, dV = jnp.where(exists, V, jnp.nan), jnp.where(exists, dV, jnp.nan)"]
    lines.append("    return _shaped((V, dV), q11, q12, q22)")
    tangents = ", ".join(f"d_{name}" for name in ("q11", "q12", "q22", *parameters))
    lines += ["", "", f"@{dual.name}.defjvp", f"def _{dual.name}_jvp(primals, tangents):"]
    lines += ['    """dV/dq12 = V\' (Price); the other partial derivatives are those of the closed form."""']
    lines += [
        f"    {pair} = _arrays(*primals)",
        f"    {tangents} = _directions(({pair}), tangents)",
        f"    V, dV = {dual.name}({pair})",
        *positive,
        *_body(dual.partials),
    ]
    names = ["V_q11", "V_q22", "dV_q11", "dV_q12", "dV_q22"]
    if dual.infinite_at_coincidence:
        names.append("V_q12")
    names += [f"{stem}_{parameter}" for parameter in parameters for stem in ("V", "dV")]
    for name, result in zip(names, dual.partials.results, strict=True):
        lines += _assignment(name, code(result), "    ")
    slope = "V_q12" if dual.infinite_at_coincidence else "dV"
    by_v = ["V_q11 * d_q11", f"{slope} * d_q12", "V_q22 * d_q22", *(f"V_{p} * d_{p}" for p in parameters)]
    by_d = ["dV_q11 * d_q11", "dV_q12 * d_q12", "dV_q22 * d_q22", *(f"dV_{p} * d_{p}" for p in parameters)]
    lines += _assignment("V_dot", " + ".join(by_v), "    ") + _assignment("dV_dot", " + ".join(by_d), "    ")
    lines += ["    return (V, dV), _shaped((V_dot, dV_dot), q11, q12, q22)"]
    one = "q" + _parameters(dual)
    lines += ["", "", f"def {dual.name}_diagonal({one}):", '    """E[phi(u)^2] and E[phi\'(u)^2] for u ~ N(0, q).', ""]
    lines += _wrapped(f"E phi^2  = {dual.formula[2][1]}", "    ", hang="         ") + _wrapped(f"E phi'^2 = {dual.formula[3][1]}", "    ", hang="         ")
    lines += ['    """', f"    {one} = _arrays({one})" if parameters else "    (q,) = _arrays(q)"]
    lines += [*(["    q = _positive(q)"] if dual.positive_variances else []), *_body(dual.diagonal)]
    first, second = dual.diagonal.results
    lines += _assignment("g", _full(first, "q"), "    ") + _assignment("h", _full(second, "q"), "    ")
    lines += _near_zero(dual, "g", "h", "_germ_diagonal(q")
    if dual.exists_on_diagonal != sp.true:
        lines += _assignment("exists", code(dual.exists_on_diagonal), "    ")
        lines += ["    g, h = jnp.where(exists, g, jnp.nan), jnp.where(exists, h, jnp.nan)"]
    return [*lines, "    return _shaped((g, h), q)"]


def _near_zero(dual: DualFunction, value: str, slope: str, call: str) -> list[str]:
    """Small variances by the Taylor coefficients of phi at 0, from either side."""
    if dual.germ is None:
        return []
    lines = ["    # where the formula loses its digits: Taylor coefficients of phi at 0, from the right and from the left"]
    for name, coefficients in (("right", dual.germ.right), ("left", dual.germ.left)):
        text = ", ".join(code(coefficient) for coefficient in coefficients)
        lines += [f"    {name} = (", *textwrap.wrap(text + ",", _WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8, break_on_hyphens=False), "    )"]
    lines.append(f"    small, {value}_0, {slope}_0 = {call}, right, left, {dual.germ.order}, {dual.germ.reach!r})")
    return [*lines, f"    {value}, {slope} = jnp.where(small, {value}_0, {value}), jnp.where(small, {slope}_0, {slope})"]


def _full(result: sp.Expr, like: str) -> str:
    """The text of a result; a constant becomes an array of the inputs' shape and dtype."""
    return code(result) if result.free_symbols else f"jnp.full_like({like}, {code(result)})"


def _harmless(text: str) -> str:
    """Text from outside as one line of a docstring or comment that it cannot leave."""
    return " ".join(text.split()).replace("\\", "\\\\").replace('"', "'")


def _wrapped(text: str, indent: str, hang: str = "") -> list[str]:
    text = _harmless(text)
    return textwrap.wrap(text, 112, initial_indent=indent, subsequent_indent=indent + hang, break_long_words=False, break_on_hyphens=False) or [indent.rstrip()]


def _bullet(text: str) -> list[str]:
    first, *rest = _wrapped(text, "      ")
    return ["    - " + first.lstrip(), *rest]


def _stage(stage: Stage, state: tuple[str, ...], per_layer: tuple[str, ...]) -> list[str]:
    """One stage: inline where it happens once, a scan over the per-layer parameters where it repeats."""
    tuple_of_state = _tuple(state)
    used = tuple(name for name in per_layer if any(name in {str(s) for s in line_symbols(line)} for line in stage.lines))
    lines = ["", f"    # {_harmless(stage.label)}"]
    function = f"stage{stage.first_dense}"
    lines += [f"    def {function}(state, layer):", f"        {tuple_of_state} = state"]
    if used:
        lines.append(f"        {_tuple(used)} = layer")
    for line in stage.lines:
        lines += _line(line)
    fresh = {line.name: line.name.removesuffix("_new") for line in stage.lines if isinstance(line, Assign)}
    back = {old: new for new, old in fresh.items()}
    lines += [f"        return {_tuple(tuple(back.get(name, name) for name in state))}, None", ""]
    if stage.repeat == 1:
        layer = _tuple(tuple(f"{name}[{stage.first_dense}]" for name in used)) if used else "None"
        lines.append(f"    {tuple_of_state}, _ = {function}({tuple_of_state}, {layer})")
        return lines
    last = stage.first_dense + stage.repeat
    layers = _tuple(tuple(f"{name}[{stage.first_dense}:{last}]" for name in used)) if used else "None"
    length = "" if used else f", length={stage.repeat}"
    return lines + _call(f"    {tuple_of_state}, _ = lax.scan", [function, tuple_of_state, layers + length])


def _call(head: str, arguments: list[str]) -> list[str]:
    line = f"{head}({', '.join(arguments)})"
    if len(line) <= _WIDTH:
        return [line]
    indent = " " * (len(head) - len(head.lstrip()) + 4)
    return [f"{head}(", f"{indent}{', '.join(arguments)}", f"{indent[4:]})"]


def _tuple(names: tuple[str, ...]) -> str:
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def line_symbols(line: Line) -> set[sp.Basic]:
    """Free symbols on the right-hand side of a line."""
    if isinstance(line, Assign):
        return set(line.value.free_symbols)
    return {s for argument in line.arguments for s in argument.free_symbols} | {sp.Symbol(name) for name in line.parameters}


def _line(line: Line, indent: str = "        ") -> list[str]:
    comment = [f"{indent}# {_harmless(line.comment)}"] if line.comment else []
    if isinstance(line, Call):
        arguments = [code(argument) for argument in line.arguments] + list(line.parameters)
        return comment + _call(f"{indent}{', '.join(line.targets)} = {line.function}", arguments)
    return comment + _assignment(line.name, code(line.value), indent)


def _pass(name: str, layers: Pass, program: Program, grams: tuple[str, ...], summary: str) -> list[str]:
    per_layer = tuple(k.name for k in program.keywords if k.per_layer)
    plain = tuple(k.name for k in program.keywords if not k.per_layer)
    arguments = [*grams, *per_layer, *plain, *(["n0"] if program.needs_input_dimension else [])]
    lines = ["", "", f"def {name}({', '.join(arguments)}):", f'    """{summary}"""']
    if layers.stages:
        lines.append("    # first Dense")
    index = {s: sp.Symbol(f"{s}[0]", **s.assumptions0) for line in layers.base for s in line_symbols(line) if str(s) in per_layer}
    for line in layers.base:
        lines += _line(Assign(line.name, line.value.xreplace(index), line.comment) if isinstance(line, Assign) else line, "    ")
    for stage in layers.stages:
        lines += _stage(stage, layers.state, per_layer)
    if layers.stages:
        return [*lines, "", f"    return {_tuple(layers.outputs)}"]
    return [*lines, "", f"    return _shaped({_tuple(layers.outputs)}, {', '.join(grams)})"]


def _default(keyword: Keyword) -> str:
    if keyword.default is None:
        return keyword.name
    if isinstance(keyword.default, tuple):
        return f"{keyword.name}={_tuple(tuple(repr(entry) for entry in keyword.default))}"
    return f"{keyword.name}={keyword.default!r}"


def _docstring(program: Program, digest: str) -> list[str]:
    header = program.header
    lines = [
        f'"""{_harmless(header.title)}',
        "",
        f"Generated by ntksym {_harmless(header.version)} (schema {SCHEMA}); do not edit.  sha256 of what follows: {digest}.",
        "",
    ]
    if header.formula:
        lines.append("Formula")
        lines += [piece for entry in header.formula for piece in _wrapped(entry, "    ", "    ")] + [""]
    for dual in program.duals:
        lines.append(f"Dual activation of phi(x) = {_harmless(dual.phi)}, u, v ~ N(0, [[q11, q12], [q12, q22]])")
        for label, text in dual.formula:
            lines += _wrapped(f"{label} = {text}", "    ", "    ")
        if dual.exists != sp.true:
            lines += _wrapped(f"exists where {dual.exists}, on the diagonal where {dual.exists_on_diagonal}; nan elsewhere", "    ", "    ")
        lines.append("")
    for dual in program.numeric:
        lines += numeric_header(dual, _wrapped)
    lines.append("Conventions")
    conventions = [*header.conventions, "Kernels are (N1, N2); computed in the dtype of the inputs, float32 or float64."]
    conventions += ["Each layer parameter is a scalar or a tuple with one entry per Dense layer, first to last."]
    lines += [piece for entry in conventions for piece in _bullet(entry)] + [""]
    if header.assumptions:
        lines.append("Assumptions")
        lines += [piece for entry in header.assumptions for piece in _bullet(entry)] + [""]
    lines.append("Where the mathematics is singular")
    notes = [
        "Where a partial derivative is infinite or undefined (inputs that coincide or are opposite, for an activation with a kink) the symmetric "
        "derivative is returned; the gradient of x -> k(x, x) equals the derivative of the diagonal.",
        "A zero row counts as uncorrelated with every other row. There, without biases, not even the symmetric derivative of a deep homogeneous network is "
        "linear in the direction; what is returned is finite.",
        "kernel_fn moves a correlation that rounding cannot tell from +-1 to +-1, so that equal rows of x1 and x2 give the value of the diagonal; "
        "the dual functions do not.",
        "With x2=None the diagonal comes from the recursion in one variable, not from the matrix product.",
    ]
    notes += [f"{dual.name}: phi jumps, V' is infinite at correlation +-1." for dual in program.duals if dual.infinite_at_coincidence]
    notes += [note for dual in program.duals for note in _digits(dual)]
    infinite = [dual.name for dual in program.numeric if dual.infinite_at_coincidence]
    notes += [f"{name}: V' is infinite where correlation +-1 puts both inputs at a jump or a root of phi." for name in infinite]
    return [*lines, *(piece for entry in notes for piece in _bullet(entry)), '"""']


def _digits(dual: DualFunction) -> list[str]:
    """Where the formulas of a dual are known to lose digits, relative to sqrt(V11 V22); tests/benchmarks/dual_edges.py measures it."""
    notes: list[str] = []
    if dual.germ is not None:
        notes.append(
            f"{dual.name}: at small variances the formula gives way to Taylor coefficients of phi. Where one variance q alone is small, the formula "
            "stays, and V has an error of about eps / sqrt(q)."
        )
    if any(result.has(Choose) or any(line.value.has(Choose) for line in dual.value.lines) for result in dual.value.results):
        notes.append(
            f"{dual.name}: phi saturates. Next to correlation +-1 at huge variances q, and where one variance alone is small, V has an error of about "
            "eps times the square root of the larger variance."
        )
    return notes


def jax_source(program: Program, training: str = "") -> str:
    """The module as text; ``training`` is the section that trains with the kernels (:mod:`ntksym.lowering.printers.jax_flow`).

    LoweringError for an expression without code or a parameter name that is not free.
    """
    for keyword in program.keywords:
        if keyword.name not in ("sigma_w", "sigma_b") and not is_free(keyword.name):
            raise LoweringError(
                f"the name {keyword.name!r} cannot stand in generated code",
                where="JAX printer",
                why="it is no identifier, a keyword or in use",
                fix="rename the symbol",
            )
    body: list[str] = []
    for dual in program.duals:
        body += _dual(dual)
    for numeric in program.numeric:
        body += numeric_lines(numeric, code, _body, _wrapped)
    body += _pass("_off_diagonal", program.off_diagonal, program, ("s11", "s12", "s22"), "Every output between two inputs, from their Gram entries x.x'/n_0.")
    body += _pass("_on_diagonal", program.diagonal, program, ("s11",), "Every output of an input with itself: the recursion in one variable.")
    keywords = [_default(keyword) for keyword in program.keywords]
    per_layer = [k.name for k in program.keywords if k.per_layer]
    plain = [k.name for k in program.keywords if not k.per_layer]
    default = "ntk" if "ntk" in program.outputs else program.outputs[0]
    text = KERNEL_FN.replace("@KEYWORDS@", "".join(f"    {entry},\n" for entry in keywords))
    text = text.replace("@DEFAULT@", repr(default).replace("'", '"'))
    documented = "".join(
        f"    {k.name}: {k.stands_for or 'parameter of the activation'}; {'a scalar or one entry per Dense layer' if k.per_layer else 'a scalar'}\n"
        for k in program.keywords
    )
    text = text.replace("@DOCUMENTED@", documented.rstrip("\n"))
    packed = "".join(f"        _per_layer({name!r}, {name}, x1.dtype),\n".replace("'", '"') for name in per_layer)
    packed += "".join(f"        _scalar({name!r}, {name}, x1.dtype),\n".replace("'", '"') for name in plain)
    packed += "        jnp.asarray(x1.shape[1], x1.dtype),  # n0\n" if program.needs_input_dimension else ""
    text = text.replace("@PACKED@", packed)
    constants = f"\n\nN_DENSE = {program.dense_count}\nOUTPUTS = {_tuple(tuple(repr(name) for name in program.outputs))}\n".replace("'", '"')
    lines = "\n".join(body)
    runtime = ROOM.rstrip("\n") + "\n" + pieces(lines) + numeric_runtime(program.numeric, lines)
    prelude = PRELUDE.replace("from typing", "from functools import partial\nfrom typing") if training else PRELUDE
    after = prelude + constants.removeprefix("\n").rstrip("\n") + runtime + lines + text.rstrip("\n") + training
    after = after.strip("\n") + "\n"
    digest = hashlib.sha256(after.encode()).hexdigest()
    return "\n".join(_docstring(program, digest)) + "\n\n" + after


def flow_source(section: str, title: str, version: str, formula: tuple[str, ...]) -> str:
    """A module that trains linearized networks with kernels given to it."""
    imports = PRELUDE.replace("from typing", "from functools import partial\nfrom typing").strip("\n")
    body = f"{imports}\n{section.rstrip()}\n"
    digest = hashlib.sha256(body.encode()).hexdigest()
    generated = f"Generated by ntksym {_harmless(version)} (schema {SCHEMA}); do not edit.  sha256 of what follows: {digest}."
    lines = [line for entry in formula for line in _wrapped(entry, "    ", "    ")]
    return "\n".join([f'"""{_harmless(title)}', "", generated, "", *lines, '"""']) + "\n\n" + body


def dual_source(dual: DualFunction | NumericFunction, title: str, version: str) -> str:
    """A module with one dual activation alone: the pair, its derivatives, the diagonal, and for a computed one the error bound."""
    if isinstance(dual, NumericFunction):
        head, lines, numeric = numeric_header(dual, _wrapped), numeric_lines(dual, code, _body, _wrapped), (dual,)
    else:
        head = [line for label, text in dual.formula for line in _wrapped(f"{label} = {text}", "", "    ")]
        lines, numeric = _dual(dual), ()
    text = "\n".join(lines)
    imports = PRELUDE.replace("from typing import NamedTuple\n\n", "").strip("\n")
    body = f"{imports}\n{HELPERS.rstrip()}\n{pieces(text)}{numeric_runtime(numeric, text)}{text}\n"
    digest = hashlib.sha256(body.encode()).hexdigest()
    generated = f"Generated by ntksym {_harmless(version)} (schema {SCHEMA}); do not edit.  sha256 of what follows: {digest}."
    return "\n".join([f'"""{_harmless(title)}', "", generated, "", *head, '"""']) + "\n\n" + body
