"""The functions of one computed dual (:mod:`ntksym.lowering.numeric`) as lines of a generated module."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from ntksym.lowering.printers.jax_numeric_runtime import HEADS, PANELS, SERIES
from ntksym.lowering.program import Body, NumericFunction

Code = Callable[[sp.Basic], str]
Lines = Callable[[Body], list[str]]
Docstring = Callable[[str, str], list[str]]


def numeric_lines(dual: NumericFunction, code: Code, assignments: Lines, docstring: Docstring) -> list[str]:
    """The functions of one computed dual: phi on its pieces, the pair, its derivatives, the diagonal, the error bound.

    ``code`` prints an expression, ``assignments`` the lines of a body, ``docstring`` wraps a text from outside after an indent.
    """
    own = "".join(f", {name}" for name in dual.parameters)
    curves = _curves(dual, own, code, assignments, docstring) + _curves(dual, own, code, assignments, docstring, sizes=True)
    return [*curves, *_pair(dual, own, code, docstring), *_line(dual, own, code), *_bound(dual, own, code)]


def numeric_runtime(duals: tuple[NumericFunction, ...], text: str) -> str:
    """The runtime pieces that ``text``, the lines of ``duals``, call."""
    if not duals:
        return ""
    return (
        (HEADS if any(f"{name}(" in text for name in ("_sech", "_held_exp", "_log_cosh")) else "")
        + PANELS
        + (SERIES if any(dual.smooth for dual in duals) else "")
    )


def numeric_header(dual: NumericFunction, docstring: Docstring) -> list[str]:
    """What the head of the module says of a computed dual."""
    method = "a Hermite-Mehler series, panels where it would be too long" if dual.smooth else "Gauss-Legendre panels between the kinks"
    texts = (
        f"V and V' are numeric: {method}",
        f"{dual.name}_bound estimates their error from above (truncation, a second node set, rounding); it is no rigorous enclosure",
        f"no closed form stands here: {dual.reason}",
    )
    head = docstring(f"Dual activation of phi(x) = {dual.phi}, u, v ~ N(0, [[q11, q12], [q12, q22]])", "")
    return [*head, *(line for text in texts for line in docstring(text, "    ")), ""]


def _edges(dual: NumericFunction, code: Code) -> list[str]:
    """Where the panels end: the kinks, or the place where a smooth phi bends."""
    return [code(t) if t.free_symbols else repr(float(sp.N(t, 30))) for t in dual.edges or (sp.Float(dual.centre),)]


def _name(dual: NumericFunction) -> str:
    return f"_curves_{dual.name.removeprefix('dual_')}"


def _sizes(dual: NumericFunction) -> str:
    return f"_sizes_{dual.name.removeprefix('dual_')}"


def _options(dual: NumericFunction, code: Code) -> str:
    """Thresholds, then scale, growth and power as the runtime takes them."""
    edges = _edges(dual, code)
    return f"({', '.join(edges)},), ({dual.scale!r}, {dual.growth!r}, {4 if dual.rough else 1})"


def _curves(dual: NumericFunction, own: str, code: Code, assignments: Lines, docstring: Docstring, sizes: bool = False) -> list[str]:
    pieces, name = (dual.sizes, _sizes(dual)) if sizes else (dual.pieces, _name(dual))
    what = "phi and its first three derivatives" if dual.smooth else "phi and phi'"
    if dual.smooth and dual.parameters:
        what += ", then phi and phi' differentiated by each parameter"
    if sizes:
        what = "Sums of the absolute terms of phi and of phi', to which rounding is relative"
    lines = ["", "", f"def {name}(x{own}):", f'    """{what}.', "", *docstring(f"phi(x) = {dual.phi}", "    "), '    """']
    if dual.smooth:
        (piece,) = pieces
        return [*lines, *assignments(piece), *_results("return", piece, code)]
    edges = _edges(dual, code)
    lines.append("    _x = x")
    for k, piece in enumerate(pieces):
        side = "" if k == 0 else f" from {edges[k - 1]}"
        side += "" if k == len(edges) else f" to {edges[k]}"
        lines.append(f"    # {side.strip()}")
        inside = "_x" if k == 0 else f"jnp.maximum(_x, {_beside(dual, edges[k - 1], 1)})"
        inside = inside if k == len(edges) else f"jnp.minimum({inside}, {_beside(dual, edges[k], -1)})"
        lines += [f"    x = {inside}", *assignments(piece), *_results(f"piece{k + 1} =", piece, code)]
    found = f"piece{len(pieces)}"
    for k in range(len(edges), 0, -1):
        lines.append(f"    found = [jnp.where(_x < {edges[k - 1]}, a, b) for a, b in zip(piece{k}, {found})]")
        found = "found"
    return [*lines, f"    return tuple({found})"]


def _beside(dual: NumericFunction, edge: str, side: int) -> str:
    """The threshold; a hair beside it where a derivative of phi is infinite there."""
    return repr(side * 1e-30) if dual.rough and float(edge) == 0 else edge


def _results(head: str, piece: Body, code: Code) -> list[str]:
    texts = [code(result) if result.free_symbols else f"jnp.full_like(x, {code(result)})" for result in piece.results]
    line = f"    {head} ({', '.join(texts)})"
    return [line] if len(line) <= 88 else [f"    {head} (", *(f"        {text}," for text in texts), "    )"]


def _pair(dual: NumericFunction, own: str, code: Code, docstring: Docstring) -> list[str]:
    pair, name = "q11, q12, q22" + own, dual.name
    how = (
        "Hermite-Mehler series, or panels around the place where phi bends where the series would be too long"
        if dual.smooth
        else "Gauss-Legendre panels between the kinks"
    )
    lines = ["", "", "@jax.custom_jvp", f"def {name}({pair}):"]
    lines += docstring("V = E[phi(u) phi(v)] and V' = E[phi'(u) phi'(v)], computed; (u, v) ~ N(0, q).", '    """')
    lines += ["", *docstring(f"{how}; {name}_bound estimates the error.", "    "), '    """', f"    {pair} = _arrays({pair})", ""]
    curves = f"lambda x: {_name(dual)}(x{own})"
    if dual.smooth:
        lines += ["    def average(q11, q12, q22):", f"        curves = {curves}[:2]", "        pairs = ((0, 0), (1, 1))"]
        lines += [f"        return _smooth_average(curves, pairs, {_options(dual, code)}, q11, q12, q22)", ""]
    else:
        lines += ["    def average(q11, q12, q22):", f"        return _{name}_panels({pair})", ""]
    lines += ["    return _shaped(_in_blocks(average, q11, q12, q22), q11, q12, q22)"]
    if not dual.smooth:
        lines += ["", "", f"def _{name}_panels({pair}, moments=False):", f"    curves = {curves}", "    found = _kinked_average("]
        lines += [f"        curves, {_options(dual, code)}, {dual.at_jumps}, q11, q12, q22, moments=moments", "    )"]
        if dual.steep:
            edges = f"({', '.join(_edges(dual, code))},)"
            lines += ["    V, dV, *rest = found", f"    meet = _coincident({edges}, q11, q12, q22)  # E[phi'^2] is infinite"]
            lines += ["    return V, jnp.where(meet, jnp.sign(dV) * jnp.inf, dV), *rest"]
        else:
            lines += ["    return found"]
    return [*lines, *_tangents(dual, pair, own, code)]


