"""Kernels of a network of any wiring: tensor by tensor, in the order of its graph, every side condition looked at."""

from __future__ import annotations

from typing import Any

import sympy as sp

from ntksym import notation
from ntksym.errors import NetworkError, RuleError
from ntksym.forms import Recursion, phi_derivative
from ntksym.gaussian import dual
from ntksym.network import ChainGraph, Network, Node, Pointwise, chain_graph
from ntksym.nodes import ChannelLaw, Dual, Entry, Width
from ntksym.proof import Derivation, Rule
from ntksym.rules import algebra, recursion, wiring
from ntksym.rules.channels import IDENTITY, linear
from ntksym.theory.jumps import has_jumps
from ntksym.theory.parameters import keywords


def wired(network: Network, target: str, title: str) -> Derivation:
    """The NNGP (and NTK) recursion of a wiring, in the joint limit of all widths.  NetworkError names the layer whose side conditions fail, and why."""
    return _Walk(network, target, title).derivation()


def definition_of(graph: ChainGraph, node: Node) -> sp.Eq:
    """A tensor's definition.  Biases of their own keep the place of their deviation, for it is carried on into the formulas of later layers."""
    equation = graph.value(node.name)
    if node.op == "map" and node.weights is not None:
        return equation.xreplace({notation.sigma_b: own_deviation(node)})
    return equation


def own_deviation(node: Node) -> sp.Symbol:
    """sigma_b of a layer of biases: the entry of the keyword that is its own."""
    return sp.Symbol(f"sigma_b[{node.weights}]", nonnegative=True)


def shapes_of(graph: ChainGraph, node: Node) -> tuple[tuple[Entry, tuple[sp.Expr, ...]], ...]:
    """The widths of the coordinates of a tensor and of everything it is made from."""
    names = (node.name, *dict.fromkeys(graph.parents(node.name)))
    found = [(graph.graph.nodes[name]["entry"], graph.graph.nodes[name]["shape"]) for name in names]
    return tuple((Entry(*entry.args[:2]), shape) for entry, shape in found)


