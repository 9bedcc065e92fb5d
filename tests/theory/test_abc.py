"""abc-parameterizations: the count on the graph against the closed formulas of Yang and Hu, written here by hand, and against finite networks in NumPy."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
import sympy as sp

from ntksym.errors import NetworkError
from ntksym.forms import AbcClass
from ntksym.network import Bias, Concat, Dense, Dropout, Heads, LayerNorm, Network, Pointwise, Product, Residual, Scale, Sum, chain_graph, fcn
from ntksym.nodes import Entry
from ntksym.proof import Derivation, Status
from ntksym.rules import exponents
from ntksym.theory import abc, abc_exponents
from ntksym.theory.abc import _growth

H = Fraction(1, 2)


def regime(network: object, a: Sequence[object], b: Sequence[object], c: object) -> AbcClass:
    return abc(network, a, b, c).conclusion.claim


# -- known parameterizations -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "depth", "c", "expected", "r"),
    [
        ("standard", 2, 0, "unstable", None),
        ("standard", 4, 0, "unstable", None),
        ("standard", 2, 1, "kernel", H),
        ("standard", 1, 1, "kernel", Fraction(3, 2)),
        ("ntk", 1, None, "kernel", H),
        ("ntk", 3, None, "kernel", H),
        ("mup", 1, None, "feature learning", 0),
        ("mup", 4, None, "feature learning", 0),
        ("mean_field", 1, None, "feature learning", 0),
    ],
)
def test_known_classes(name: str, depth: int, c: int | None, expected: str, r: Fraction | None) -> None:
    """Table 1 of Yang and Hu; one hidden layer in the standard parameterization moves faster still, since its only hidden layer has a fixed fan-in."""
    given = abc_exponents(name, depth)
    claim = regime(depth, given.a, given.b, given.c if c is None else c)
    assert claim.regime == expected
    assert claim.stable == (expected != "unstable") and not claim.trivial
    assert r is None or claim.r == r


def test_mean_field_and_mup_are_one_up_to_the_symmetry() -> None:
    one, two = abc_exponents("mean_field", 1), abc_exponents("mup", 1)
    theta = two.a[0] - one.a[0]
    assert list(two.a) == [x + theta for x in one.a]
    assert list(two.b) == [x - theta for x in one.b]
    assert two.c == one.c - 2 * theta


def test_the_derivation_is_checked_and_can_be_replayed_and_shown() -> None:
    for name, depth in (("mup", 3), ("standard", 2)):
        derivation = abc(depth, *abc_exponents(name, depth))
        assert derivation.verdict is Status.TESTED  # the laws are sampled; the rest is proved, or added up at a huge width
        assert Derivation.from_json(derivation.to_json()).replay() == derivation
        text = derivation.text()
        assert ("feature learning" if name == "mup" else "Unstable") in text and "N(0,1), gradients" not in text
        assert derivation.latex().count("\\begin{") == derivation.latex().count("\\end{")
        assert "abc-parameterization" in derivation.html()
        assert derivation.text(ascii=True).isascii()


# -- the closed formulas -----------------------------------------------------------------------------------------------


def paper(a: Sequence[Fraction], b: Sequence[Fraction], c: Fraction) -> tuple[str, Fraction]:
    """The regime and r, from the inequalities."""
    top = len(a) - 1
    r = min(a[top] + b[top], 2 * a[top] + c) + c - 1 + min(2 * a[k] + (k == 0) for k in range(top))
    started = a[0] + b[0] == 0 and all(a[k] + b[k] == H for k in range(1, top)) and a[top] + b[top] >= H
    if not (started and r >= 0 and 2 * a[top] + c >= 1 and a[top] + b[top] + r >= 1):
        return "unstable", r
    if a[top] + b[top] + r != 1 and 2 * a[top] + c != 1:
        return "trivial", r
    return ("feature learning" if r == 0 else "kernel"), r


def count(depth: int, a: Sequence[Fraction], b: Sequence[Fraction], c: Fraction) -> AbcClass:
    """The rules without their checks, for speed."""
    graph = chain_graph(fcn(depth, sp.Function("phi")))
    rational = [tuple(sp.Rational(v.numerator, v.denominator) for v in part) for part in (a, b, (c,))]
    equations = tuple(graph.value(name) for name in graph.tensors()[1:])
    network = exponents.abc_parameterization.apply(equations=equations, growth=_growth(graph), a=rational[0], b=rational[1], c=rational[2][0])
    values, slopes = (rule.apply(network, None) for rule in (exponents.count_values, exponents.count_derivatives))
    changes = exponents.count_updates.apply(network, values, slopes, None)
    return exponents.classify.apply(network, values, slopes, changes).claim


def test_the_count_agrees_with_the_closed_formulas(seed: int) -> None:
    """Random exponents, most on the walls between the classes; the conditions at initialization hold for nine of ten."""
    draw = random.Random(seed)
    seen: dict[str, int] = {}
    for _ in range(1500):
        a, b, c = near_the_walls(draw)
        claim = count(len(a) - 1, a, b, c)
        expected, r = paper(a, b, c)
        assert claim.regime == expected, (a, b, c)
        assert expected == "unstable" or claim.r == r, (a, b, c)
        seen[expected] = seen.get(expected, 0) + 1
    print(seen)
    assert min(seen.values()) > 100 and len(seen) == 4


def near_the_walls(draw: random.Random) -> tuple[list[Fraction], list[Fraction], Fraction]:
    """Exponents most of which meet some of the conditions with equality."""
    depth, quarter = draw.randint(1, 4), Fraction(1, 4)
    a = [draw.randint(-6, 6) * quarter for _ in range(depth + 1)]
    readout, own = draw.choice((1, 2, 3, 4, 4, 5, 6)) * quarter, draw.choice((3, 4, 4, 4, 5, 6)) * quarter  # a + b and 2 a + c of the last matrix
    c = own - 2 * a[-1]
    if draw.random() < 0.7:  # shift the exponents of the other matrices, so that r comes near zero
        shift = draw.choice((-1, 0, 0, 0, 1, 2, 3)) * quarter - (min(readout, own) + c - 1 + min(2 * a[k] + (k == 0) for k in range(depth)))
        a[:-1] = [v + shift / 2 for v in a[:-1]]
    b = [-a[0], *(H - v for v in a[1:-1]), readout - a[-1]]
    if draw.random() < 0.1:
        b[draw.randrange(depth)] += draw.choice((-H, quarter, Fraction(1, 3)))
    return a, b, c


def test_the_symmetry(seed: int) -> None:
    """(a + t, b - t, c - 2t) is the same training: every exponent that is an observable stays."""
    draw = random.Random(seed)
    quarters = [Fraction(k, 4) for k in range(-4, 5)]
    for _ in range(150):
        depth, t = draw.randint(1, 3), Fraction(draw.randint(-9, 9), 7)
        a, b, c = [draw.choice(quarters) for _ in range(depth + 1)], [draw.choice(quarters) for _ in range(depth + 1)], draw.choice(quarters)
        one, two = count(depth, a, b, c), count(depth, [v + t for v in a], [v - t for v in b], c - 2 * t)
        for name in ("values", "derivatives", "changes", "r", "updates", "regime"):
            assert getattr(one, name) == getattr(two, name)


def test_every_class_passes_its_checks(seed: int) -> None:
    """The checks of the rules (paths, numbers at a huge width, closed formulas) on random exponents, wirings included."""
    draw = random.Random(seed)
    block = Network([Dense(), Pointwise("tanh"), Residual([Dense(), Pointwise("tanh"), Dense()]), Concat([[Dense()], []]), Pointwise("relu"), Dense(width=1)])
    branches = Network([Dense(), Sum([[Pointwise("tanh"), Dense()], [Scale(2)]]), Pointwise("erf"), Dense(frozen=True), Pointwise("erf"), Dense(width=1)])
    for network, layers in ((block, 5), (branches, 4), (2, 3)):
        for _ in range(25):
            a, b = ([Fraction(draw.randint(-4, 4), 4) for _ in range(layers)] for _ in range(2))
            if draw.random() < 0.8:
                b = [-a[0], *(H - v for v in a[1:-1]), draw.choice((H, 1)) - a[-1]]
            claim = regime(network, a, b, Fraction(draw.randint(-4, 8), 4))
            assert claim.regime in {"unstable", "trivial", "kernel", "feature learning"}


# -- finite networks ---------------------------------------------------------------------------------------------------


X = np.array([[0.9, -0.4, 0.3], [-0.2, 0.7, 1.1]])
Y = np.array([[1.0], [-1.0]])
TEST = np.array([[0.8, -0.6, 0.1]])
WIDTHS = (128, 256, 512, 1024)


class Slopes(NamedTuple):
    """Slopes of log size against log width with their standard errors, per layer."""

    value: np.ndarray
    change: np.ndarray
    value_error: np.ndarray
    change_error: np.ndarray


def train(rng: np.random.Generator, n: int, a: Sequence[float], b: Sequence[float], c: float, updates: int, residual: bool) -> list[np.ndarray]:
    """Pre-activations at the test input before training and after it; tanh, half the squared error, plain NumPy."""
    dims = [X.shape[1], *[n] * (len(a) - 1), 1]
    weights = [rng.standard_normal((p, q)) * n ** -b[k] for k, (p, q) in enumerate(itertools.pairwise(dims))]
    scale = [n**-power for power in a]

    def forward(x: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """The tensors in front of each matrix, and behind it (with the skip connection around the hidden matrices)."""
        ins, outs = [], []
        z = x
        for k, w in enumerate(weights):
            ins.append(z)
            h = z @ w * scale[k]
            if residual and 0 < k < len(weights) - 1:
                h = h + outs[-1]
            outs.append(h)
            z = np.tanh(h)
        return ins, outs

    _, before = forward(TEST)
    for _ in range(updates):
        ins, outs = forward(X)
        back = outs[-1] - Y
        gradients = []
        for k in reversed(range(len(weights))):
            gradients.append(ins[k].T @ back * scale[k])
            if k:
                below = back @ weights[k].T * scale[k] * (1 - np.tanh(outs[k - 1]) ** 2)
                back = below + back if residual and k < len(weights) - 1 else below
        for w, g in zip(weights, reversed(gradients), strict=True):
            w -= 0.5 * n**-c * g
    _, after = forward(TEST)
    return [np.array([np.mean(h**2) for h in before]), np.array([np.mean((h - g) ** 2) for h, g in zip(after, before, strict=True)])]


def measured(rng: np.random.Generator, a: Sequence[object], b: Sequence[object], c: object, updates: int = 1, residual: bool = False) -> Slopes:
    numbers = [[float(v) for v in part] for part in (a, b)]
    sizes, errors = [], []
    for n in WIDTHS:
        drawn = np.array([np.concatenate(train(rng, n, *numbers, float(c), updates, residual)) for _ in range(32 if n < 1000 else 16)])
        sizes.append(0.5 * np.log(drawn.mean(0)))
        errors.append(0.5 * drawn.std(0, ddof=1) / np.sqrt(len(drawn)) / drawn.mean(0))
    design = np.stack([np.log(WIDTHS), np.ones(len(WIDTHS))], 1)
    slopes, spreads = [], []
    for y, e in zip(np.array(sizes).T, np.array(errors).T, strict=True):
        weighted = design / e[:, None]
        covariance = np.linalg.inv(weighted.T @ weighted)
        slopes.append((covariance @ weighted.T @ (y / e))[0])
        spreads.append(np.sqrt(covariance[0, 0]))
    layers = len(a)
    print("slopes", np.round(slopes, 2), "+-", np.round(spreads, 2))
    return Slopes(*np.split(np.array(slopes), [layers]), *np.split(np.array(spreads), [layers]))


def of_layers(rows: Sequence[tuple[Entry, sp.Expr]], names: Sequence[str]) -> list[float]:
    found = {f"{tensor.name}{tensor.layer}": float(exponent) for tensor, exponent in rows}
    return [found[name] for name in names]


CASES = {
    "mup": (*abc_exponents("mup", 2), 1),
    "ntk": (*abc_exponents("ntk", 2), 1),
    "standard, c = 1": (*abc_exponents("standard", 2)[:2], 1, 1),
    "mean field": (*abc_exponents("mean_field", 1), 1),
    "mup with a small readout: features move from the second update on": ((-H, 0, H), (H, H, 1), 0, 2),
    "between kernel and features": ((-H / 2, H / 2, H), (H / 2, H / 2, H / 2), 0, 1),
    "trivial": ((0, H, H), (0, 0, 0), H, 1),
}


@pytest.mark.parametrize("name", CASES)
def test_finite_networks_have_the_exponents(name: str, rng: np.random.Generator) -> None:
    """Within 0.05 plus 3 standard errors (which are 0.01 to 0.11): the next order of n bends the lines by up to 0.03 here, measured over 4 seeds."""
    a, b, c, updates = CASES[name]
    claim = regime(len(a) - 1, a, b, c)
    assert claim.updates == updates
    slopes = measured(rng, a, b, c, updates)
    names = [f"h{k}" for k in range(1, len(a) + 1)]
    assert np.all(np.abs(slopes.value - of_layers(claim.values, names)) < 0.05 + 3 * slopes.value_error)
    assert np.all(np.abs(slopes.change - of_layers(claim.changes, names)) < 0.05 + 3 * slopes.change_error)


def test_a_residual_network_has_the_exponents(rng: np.random.Generator) -> None:
    """The skip connection carries the first layer's change along: in the standard parameterization it is the smaller one."""
    network = Network([Dense(), Residual([Pointwise("tanh"), Dense()]), Pointwise("tanh"), Dense(width=1)])
    for a, b, c in (abc_exponents("mup", network), (*abc_exponents("standard", network)[:2], 1)):
        claim = regime(network, a, b, c)
        slopes = measured(rng, a, b, c, residual=True)
        assert np.all(np.abs(slopes.change - of_layers(claim.changes, ["h1", "s1", "h3"])) < 0.05 + 3 * slopes.change_error)