def _tangents(dual: NumericFunction, pair: str, own: str, code: Code) -> list[str]:
    name = dual.name
    arguments = ["q11", "q12", "q22", *dual.parameters]
    lines = ["", "", f"@{name}.defjvp", f"def _{name}_jvp(primals, tangents):"]
    lines += ['    """dV/dq12 = V\' (Price); the other partial derivatives are averages of the same kind."""']
    lines += [f"    {pair} = _arrays(*primals)", f"    {', '.join('d_' + a for a in arguments)} = _directions(({pair}), tangents)", ""]
    lines += ["    def partials(q11, q12, q22):"]
    if dual.smooth:
        pairs = [(0, 0), (1, 1), (2, 0), (0, 2), (3, 1), (2, 2), (1, 3)]
        for k in range(len(dual.parameters)):
            at = 4 + 2 * k
            pairs += [(at, 0), (0, at), (at + 1, 1), (1, at + 1)]
        lines += [f"        curves = lambda x: {_name(dual)}(x{own})", f"        pairs = {tuple(pairs)}"]
        lines += [f"        return _smooth_average(curves, pairs, {_options(dual, code)}, q11, q12, q22)", ""]
        lines += ["    found = _in_blocks(partials, q11, q12, q22)"]
        lines += ["    V, dV, V_q11, V_q22, dV_q11, dV_q12, dV_q22 = found[:7]"]
        lines += ["    V_q11, V_q22, dV_q11, dV_q22 = V_q11 / 2, V_q22 / 2, dV_q11 / 2, dV_q22 / 2", "    V_q12 = dV"]
        for k, parameter in enumerate(dual.parameters):
            at = 7 + 4 * k
            lines += [f"    V_{parameter}, dV_{parameter} = found[{at}] + found[{at + 1}], found[{at + 2}] + found[{at + 3}]"]
    else:
        names = ["V", "dV", *(f"{stem}_{argument}" for argument in arguments for stem in ("V", "dV"))]
        lines += ["        def average(*arguments):", f"            return _{name}_panels(*arguments, moments=True)", ""]
        lines += [f"        return _kinked_partials(average, {', '.join(arguments)})", ""]
        lines += ["    found = _in_blocks(partials, q11, q12, q22)", f"    {', '.join(names)} = found"]
        if not dual.infinite_at_coincidence:
            lines += ["    V_q12 = dV"]
    by_v = " + ".join(f"V_{a} * d_{a}" for a in arguments)
    by_d = " + ".join(f"dV_{a} * d_{a}" for a in arguments)
    lines += _sum("V_dot", by_v) + _sum("dV_dot", by_d)
    return [*lines, "    return _shaped((V, dV), q11, q12, q22), _shaped((V_dot, dV_dot), q11, q12, q22)"]