class _Walk:
    """The derivation so far, and the numbers of the steps that say what a tensor is."""

    def __init__(self, network: Network, target: str, title: str) -> None:
        self.network, self.target = network, target
        self.wiring = network.wiring
        self.graph: ChainGraph = chain_graph(network)
        self.d = Derivation(title)
        self.definition: dict[str, int] = {}
        self.law: dict[str, int] = {}
        self.moments: dict[tuple[str, str], int] = {}
        self.tangents: dict[tuple[str, str], int] = {}
        self.kernels: list[int] = []
        self.blocks: list[Node] = []
        self.sums: list[tuple[Entry, tuple[tuple[Entry, sp.Expr], ...]]] = []
        self.matrices = tuple(
            (int(n.entry.layer), self.wiring.weights[n.weights].number) for n in self.wiring.nodes if n.op == "affine" and n.weights is not None
        )
        self.masks = tuple((int(n.entry.layer), n.layer.keep) for n in self.wiring.nodes if n.mask is not None)

    def derivation(self) -> Derivation:
        readouts = self._readouts()
        for node in self.wiring.nodes:
            if node.op == "input":
                self._by(node, wiring.input_channels)
            else:
                self._by(node, wiring.wire, equation=definition_of(self.graph, node), shapes=shapes_of(self.graph, node))
                self.definition[node.name] = self.d.last
                if node.op == "affine":
                    self._affine(node)
                    continue
                self._map(node)
                continue
            self.law[node.name] = self.d.last
        self.d = self.d.by(wiring.gradient_independence, matrices=self.matrices, readouts=readouts)
        return self._recursion()

    def _by(self, node: Node, rule: Rule, *premises: int, **args: Any) -> None:
        """A step about ``node``; what the rule cannot do is said of the layer that asks for it."""
        try:
            self.d = self.d.by(rule, *premises, **args)
        except RuleError as error:
            raise NetworkError(
                error.what,
                where=node.where or "the input",
                why=error.why,
                fix=error.fix or "change the wiring there, or estimate the kernel by sampling networks",
            ) from error

    def _readouts(self) -> tuple[int, ...]:
        found = []
        for head, name in self.wiring.outputs:
            node = self.wiring.node(name)
            if node.op != "affine":
                where = f"head {head!r}" if head else "the last layer"
                raise NetworkError(
                    f"{where} is {type(node.layer).__name__ if node.layer is not None else 'the input'}, no Dense",
                    where=node.where or "Network",
                    why="the kernel multiplies the identity over outputs only after fresh weights",
                    fix="end with a Dense",
                )
            if self._uses(node) != [node]:
                raise NetworkError(
                    f"the readout shares its weights {node.layer.shared!r}",
                    where=node.where,
                    why="gradient independence is checked for readouts of their own, with mean zero and used once (the simple check of tensor programs)",
                    fix="give the readout weights of its own",
                )
            found.append(int(node.entry.layer))
        return tuple(found)

    def _uses(self, node: Node) -> list[Node]:
        """Nodes made by the same matrix."""
        return [other for other in self.wiring.nodes if other.op == "affine" and other.weights == node.weights]

    def _affine(self, node: Node) -> None:
        weights = self.wiring.weights[_slot(node)]
        if node.layer.transposed:
            raise NetworkError(
                f"the weights {node.layer.shared!r} and their transpose",
                where=node.where,
                why="what the transpose is applied to depends on the matrix, so that its channels are no centred Gaussians: a correction stands beside them",
                fix="use weights of their own; the finite network and its empirical kernel work as they are",
            )
        (parent,) = node.parents
        self._by(node, wiring.gaussian_channels, self.definition[node.name], self.law[parent])
        self.law[node.name] = self.d.last
        self.blocks.append(node)
        training = "frozen" if weights.frozen else weights.layer.parameterization
        for other in self._uses(node):
            if other.name not in self.law:
                continue  # it comes later
            (below,) = other.parents
            premises = (self.definition[node.name], self.definition[other.name])
            moments = self._pair(node, self.moments, wiring.channel_moments, parent, below)
            self._by(node, wiring.kernel_of_channels, *premises, moments)
            self.kernels.append(self.d.last)
            if self.target == "ntk":
                through = self._pair(node, self.tangents, wiring.tangent_moments, parent, below)
                self._by(node, wiring.tangent_of_affine, *premises, moments, through, training=training)
                self.kernels.append(self.d.last)

    def _pair(self, node: Node, known: dict[tuple[str, str], int], rule: Rule, first: str, second: str) -> int:
        key = (first, second)
        if key not in known:
            self._by(node, rule, self.law[first], self.law[second], matrices=self.matrices, masks=self.masks, sums=tuple(self.sums))
            known[key] = self.d.last
        return known[key]

    def _map(self, node: Node) -> None:
        parents = tuple(dict.fromkeys(node.parents))
        if isinstance(node.layer, Pointwise):
            self._require_gaussian(node)
        laws = [self.law[parent] for parent in parents]
        averages = []
        for average in sorted(definition_of(self.graph, node).rhs.atoms(sp.Sum), key=sp.default_sort_key):
            self._by(node, wiring.channel_average, laws[0], average=average, matrices=self.matrices, masks=self.masks, sums=tuple(self.sums))
            averages.append(self.d.last)
        widths = tuple(self.wiring.node(parent).width for parent in node.parents) if node.op == "concat" else ()
        self._by(node, wiring.channel_law, self.definition[node.name], *laws, *averages, widths=widths)
        self.law[node.name] = self.d.last
        law = self._law(node)
        if law.gaussian and len(law.parts) == 1:
            self._name(node, law)

    def _law(self, node: Node) -> ChannelLaw:
        claim = self.d.steps[self.law[node.name] - 1].conclusion.claim
        assert isinstance(claim, ChannelLaw)
        return claim

    def _name(self, node: Node, law: ChannelLaw) -> None:
        """A Gaussian tensor gets kernels of its own, so that what is made of it does not repeat what it is made of."""
        number = self.law[node.name]
        arguments = {"matrices": self.matrices, "masks": self.masks, "sums": tuple(self.sums)}
        self._by(node, wiring.channel_moments, number, number, **arguments)
        self._by(node, wiring.name_covariance, number, self.d.last)
        self.kernels.append(self.d.last)
        if self.target == "ntk":
            self._by(node, wiring.tangent_moments, number, number, **arguments)
            self.kernels.append(self.d.last)
        self._by(node, wiring.name_channels, number)
        self.law[node.name] = self.d.last
        self.sums.append((Entry(*node.entry.args[:2]), tuple(sorted(linear(law.parts[0][1]).items(), key=lambda pair: sp.default_sort_key(pair[0])))))
        self.blocks.append(node)

    def _require_gaussian(self, node: Node) -> None:
        """An activation needs Gaussian channels; say what they are instead."""
        if self.target == "ntk":
            _require_no_jumps(node)
        law = self._law(self.wiring.node(node.parents[0]))
        if law.gaussian:
            return
        made = self.wiring.node(node.parents[0])
        what = "the input itself" if made.op == "input" else f"the output of {type(made.layer).__name__}"
        raise NetworkError(
            f"an activation on {what}",
            where=node.where,
            why=f"its channels are no centred Gaussians ({law.parts[0][1]}), and the dual of an activation is an average over a Gaussian pair",
            fix="put a Dense between them; write two activations in a row as one expression",
        )

    def _recursion(self) -> Derivation:
        d = self.d
        layers = tuple((n.name.replace("^", ""), n.weights if n.op == "affine" else None, _label(n)) for n in self.blocks)
        outputs = tuple((head, int(self.wiring.node(name).entry.layer)) for head, name in self.wiring.outputs)
        laws = [self.law[name] for _, name in self.wiring.outputs]
        d = d.by(wiring.read_wiring, *self.kernels, *laws, layers=layers, outputs=outputs, parameters=keywords(self.network))
        if any(w != Width(0) for block in d.conclusion.claim.blocks for _, value in block.update for w in value.atoms(Width)):
            d = d.by(wiring.declared_widths, d.last, sizes=self.wiring.sizes)
        special = d.last
        claim = d.conclusion.claim
        assert isinstance(claim, Recursion)
        closed = []
        for f, g in _pairs_of(claim):
            d = d.by(algebra.use_lemma, derivation=dual(f) if f == g else dual(f, g))
            closed.append(d.last)
        return d.by(recursion.put_in_duals, special, *closed) if closed else d


