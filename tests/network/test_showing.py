"""The chain-rule graph shown and stored: what every format says is read back and compared with the graph."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner

import ntksym
from ntksym import notation
from ntksym.cli import group
from ntksym.errors import NetworkError, NotationError, NtksymError, OutputError, SerializationError
from ntksym.network import (
    Bias,
    ChainGraph,
    Concat,
    Dense,
    Dropout,
    Heads,
    LayerNorm,
    Network,
    Pointwise,
    Product,
    Repeat,
    Residual,
    Sum,
    chain_graph,
    fcn,
)
from ntksym.network.products import derivative, path_count
from ntksym.nodes import Applied, Entry, Width
from ntksym.report import document, html, latex, markdown, png, svg, terminal, tree
from ntksym.report.labels import runs, runs_width, text_width
from ntksym.report.mermaid import identifiers
from ntksym.theory import derive

NETWORKS = {
    "chain": fcn(3, "relu", sigma_b=0.1),
    "symbolic depth": fcn(notation.depth, sp.Function("phi"), sigma_b=notation.sigma_b),
    "residual": Network([Dense(1.5, 0.1), Residual([Pointwise("erf"), Dense(1, 0.1)]), Pointwise("relu"), Dense()]),
    "layer norm": Network([Dense(), Residual([LayerNorm(), Pointwise("relu"), Dense(1, 0.1)]), Residual([LayerNorm(), Pointwise("erf"), Dense()]), Dense()]),
    "two heads": Network([Dense(1, 0.1), Pointwise("gelu"), Heads({"value": [Dense(width=1)], "policy": [Pointwise("relu"), Dense(width=8)]})]),
    "gate": Network([Dense(1.5), Pointwise("erf"), Product([[Dense(), Pointwise("sigmoid")], [Dense()]]), Dense()]),
    "concat": Network([Dense(width=16), Pointwise("relu"), Concat([[], [Dense(width=16), Pointwise("relu")]]), Dense(width=1)]),
    "shared": Network([Dense(width=8), Pointwise("erf"), Dense(width=8, shared="W"), Pointwise("erf"), Dense(width=8, shared="W"), Pointwise("erf"), Dense()]),
    "frozen, dropout, bias": Network([Dense(1.5, 0.1, frozen=True), Pointwise("relu"), Dropout(0.9), Dense(), Bias(0.3)]),
    "three branches": Network(
        [
            Dense(width=8),
            Sum([[Dense(width=8, shared="W")], [Pointwise("erf"), Dense(width=8, shared="W")], [Pointwise("relu"), Dense(width=8)], []]),
            Dense(),
        ]
    ),
    "u + u": Network([Dense(), Sum([[], []]), Pointwise("relu"), Dense()]),
}
EVERY = pytest.mark.parametrize("net", NETWORKS.values(), ids=NETWORKS.keys())


def arrows_of(chain: ChainGraph) -> Counter[tuple[str, str]]:
    return Counter((tail, head) for tail, head, _ in chain.graph.edges)


@EVERY
def test_mermaid_has_the_nodes_and_arrows_of_the_graph(net: Network) -> None:
    chain = chain_graph(net)
    text = chain.mermaid()
    back = {identifier: name for name, identifier in identifiers(chain.diagram()).items()}
    assert len(back) == len(chain.graph)
    assert Counter(re.findall(r'^\s+(n_\w+)(?:\[|\(\[|\{\{)"', text, re.M)) == Counter(back.keys())
    arrows = re.findall(r'^\s+(n_\w+) [-=]+>(?:\|"[^"]*"\|)? (n_\w+)$', text, re.M)
    assert Counter((back[tail], back[head]) for tail, head in arrows) == arrows_of(chain)
    assert text.count("subgraph") == len(chain.segments) == text.count("\n  end")


@EVERY
def test_svg_is_xml_with_the_nodes_and_arrows_of_the_graph(net: Network) -> None:
    chain = chain_graph(net)
    root = ET.fromstring(chain.svg())
    assert [e.get("data-vertex") for e in root.iter() if e.get("data-vertex")] == list(chain.graph)
    assert Counter((e.get("data-tail"), e.get("data-head")) for e in root.iter() if e.get("data-tail")) == arrows_of(chain)
    assert not [e for e in root.iter() if e.tag.endswith("script") or any(name.endswith("href") or name.startswith("on") for name in e.attrib)]
    assert "url(http" not in chain.svg() and "@import" not in chain.svg()


@EVERY
@pytest.mark.parametrize("fragment", [False, True])
def test_tikz_is_balanced_and_complete(net: Network, fragment: bool) -> None:
    chain = chain_graph(net)
    text = chain.tikz(fragment=fragment)
    assert text.isascii()
    plain = re.sub(r"\\[{}]", "", text)
    depth = 0
    for char in plain:
        depth += (char == "{") - (char == "}")
        assert depth >= 0
    assert depth == 0 and plain.count("$") % 2 == 0
    begun, ended = re.findall(r"\\begin\{([a-z*]+)\}", text), re.findall(r"\\end\{([a-z*]+)\}", text)
    assert Counter(begun) == Counter(ended)
    assert len(re.findall(r"\\node\[(?:tensor|input|parameter|mask)", text)) == len(chain.graph)
    assert text.count(r"\draw[edge") == chain.graph.number_of_edges()
    assert ("documentclass" in text) is not fragment


@EVERY
@pytest.mark.parametrize("ascii", [False, True])
def test_the_tree_lists_every_node_once(net: Network, ascii: bool) -> None:
    chain = chain_graph(net)
    lines = tree.render(chain.diagram(), ascii=ascii, with_key=False).splitlines()
    nodes = [line for line in lines if re.search(r"  \[.*\]", line)]
    assert len(nodes) == len(chain.graph)
    symbols = [re.search(r"([^\W\d_]+\^(?:\w|\{[^}]*\}))_\w+(?: = .*)?  \[", line) for line in nodes]
    assert all(symbols) and len({match[1] for match in symbols if match}) == len(chain.graph)
    pointers = [line for line in lines if line.rstrip().split("  ")[0].endswith(("above)", "below)")) or " below)" in line or " above)" in line]
    labels = [line for line in lines if "∂:" in line or " d:" in line]
    without = 1 if chain.segments else sum(1 for kind in chain.graph.nodes(data="kind") if kind[1] == "mask")
    assert len(labels) == chain.graph.number_of_edges() - without
    assert len(pointers) == chain.graph.number_of_edges() - len(nodes) + len({node for _, node in chain.outputs})
    assert not ascii or "\n".join(lines).isascii()


@EVERY
def test_nothing_in_the_picture_overlaps(net: Network) -> None:
    chain = chain_graph(net)
    placed = svg.arranged(chain.diagram())
    things = [*placed.vertices.values(), *(label for label in placed.labels if label is not None)]
    for k, one in enumerate(things):
        assert 0 <= one.x - one.width / 2 and one.x + one.width / 2 <= placed.width
        assert 0 <= one.y - one.height / 2 and one.y + one.height / 2 <= placed.height
        for two in things[k + 1 :]:
            assert abs(one.x - two.x) >= (one.width + two.width) / 2 or abs(one.y - two.y) >= (one.height + two.height) / 2
    rows = {name: place.y for name, place in placed.vertices.items()}
    assert all(rows[tail] < rows[head] for tail, head in arrows_of(chain))
    for frame in placed.frames:
        inside = {n for n, p in placed.vertices.items() if frame.left < p.x < frame.left + frame.width and frame.top < p.y < frame.top + frame.height}
        assert inside == set(frame.box.names)


def test_shapes_and_marks() -> None:
    drawing = chain_graph(NETWORKS["frozen, dropout, bias"]).svg("omega^2")
    assert drawing.count('class="parameter frozen') == 3  # two of the network, one of the legend
    assert "<polygon" in drawing and 'class="mask' in drawing
    lit = re.findall(r'class="edge lit" data-tail="([^"]*)"', drawing)
    assert lit == ["omega^2", "h^2"]
    heads = chain_graph(NETWORKS["two heads"]).diagram()
    assert [vertex.notes for vertex in heads.vertices if vertex.name in heads.outputs] == [("output value",), ("output policy",)]


def test_long_jacobians_stand_in_the_key() -> None:
    diagram = chain_graph(NETWORKS["layer norm"]).diagram()
    (arrow,) = (a for a in diagram.arrows if (a.tail, a.head) == ("h^1", "s^1"))
    rows = {row.left: row.right for row in diagram.key}
    full = chain_graph(NETWORKS["layer norm"]).edge("h^1", "s^1")["jacobian"]
    assert rows[arrow.label].count(sp.Sum) == full.count(sp.Sum) > 0
    assert not chain_graph(NETWORKS["layer norm"]).diagram(jacobians=False).arrows[0].label


# -- paths ------------------------------------------------------------------------------------------------------------------


def number_of(expression: sp.Expr, arrays: dict[str, np.ndarray], widths: dict[int, int]) -> float:
    """The value of an expression in entries and sums over channels, by plain loops."""
    if isinstance(expression, sp.Sum):
        ((variable, _, width),) = expression.limits
        return sum(number_of(expression.function.xreplace({variable: sp.Integer(k)}), arrays, widths) for k in range(1, widths[int(width.layer)] + 1))
    if isinstance(expression, Entry):
        return float(arrays[f"{expression.name}^{expression.layer}"][tuple(int(i) - 1 for i in expression.indices)])
    if isinstance(expression, Width):
        return widths[int(expression.layer)]
    if isinstance(expression, Applied):
        (variable,) = expression.function.variables
        return float(expression.function.expr.doit().subs(variable, sp.Float(number_of(expression.argument, arrays, widths), 17)))
    if not expression.args:
        return float(expression.subs({notation.sigma_w: 1.3, notation.sigma_b: 0.4}))
    parts = [number_of(part, arrays, widths) for part in expression.args]
    return float(expression.func(*(sp.Float(part, 17) for part in parts)))


def test_the_sum_over_paths_is_the_derivative(rng: np.random.Generator) -> None:
    """A residual block with a gate, two paths and more: every entry of every derivative against reverse mode, in float64."""
    net = Network(
        [
            Dense(1.3, 0.4, width=3),
            Residual([Pointwise("sin"), Product([[Dense(1.3, 0.4, width=3)], [Dense(1.3, 0.4, width=3), Pointwise("erf")]])]),
            Sum([[], []]),
            Dense(1.3, 0.4, width=2),
        ]
    )
    chain = chain_graph(net)
    widths = {0: 2, 1: 3, 2: 3, 3: 3, 4: 2}
    shapes = {1: (2, 3), 2: (3, 3), 3: (3, 3), 4: (3, 2)}
    with jax.enable_x64(True):
        params = {f"omega^{k}": rng.normal(size=shape) for k, shape in shapes.items()} | {f"beta^{k}": rng.normal(size=shapes[k][1]) for k in shapes}
        x = rng.normal(size=2)
        kept: dict[str, np.ndarray] = {}

        def forward(p: dict[str, jax.Array], keep: bool = False) -> jax.Array:
            def dense(k: int, z: jax.Array) -> jax.Array:
                return 1.3 / np.sqrt(z.shape[0]) * z @ p[f"omega^{k}"] + 0.4 * p[f"beta^{k}"]

            h1 = dense(1, jnp.asarray(x))
            z1 = jnp.sin(h1)
            h2, h3 = dense(2, z1), dense(3, z1)
            z2 = jax.scipy.special.erf(h3)
            s1 = h2 * z2
            s2 = h1 + s1
            s3 = s2 + s2
            if keep:
                names = {"z^0": x, "h^1": h1, "z^1": z1, "h^2": h2, "h^3": h3, "z^2": z2, "s^1": s1, "s^2": s2, "s^3": s3}
                kept.update({name: np.asarray(value) for name, value in names.items()})
            return dense(4, s3)

        forward({k: jnp.asarray(v) for k, v in params.items()}, keep=True)
        expected = {name: np.asarray(value) for name, value in jax.jacrev(forward)({k: jnp.asarray(v) for k, v in params.items()}).items()}
    for parameter in chain.parameters():
        of_by, _, value = derivative(chain, parameter, "h^4", lambda data: data["jacobian"])
        free = [*of_by.of.indices, *of_by.by.indices]
        exact = expected[parameter]
        for place in np.ndindex(*exact.shape):
            at = {symbol: sp.Integer(k + 1) for symbol, k in zip(free, place, strict=True)}
            assert abs(number_of(value.xreplace(at), params | kept, widths) - exact[place]) <= 2e-15 * max(1.0, np.abs(exact).max()), (parameter, place)
    assert path_count(chain, "omega^1", "h^4") == 6 and len(chain.paths("omega^1")) == 3  # the sum has two arrows


def test_paths_are_written_out() -> None:
    text = chain_graph(NETWORKS["residual"]).tree("omega^1")
    assert "∂h^3/∂ω^1 = ∂h^3/∂z^2 · ∂z^2/∂s^1 · ∂s^1/∂h^1 · ∂h^1/∂ω^1 + ∂h^3/∂z^2 · ∂z^2/∂s^1 · ∂s^1/∂h^2 · ∂h^2/∂z^1 · ∂z^1/∂h^1 · ∂h^1/∂ω^1" in " ".join(
        text.split()
    )
    lit = [line for line in text.splitlines() if line.startswith("* ")]
    assert len(lit) == 7
    both = chain_graph(NETWORKS["residual"]).diagram("theta^1")
    assert both.path == ("omega^1", "beta^1")


def test_paths_through_a_repeated_block() -> None:
    """L = 2 written out is what the product says: the same factors, in the same order."""
    chain = chain_graph(NETWORKS["symbolic depth"])
    outside, inside = (chain.diagram(name).key[-1] for name in ("omega^1", "omega^{l+1}"))
    assert outside.right.text == "∏_{k=1..L} (∂h^{k+1}/∂z^k · ∂z^k/∂h^k) · ∂h^1/∂ω^1"
    assert inside.right.text == "∏_{k=ℓ+1..L} (∂h^{k+1}/∂z^k · ∂z^k/∂h^k) · ∂h^{ℓ+1}/∂ω^{ℓ+1}"
    assert str(outside.left.of.layer) == "L + 1"
    copies = " · ".join(re.sub("k\\+1", str(k + 1), "∂h^k+1/∂z^k · ∂z^k/∂h^k").replace("^k", f"^{k}") for k in (2, 1)) + " · ∂h^1/∂ω^1"
    written = chain_graph(fcn(2, "relu")).diagram("omega^1").key
    assert copies in [getattr(row.right, "text", "") for row in written]
    more = chain_graph(Network([Dense(), Repeat((Pointwise("erf"), Dense()), notation.depth), Pointwise("relu"), Dense()]))
    assert more.diagram("omega^{l+2}").key[-1].right.text == "∂h^{L+2}/∂ω^{L+2}"
    assert more.diagram("omega^1").key[-1].right.text.startswith("∂h^{L+2}/∂z^{L+1} · ∂z^{L+1}/∂h^{L+1} · ∏")
    lit = {vertex.name for vertex in chain.diagram("omega^{l+1}").vertices if vertex.lit}
    assert lit == {"omega^{l+1}", "h^{l+1}", "h^l", "z^l"}


def test_many_paths_are_counted_not_listed() -> None:
    deep = Network([Dense(), *(Residual([Pointwise("erf"), Dense()]) for _ in range(12)), Dense()])
    rows = chain_graph(deep).diagram("omega^1").key
    assert any(row.note is not None and "4096 paths" in str(row.note) for row in rows)


def test_unknown_paths_are_refused() -> None:
    for name in ("omega^9", "h^1", "theta^7", ""):
        with pytest.raises(NetworkError, match="the parameters are omega"):
            chain_graph(fcn(1, "relu")).diagram(name)


# -- saved and loaded ---------------------------------------------------------------------------------------------------------


@EVERY
def test_a_graph_is_equal_after_a_round_trip(net: Network) -> None:
    chain = chain_graph(net)
    text = chain.to_json()
    found = ChainGraph.from_json(text)
    assert found == chain and hash(found) == hash(chain) and found is not chain
    assert dict(found.graph.nodes(data=True)) == dict(chain.graph.nodes(data=True))
    assert list(found.graph.edges(keys=True, data=True)) == list(chain.graph.edges(keys=True, data=True))
    assert found.to_json() == text and found.svg() == chain.svg() and json.loads(text)["schema_version"] == 1
    assert chain != chain_graph(fcn(2, "sin")) and chain != text


def _spoilt() -> dict[str, str]:
    good = chain_graph(fcn(1, "relu")).to_json()
    return {
        "no json": "ntksym",
        "a network": fcn(1, "relu").to_json(),
        "a foreign head": good.replace('"GraphNode"', '"Popen"', 1),
        "a missing node": good.replace('"tail":"omega^1"', '"tail":"omega^7"'),
        "a cycle": good.replace('"tail":"x","head":"h^1"', '"tail":"h^2","head":"h^1"'),
        "a kind": good.replace('"kind":"input"', '"kind":"secret"'),
        "a name twice": good.replace('"name":"omega^1"', '"name":"x"'),
        "an output": good.replace('"output":"h^2"', '"output":"h^3"'),
        "a parameter without training": good.replace('"trainable":true', '"trainable":null', 1),
        "an entry": re.sub(r'"name":"x","kind":"input","entry":\["Entry".*?\],"shape"', '"name":"x","kind":"input","entry":["Integer","1"],"shape"', good),
    }


@pytest.mark.parametrize("what", _spoilt())
def test_foreign_text_is_refused(what: str) -> None:
    text = _spoilt()[what]
    assert text != chain_graph(fcn(1, "relu")).to_json()
    with pytest.raises(SerializationError):
        ChainGraph.from_json(text)


# -- notebooks, reports, PNG ----------------------------------------------------------------------------------------------------


def test_notebooks_get_the_picture() -> None:
    chain = chain_graph(fcn(1, "relu"))
    assert chain._repr_svg_() == chain.svg() and str(chain) == chain.tree()
    assert repr(chain) == "<ChainGraph: 4 tensors, 2 parameters, 5 local Jacobians>"


def test_the_picture_in_every_report() -> None:
    net = fcn(2, "relu", sigma_b=0.1)
    chain = chain_graph(net)
    page = document(derive(net), "result", diagram=chain.diagram())
    assert [section.title for section in page.sections[:2]] == ["Result", "Network"]
    assert "<svg " in html.render(page) and "<svg " in html.render_notebook(page)
    assert "```mermaid\nflowchart TD" in markdown.render(page)
    tex = latex.render(page)
    assert r"\usepackage{tikz}" in tex and tex.count(r"\begin{tikzpicture}") == 1 and tex.isascii()
    assert ", tikz." in latex.render(page, fragment=True)
    assert "z^1_a = φ(h^1_a)  [n_1]" in terminal.render(page)
    assert terminal.render(page, ascii=True).isascii()
    without = document(derive(net), "result")
    assert "tikz" not in latex.render(without) and "<svg" not in html.render(without)


def test_a_letter_has_one_meaning_in_a_report() -> None:
    with pytest.raises(NotationError, match="phi"):
        document(derive(fcn(2, "relu")), "result", diagram=chain_graph(fcn(2, "erf")).diagram())


def test_png() -> None:
    pytest.importorskip("matplotlib")
    for net in (NETWORKS["frozen, dropout, bias"], NETWORKS["symbolic depth"], NETWORKS["layer norm"]):
        data = chain_graph(net).png("omega^1", dpi=60)
        assert data.startswith(b"\x89PNG\r\n\x1a\n") and data == chain_graph(net).png("omega^1", dpi=60)


def test_png_without_matplotlib_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(OutputError, match=r'pip install "ntksym\[plot\]"'):
        png.render(chain_graph(fcn(1, "relu")).diagram())


def test_labels_are_split_into_what_stands_above_and_below() -> None:
    assert [(run.text, run.level) for run in runs("σ_w ω^{ℓ+1}_bi/√n_0")] == [("σ", 0), ("w", -1), (" ω", 0), ("ℓ+1", 1), ("bi", -1), ("/√n", 0), ("0", -1)]
    assert runs_width(runs("h^1_a")) == pytest.approx(text_width("h") + 0.7 * text_width("a"), abs=0.04)


@pytest.mark.parametrize("hash_seed", ["0", "77"])
def test_every_format_is_the_same_under_any_hash_seed(hash_seed: str) -> None:
    code = (
        "from ntksym.network import *\nimport hashlib\n"
        "net = Network([Dense(1.5, 0.1), Residual([LayerNorm(), Pointwise('erf'), Dense(1, 0.1)]), Product([[Dense()], [Dense(), Pointwise('relu')]]),"
        " Heads({'a': [Dense()], 'b': [Dense()]})])\n"
        "c = chain_graph(net)\n"
        "print([hashlib.sha256(t.encode()).hexdigest() for t in (c.svg('omega^1'), c.tikz('omega^1'), c.mermaid(), c.tree('theta^2'), c.to_json())])"
    )
    net = Network(
        [
            Dense(1.5, 0.1),
            Residual([LayerNorm(), Pointwise("erf"), Dense(1, 0.1)]),
            Product([[Dense()], [Dense(), Pointwise("relu")]]),
            Heads({"a": [Dense()], "b": [Dense()]}),
        ]
    )
    c = chain_graph(net)
    here = [hashlib.sha256(t.encode()).hexdigest() for t in (c.svg("omega^1"), c.tikz("omega^1"), c.mermaid(), c.tree("theta^2"), c.to_json())]
    path = os.pathsep.join([str(Path(ntksym.__file__).parent.parent), *sys.path])
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment).stdout.strip()
    assert found == str(here)


# -- the command ----------------------------------------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str, BaseException | None]:
    result = CliRunner().invoke(group, ["graph", *arguments])
    return result.exit_code, result.output, result.exception


@pytest.mark.parametrize("form", ["tree", "mermaid", "tikz", "svg", "json"])
def test_the_command_prints_every_format(form: str) -> None:
    code, output, _ = run("relu", "--depth", "2", "--sigma-b", "1/2", "--format", form)
    assert code == 0
    chain = chain_graph(fcn(2, "relu", sigma_b=sp.Rational(1, 2)))
    made = {"tree": chain.tree, "mermaid": chain.mermaid, "tikz": chain.tikz, "svg": chain.svg, "json": lambda: chain.to_json(indent=2)}[form]()
    assert output == made


def test_the_command_reads_networks_and_graphs_from_files(tmp_path: Path) -> None:
    net = NETWORKS["gate"]
    (tmp_path / "net.json").write_text(net.to_json(), encoding="utf-8")
    (tmp_path / "graph.json").write_text(chain_graph(net).to_json(), encoding="utf-8")
    for name in ("net.json", "graph.json"):
        out = tmp_path / f"{name}.svg"
        code, _, _ = run(str(tmp_path / name), "--path", "omega^2", "--out", str(out))
        assert code == 0 and out.read_text(encoding="utf-8") == chain_graph(net).svg("omega^2")


def test_what_the_command_refuses(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{}", encoding="utf-8")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    for arguments in (["relu", "--path", "omega^9"], [str(tmp_path / "bad.json")], [str(tmp_path / "none.json")], [str(tmp_path / "binary.json")]):
        code, _, error = run(*arguments)
        assert code != 0 and isinstance(error, NtksymError), arguments
    for arguments in (
        ["relu", "--format", "dot"],
        ["relu", "--format", "png"],
        ["relu", "--format", "svg", "--ascii"],
        ["relu", "--fragment"],
        ["relu", "--format", "json", "--path", "omega^1"],
        [str(tmp_path / "bad.json"), "--depth", "2"],
    ):
        code, output, _ = run(*arguments)
        assert code == 2 and "Usage" in output, arguments
    out = tmp_path / "there.svg"
    code, _, error = run("relu", "--path", "omega^9", "--out", str(out))
    assert code != 0 and isinstance(error, NetworkError) and not out.exists() and not list(tmp_path.glob(".*partial"))


def test_the_command_loads_no_jax() -> None:
    code = "from click.testing import CliRunner\nfrom ntksym.cli import group\nr = CliRunner().invoke(group, ['graph', 'relu', '--format', 'svg'])\n"
    code += "import sys; print(r.exit_code, sorted(m for m in sys.modules if m.split('.')[0] in ('jax', 'jaxlib', 'matplotlib')))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(ntksym.__file__).parent.parent), *sys.path])}
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment).stdout.strip() == "0 []"