def _sum(name: str, text: str) -> list[str]:
    line = f"    {name} = {text}"
    return [line] if len(line) <= 88 else [f"    {name} = (", *(f"        {'+ ' if k else ''}{part}" for k, part in enumerate(text.split(" + "))), "    )"]


def _line(dual: NumericFunction, own: str, code: Code) -> list[str]:
    lines = ["", "", f"def {dual.name}_diagonal(q{own}):", '    """E[phi(u)^2] and E[phi\'(u)^2] for u ~ N(0, q), computed."""']
    lines += [f"    q{own} = _arrays(q{own})" if own else "    (q,) = _arrays(q)", f"    curves = lambda x: {_name(dual)}(x{own})[:2]"]
    lines += ["    count = _SIZES[q.dtype.name][3]", f"    g, h = _line_panels(curves, {_options(dual, code)}, count, q)"]
    lines += ["    h = jnp.full_like(q, jnp.inf)  # E[phi'^2] is infinite"] if dual.infinite_at_coincidence else []
    return [*lines, "    return _shaped((g, h), q)"]


def _bound(dual: NumericFunction, own: str, code: Code) -> list[str]:
    pair = "q11, q12, q22" + own
    lines = ["", "", f"def {dual.name}_bound({pair}):", '    """Estimates from above of the errors of V and V\'."""', f"    {pair} = _arrays({pair})", ""]
    lines += ["    def average(q11, q12, q22):", f"        curves = lambda x: {_name(dual)}(x{own})", f"        sizes = lambda x: {_sizes(dual)}(x{own})"]
    if dual.smooth:
        lines += [f"        bounds = _smooth_bound(lambda x: curves(x)[:3], {_options(dual, code)}, q11, q12, q22)"]
    else:
        lines += [f"        bounds = _panel_bound(curves, {_options(dual, code)}, {dual.at_jumps}, q11, q12, q22)"]
    lines += [f"        return _with_cancellation(bounds, lambda x: curves(x)[:2], sizes, {_options(dual, code)}, q11, q22)", ""]
    return [*lines, "    return _shaped(_in_blocks(average, q11, q12, q22), q11, q12, q22)"]