def _label(node: Node) -> str:
    return f"{node.name}: {node.where.removeprefix('Network, ')}"


def _slot(node: Node) -> int:
    assert node.weights is not None
    return node.weights


def _require_no_jumps(node: Node) -> None:
    pointwise = node.layer
    if pointwise.derivative is None and has_jumps(pointwise):
        raise NetworkError(
            f"the activation {pointwise.phi.name} jumps",
            where=node.where,
            why="a finite network trains with the derivative almost everywhere, smooth networks tend to one with a delta",
            fix="take target 'nngp'; in a chain, say Pointwise(..., derivative='almost_everywhere') or 'distributional'",
        )
    if pointwise.derivative == "almost_everywhere" and has_jumps(pointwise):
        raise NetworkError(
            f"derivative='almost_everywhere' for {pointwise.phi.name} in a wiring",
            where=node.where,
            why="it is supported in chains so far",
            fix="use 'distributional', or a chain of Dense and Pointwise",
        )


def _pairs_of(claim: Recursion) -> list[tuple[sp.Lambda, sp.Lambda]]:
    """The functions whose duals the recursion holds: phi for phi and phi', (phi, psi) for two, (phi, identity) for the mean of phi'."""
    found: list[tuple[sp.Lambda, sp.Lambda]] = []
    places = {node: block.label for block in reversed(claim.blocks) for _, value in block.update for node in value.atoms(Dual)}
    for node in sorted(places, key=sp.default_sort_key):
        f, f_slope = _opened(node.f)
        g, g_slope = _opened(node.g)
        if g.expr in (1, g.variables[0]) or (f.expr not in (1, f.variables[0]) and sp.default_sort_key(f) < sp.default_sort_key(g)):
            pass
        else:
            f, f_slope, g, g_slope = g, g_slope, f, f_slope
        if f_slope and not g_slope and g.expr == 1:
            pair = (f, IDENTITY)
        elif f_slope != g_slope:
            raise NetworkError(
                f"the average of {node.f.expr} and {node.g.expr}",
                where=f"Network, {places[node].partition(': ')[2]}",
                why="an activation is multiplied by something that depends on it: slopes meet functions, for which no dual is derived",
                fix="change the wiring there, or estimate the kernel by sampling networks",
            )
        else:
            pair = (f, g)
        if f.expr.atoms(sp.core.function.AppliedUndef) or g.expr.atoms(sp.core.function.AppliedUndef):
            continue
        if pair not in found:
            found.append(pair)
    return found


def _opened(function: sp.Lambda) -> tuple[sp.Lambda, bool]:
    """The function behind a slope, and whether it was one."""
    if isinstance(function.expr, sp.Derivative):
        inner = sp.Lambda(function.variables[0], function.expr.expr)
        if phi_derivative(inner) == function:
            return inner, True
    return function, False