# -- what goes in ------------------------------------------------------------------------------------------------------


def test_exponents_are_exact() -> None:
    same = [(-0.5, 0, 0.5), (Fraction(-1, 2), 0, sp.Rational(1, 2)), np.array([-0.5, 0, 0.5]), [sp.Float(-0.5), np.int64(0), np.float64(0.5)]]
    claims = {regime(2, a, (0.5, 0.5, 0.5), 0) for a in same}
    assert len(claims) == 1 and claims.pop().a == (-sp.S.Half, 0, sp.S.Half)
    assert regime(2, (0.1, 0, 0), (0, 0, 0), 0).a[0] == sp.Rational(1, 10)


@pytest.mark.parametrize(
    ("a", "c", "message"),
    [
        ((0, sp.Symbol("alpha"), 0), 0, "a_2 = alpha holds the symbol alpha"),
        ((0, 0), 0, "3 weight matrices"),
        (0, 0, "3 weight matrices"),
        ("000", 0, "3 weight matrices"),
        ((0, float("nan"), 0), 0, "a_2 = nan"),
        ((0, True, 0), 0, "a_2 = True"),
        ((0, 0, 0), "0", "c = '0'"),
        ((0, 0, 0), sp.oo, "c = oo"),
        ((0, 0, 0), sp.sqrt(2), "c = sqrt"),
        ((0, 0, 0), None, "c = None"),
    ],
)
def test_wrong_exponents_are_refused(a: object, c: object, message: str) -> None:
    with pytest.raises(NetworkError, match=message.replace("(", r"\(")):
        abc(2, a, (0, 0, 0), c)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([Dense(sigma_b=1.0), Pointwise("tanh"), Dense()], "has biases"),
        ([Dense(), Bias(), Pointwise("tanh"), Dense()], "layer Bias"),
        ([Dense(), LayerNorm(), Pointwise("tanh"), Dense()], "layer LayerNorm"),
        ([Dense(), Dropout(0.5), Pointwise("tanh"), Dense()], "layer Dropout"),
        ([Product([[Dense()], [Dense()]]), Pointwise("tanh"), Dense()], "layer Product"),
        ([Dense(), Pointwise("tanh"), Heads({"one": [Dense()], "two": [Dense()]})], "2 outputs"),
        ([Dense(), Pointwise("tanh"), Dense(shared="W"), Pointwise("tanh"), Dense(shared="W"), Pointwise("tanh"), Dense()], "shares its weights"),
        ([Dense(), Pointwise("sign"), Dense()], "jumps"),
        ([Dense(), Residual([Dense()])], "no hidden width"),
    ],
)
def test_what_is_not_counted_is_refused(layers: list[object], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        abc(Network(layers), (0,) * 9, (0,) * 9, 0)


def test_wrong_names_and_networks_are_refused() -> None:
    with pytest.raises(NetworkError, match="no parameterization 'mupp'"):
        abc_exponents("mupp", 2)
    with pytest.raises(NetworkError, match="between hidden layers"):
        abc_exponents("mean_field", 2)
    with pytest.raises(NetworkError, match="'mup' is no network"):
        abc("mup", (0,), (0,), 0)
    with pytest.raises(NetworkError, match="symbolic number"):
        abc(fcn(sp.Symbol("L", integer=True, positive=True), "tanh"), (0,), (0,), 0)


def test_a_frozen_matrix_does_not_move() -> None:
    """Only the readout trained: random features, which never move."""
    network = Network([Dense(frozen=True), Pointwise("tanh"), Dense(width=1)])
    claim = regime(network, (0, H), (0, 0), 0)
    assert claim.regime == "kernel" and claim.r == sp.oo
    assert "0" in abc(network, (0, H), (0, 0), 0).text()
