"""Wirings: what a layer puts into the graph, which widths are one, and what is refused with its place."""

from __future__ import annotations

import pytest
import sympy as sp
from wirings import wirings

from ntksym.errors import NetworkError
from ntksym.network import Bias, Concat, Dense, Dropout, Heads, LayerNorm, Network, Pointwise, Product, Residual, Scale, Sum, chain_graph
from ntksym.nodes import Width

RELU = Pointwise("relu")


@pytest.mark.parametrize("name", wirings())
def test_json_round_trip(name: str) -> None:
    net = wirings(8)[name]
    assert Network.from_json(net.to_json()) == net
    assert chain_graph(Network.from_json(net.to_json())) is chain_graph(net)


def test_one_tensor_used_twice_is_one_node() -> None:
    """u + u reads one node; two equal activations of one tensor are one; two Dense of equal numbers are two."""
    doubled = Network([Dense(), Sum([[RELU], [RELU]]), Dense()]).wiring
    assert [n.name for n in doubled.nodes] == ["x", "h^1", "z^1", "s^1", "h^2"]
    assert doubled.node("s^1").parents == ("z^1", "z^1")
    two = Network([Dense(), Sum([[Dense()], [Dense()]]), Dense()]).wiring
    assert two.node("s^1").parents == ("h^2", "h^3") and len(two.weights) == 4
    shared = Network([Dense(), Sum([[Dense(shared="W")], [Dense(shared="W")]]), Dense()]).wiring
    assert shared.node("s^1").parents == ("h^2", "h^2") and len(shared.weights) == 3


def test_widths_that_a_sum_makes_equal_are_one() -> None:
    made = Network([Dense(), Residual([RELU, Dense(width=7)]), Dense()]).wiring
    assert made.node("h^1").width == made.node("h^2").width == Width(1)
    assert made.size(made.node("h^1").width) == 7
    assert Network([Residual([Dense()]), Dense()]).wiring.node("h^1").width == Width(0)


def test_a_concatenation_adds_widths() -> None:
    made = Network([Dense(width=3), Concat([[], [Dense(width=4)]]), Dense(width=1)]).wiring
    assert made.size(made.node("s^1").width) == 7
    assert made.node("s^1").value.args[0][1] == (sp.Symbol("a", integer=True, positive=True) <= Width(1))


def test_a_shared_layer_stands_once_in_the_parameters() -> None:
    net = wirings(8)["shared and added"]
    assert [w.number for w in net.wiring.weights] == [1, 2, 3, 5]
    graph = chain_graph(net)
    assert graph.parameters().count("omega^2") == 1 and set(graph.graph.successors("omega^2")) == {"h^2", "h^4"}


def test_paths_run_to_every_head() -> None:
    graph = chain_graph(wirings()["two heads"])
    assert {path[-1] for path in graph.paths("omega^1")} == {"h^3", "h^4"}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Network([Dense(width=4), Residual([RELU, Dense(width=5)]), Dense()]), ["layer 2 (Residual)", "width 4 and 5", "use Concat"]),
        (lambda: Network([Dense(width=4), Sum([[Dense(width=2)], [Dense(width=3)]])]), ["layer 2 (Sum)", "width 2 and 3"]),
        (lambda: Network([Dense(width=4), Product([[Dense(width=2)], []])]), ["layer 2 (Product)", "Product joins"]),
        (lambda: Network([Dense(), Sum([[]]), Dense()]), ["Sum", "1 branch", "[] is the identity"]),
        (lambda: Network([Dense(), Concat([]), Dense()]), ["Concat", "0 branches"]),
        (lambda: Network([Dense(), Sum("ab"), Dense()]), ["Sum", "branches is 'ab'"]),
        (lambda: Network([Dense(), Residual([RELU, "MaxPool2d"]), Dense()]), ["Residual", "layer 2 is 'MaxPool2d'", "no function of one Gaussian channel"]),
        (lambda: Network([Dense(), "BatchNorm", Dense()]), ["couple the examples"]),
        (lambda: Network([Heads({"a": [Dense()]}), Dense()]), ["Heads that are not the last layer", "use Concat"]),
        (lambda: Network([Dense(), Sum([[Heads({"a": [Dense()]})], []])]), ["Heads that are not the last layer"]),
        (lambda: Heads({}), ["heads is {}"]),
        (lambda: Heads({"1a": [Dense()]}), ["the head '1a'", "identifier"]),
        (lambda: Heads([("a", [Dense()]), ("a", [Dense()])]), ["two heads of one name"]),
        (lambda: Network([Dense(width=4, shared="W"), Dense(width=5, shared="W")]), ["'W' have 4 outputs, here 5"]),
        (lambda: Network([Dense(width=4), Dense(width=5, shared="W"), Dense(shared="W")]), ["'W' have 4 inputs, here 5", "one matrix"]),
        (lambda: Network([Dense(), Dense(2.0, shared="W"), Dense(shared="W")]), ["sigma_w is 1 here and 2", "one layer"]),
        (lambda: Network([Dense(), Dense(shared="W", transposed=True)]), ["used transposed before"]),
        (lambda: Dense(transposed=True), ["transposed without a name"]),
        (lambda: Dense(1.0, 0.5, shared="W", transposed=True), ["a transposed layer with biases", "Bias"]),
        (lambda: Dense(frozen=1), ["frozen=1", "True or False"]),
        (lambda: Dense(shared=""), ["shared=''"]),
        (lambda: Bias(0), ["does nothing"]),
        (lambda: Bias(-1), ["negative"]),
        (lambda: Dropout(0), ["keep=0", "(0, 1]"]),
        (lambda: Dropout(1.5), ["keep=3/2"]),
        (lambda: LayerNorm(-1), ["epsilon=-1", "negative"]),
        (lambda: Scale("two"), ["factor='two'", "no number"]),
        (lambda: Scale(float("nan")), ["not finite"]),
    ],
)
def test_what_does_not_fit_together_is_refused_with_its_place(make: object, words: list[str]) -> None:
    with pytest.raises(NetworkError) as caught:
        make()  # type: ignore[operator]
    assert all(word in str(caught.value) for word in words), str(caught.value)
