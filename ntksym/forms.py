"""The shapes of answers: DualForm, OutsideClass, NumericDual, Recursion.  Frozen, compared by structure; no mathematics happens here."""

# SymPy is not typed: what it returns is known to us, not to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportReturnType=false, reportCallIssue=false

from __future__ import annotations

import re
from dataclasses import dataclass

import sympy as sp

from ntksym.errors import NtksymError
from ntksym.nodes import Dual, Entry
from ntksym.notation import x, x1, x2


@dataclass(frozen=True)
class DualForm:
    """The dual activation of ``phi`` in closed form.

    ``value`` is V(q11,q12,q22) = E[phi(u)phi(v)] and ``derivative`` V' = dV/dq12 (distributional), in the symbols q11, q12, q22.
    ``dvalue_dq11`` is dV/dq11 (dV/dq22 by symmetry).  ``at_jumps`` is True where phi jumps, so that V' is infinite at correlation +-1.
    ``diagonal_value`` and ``diagonal_derivative`` are E[phi(u)^2] and E[phi'(u)^2] in the symbol q.
    ``condition`` holds where the expectations exist (``true`` if always): conjuncts in q11, q12, q22 for the pair, conjuncts in q for the diagonal.
    """

    phi: sp.Lambda
    value: sp.Expr
    derivative: sp.Expr
    dvalue_dq11: sp.Expr
    diagonal_value: sp.Expr
    diagonal_derivative: sp.Expr
    condition: sp.Basic
    at_jumps: bool = False

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """The free symbols of phi besides its variable, by name."""
        return tuple(sorted(self.phi.free_symbols, key=str))


@dataclass(frozen=True)
class CrossDualForm:
    """V_{phi,psi}(q11,q12,q22) = E[phi(u)psi(v)] in closed form."""

    phi: sp.Lambda
    psi: sp.Lambda
    value: sp.Expr
    condition: sp.Basic

    def of(self, node: Dual) -> sp.Expr | None:
        """What it says of a Dual node, in q11, q12, q22; None if the node is another's.

        V for (phi, psi), dV/dq12 = E[phi'(u) psi'(v)] (Price) for the two slopes, and E phi'(u) = dV/dq12 where psi is the identity; either order.
        """
        q11, q12, q22 = sp.Symbol("q11", positive=True), sp.Symbol("q12", real=True), sp.Symbol("q22", positive=True)
        for f, g, swapped in ((node.f, node.g, {}), (node.g, node.f, {q11: q22, q22: q11})):
            slopes = (phi_derivative(self.phi), phi_derivative(self.psi))
            mean_of_slope = self.psi(x) == x and f == slopes[0] and isinstance(g, sp.Lambda) and g.expr == 1
            if (f, g) == (self.phi, self.psi):
                return self.value.xreplace(swapped)
            if (f, g) == slopes or mean_of_slope:
                return self.value.diff(q12).xreplace(swapped)
        return None


@dataclass(frozen=True)
class OutsideClass:
    """``phi`` is outside the class of closed forms: ``reason`` names ``term``, the sub-term that leads out."""

    phi: sp.Lambda
    term: sp.Basic
    reason: str


@dataclass(frozen=True)
class NumericDual(OutsideClass):
    """``phi`` is outside the class of closed forms, and its dual is computed: what a quadrature has to know of phi.

    ``exprs[i]`` is phi between ``thresholds[i-1]`` and ``thresholds[i]``, smooth inside.  Without thresholds phi is smooth and the method is the
    Hermite-Mehler series; ``centre`` and ``scale`` say where, and over what length, phi bends.  The absolute value of phi grows at most like
    exp(``growth`` abs(x)) times a polynomial.  ``rough``: some derivative of phi is infinite at a threshold; ``at_jumps``: phi jumps; ``steep``:
    E[phi'(u)^2] is infinite.
    """

    thresholds: tuple[sp.Expr, ...] = ()
    exprs: tuple[sp.Expr, ...] = ()
    centre: sp.Expr = sp.S.Zero
    scale: sp.Expr = sp.S.One
    growth: sp.Expr = sp.S.Zero
    rough: bool = False
    at_jumps: bool = False
    steep: bool = False

    @property
    def method(self) -> str:
        """The word "series" for a smooth phi, "panels" otherwise."""
        return "panels" if self.thresholds else "series"

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """The free symbols of phi besides its variable, by name."""
        return tuple(sorted(self.phi.free_symbols, key=str))


@dataclass(frozen=True)
class Parameter:
    """A keyword of the generated code: its symbol, its default, and whether it may differ from layer to layer."""

    symbol: sp.Symbol
    default: sp.Expr
    per_layer: bool


@dataclass(frozen=True)
class Block:
    """``repeat`` times: every state symbol on the left takes the value on the right, all read before any is written.

    Right-hand sides use the state symbols (their values before the block), the parameters, and Dual nodes.  ``dense``: which entry of the per-layer
    parameters stands in it, counted from 0; None where the blocks follow one another layer by layer.
    """

    repeat: sp.Expr
    update: tuple[tuple[sp.Symbol, sp.Expr], ...]
    label: str
    dense: int | None = None


@dataclass(frozen=True)
class Recursion:
    """Layerwise recursion of kernels on named edges of the chain-rule graph.

    ``base`` gives every state symbol after the first Dense, in the input Gram s11, s12, s22 (x.x'/n_0) and the parameters.
    ``blocks`` follow in order.  ``outputs`` names what can be asked for: ("nngp", K12, K11), i.e. (name, off-diagonal symbol, diagonal symbol).
    ``duals`` are the closed forms the Dual nodes stand for; a phi without an entry has no closed form (yet).  ``numeric`` are those computed by quadrature;
    ``crosses`` the closed forms of two functions, E phi(u) being one with the constant 1.  Of a wiring, ``base`` is empty and every tensor made by weights is
    a block with variables of its own.
    """

    depth: sp.Expr
    state: tuple[sp.Symbol, ...]
    base: tuple[tuple[sp.Symbol, sp.Expr], ...]
    blocks: tuple[Block, ...]
    outputs: tuple[tuple[str, sp.Symbol, sp.Symbol], ...]
    parameters: tuple[Parameter, ...]
    duals: tuple[DualForm, ...]
    numeric: tuple[NumericDual, ...] = ()
    crosses: tuple[CrossDualForm, ...] = ()

    @property
    def is_wiring(self) -> bool:
        """Whether every block has variables of its own."""
        return not self.base

    def dual_of(self, node: Dual) -> sp.Expr | None:
        """Closed form of one Dual node at its arguments, or None where there is none."""
        first, cov, second = node.q
        for cross in self.crosses:
            value = cross.of(node)
            if value is not None:
                return value.xreplace(_pair(first, cov, second))
        for form in self.duals:
            derivative = phi_derivative(form.phi)
            on_diagonal = first == cov == second
            if node.f == node.g == form.phi:
                value = form.diagonal_value if on_diagonal else form.value
            elif node.f == node.g == derivative:
                value = form.diagonal_derivative if on_diagonal else form.derivative
            else:
                continue
            arguments = {sp.Symbol("q", positive=True): first} if on_diagonal else _pair(first, cov, second)
            return value.xreplace(arguments)
        return None

    def closed(self, expression: sp.Expr) -> sp.Expr:
        """``expression`` with every Dual node that has a closed form replaced by it."""
        found = {node: self.dual_of(node) for node in expression.atoms(Dual)}
        return expression.xreplace({node: value for node, value in found.items() if value is not None})

    @property
    def step(self) -> dict[sp.Symbol, sp.Expr]:
        """The repeated block's update with the closed duals in place; for a net of one block (others: ``blocks``)."""
        if len(self.blocks) != 1:
            raise NtksymError(f"the network has {len(self.blocks)} different blocks", where="Recursion.step", fix="read .blocks, one case each")
        return {symbol: self.closed(value) for symbol, value in self.blocks[0].update}

    def unroll(self, level: int) -> dict[sp.Symbol, sp.Expr]:
        """All state symbols at layer ``level`` (1 is the first Dense, depth + 1 the output) as expressions in s11, s12, s22."""
        if level < 1:
            raise NtksymError(f"layer {level} does not exist", where="Recursion.unroll", fix="layers count from 1")
        values = dict(self.base)
        done = 1
        for block in self.blocks:
            first = done
            while done < level and (not block.repeat.is_Integer or done - first < int(block.repeat)):
                values = {symbol: self.closed(value).xreplace(values) for symbol, value in block.update}
                done += 1
        if done != level:
            raise NtksymError(f"layer {level} lies beyond the output layer {done}", where="Recursion.unroll")
        return values


_INPUTS = {"11": (x1, x1), "12": (x1, x2), "21": (x2, x1), "22": (x2, x2)}
_VARIABLE = re.compile(r"(K|Theta)(11|12|21|22)_([hs])(\d+)(?:_h(\d+))?")


def kernel_variable(entry: Entry) -> sp.Symbol:
    """The variable of a wiring's recursion for a kernel: K12_h3 for K^3(x,x'), K21_h3_h2 for that between h^3 at x' and h^2 at x, K12_s2 for K^{s_2}."""
    key = next(name for name, pair in _INPUTS.items() if pair == tuple(entry.inputs))
    name = f"{entry.name}{key}" + "".join(f"_{_tensor(number)}" for number in (entry.layer, *entry.indices))
    same = entry.inputs[0] == entry.inputs[1] and not entry.indices
    return sp.Symbol(name, positive=True) if same else sp.Symbol(name, real=True)


def kernel_of_variable(symbol: sp.Symbol) -> Entry | None:
    """The kernel a variable of a wiring's recursion stands for; None for any other symbol."""
    found = _VARIABLE.fullmatch(symbol.name)
    if found is None:
        return None
    name, key, letter, k, m = found.groups()
    layer = sp.Integer(k) if letter == "h" else sp.Symbol(f"{letter}^{k}")
    return Entry(name, layer, _INPUTS[key], () if m is None else (sp.Integer(m),))


def _tensor(layer: sp.Basic) -> str:
    return str(layer).replace("^", "") if isinstance(layer, sp.Symbol) else f"h{layer}"


def phi_derivative(phi: sp.Lambda | sp.Basic) -> sp.Basic:
    """The derivative of phi as a node: a Lambda holding an unevaluated Derivative, so that jumps are not decided here."""
    return sp.Lambda(x, sp.Derivative(phi(x), x, evaluate=False))


def _pair(first: sp.Expr, cov: sp.Expr, second: sp.Expr) -> dict[sp.Basic, sp.Basic]:
    names = (sp.Symbol("q11", positive=True), sp.Symbol("q12", real=True), sp.Symbol("q22", positive=True))
    return dict(zip(names, (first, cov, second), strict=True))


@dataclass(frozen=True)
class AbcNetwork:
    r"""A network whose weights are $W^l = n^{-a_l} w^l$ with $w^l \sim \mathcal N(0, n^{-2b_l})$, trained on w with learning rate $\eta\,n^{-c}$.

    ``equations`` define the tensors in order, n the common order of the hidden widths; ``growth`` gives the width of each tensor as a power of n (1 or 0);
    ``weights`` lists every matrix w with the exponents a and b; ``frozen`` those that are not trained.
    """

    equations: tuple[sp.Eq, ...]
    growth: tuple[tuple[sp.Expr, sp.Expr], ...]
    weights: tuple[tuple[sp.Expr, sp.Expr, sp.Expr], ...]
    c: sp.Expr
    output: sp.Expr
    frozen: tuple[sp.Expr, ...] = ()


@dataclass(frozen=True)
class PowerCount:
    r"""Sizes of coordinates as powers of the width: each row (tensor, exponent) says that an entry is of size $n^{\text{exponent}}$.

    ``of`` says of what: "value" (at initialization), "derivative" (of the output by the tensor, at initialization) or "change" (in training).  The
    changes are those of update number ``updates``: the first one at which a size leaves its bounds, else the one after which no exponent changes any more.
    """

    of: str
    rows: tuple[tuple[sp.Expr, sp.Expr], ...]
    output: sp.Expr
    updates: int = 0


@dataclass(frozen=True)
class AbcClass:
    r"""What becomes of an abc-parameterization as the width n grows (Yang and Hu 2021).

    ``a`` and ``b``: one exponent per weight matrix, ``c`` that of the learning rate.  ``values``, ``derivatives`` and ``changes``: rows (tensor, exponent),
    sizes of coordinates as powers of n at initialization, of the output's derivative, and of the change in training; the last row of values and changes is
    that of the output.  ``r``: minus the largest exponent of a hidden tensor's change, so that features move by n^(-r).  ``updates``: at which update.
    ``stable``: hidden values are of order one and stay so, the output stays bounded.  ``trivial``: stable, and the output's change vanishes.
    ``regime``: "unstable", "trivial", "kernel" or "feature learning"; ``reasons``: a sentence for every condition that decided.
    """

    a: tuple[sp.Expr, ...]
    b: tuple[sp.Expr, ...]
    c: sp.Expr
    values: tuple[tuple[sp.Expr, sp.Expr], ...]
    derivatives: tuple[tuple[sp.Expr, sp.Expr], ...]
    changes: tuple[tuple[sp.Expr, sp.Expr], ...]
    r: sp.Expr
    updates: int
    stable: bool
    trivial: bool
    regime: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Flow:
    r"""Training of a linearized network under the squared loss, solved mode by mode of the kernel matrix.

    With A the kernel on the training inputs and $\psi_t$ the ``filter``, a function of an eigenvalue ``lam`` and of the time,
    $w_t = J_0(\mathcal X)^\top \psi_t(A)(\mathcal Y - f_0(\mathcal X))$ and
    $f^{\mathrm{lin}}_t(x) = f_0(x) + A(x, \mathcal X)\,\psi_t(A)(\mathcal Y - f_0(\mathcal X))$: these are ``equations``.

    ``dynamics`` is "gradient_flow", "gradient_descent", "momentum" or "momentum_flow".  ``characteristic`` is a polynomial in rho; modes are combinations of
    exp(rho t) where ``continuous``, of rho^t where not, at its ``roots``; ``by_roots`` is the filter written with them, rho_1 and rho_2.  ``gain`` is what
    multiplies the loss gradient.  ``final`` is the filter at t = oo for a mode that converges, which it does where ``stable``.  ``kernel`` is "Thetahat" (a
    finite network at its initialization) or "Theta" (infinite width, the ``recursion`` giving it).
    """

    dynamics: str
    kernel: str
    continuous: bool
    characteristic: sp.Expr
    gain: sp.Expr
    filter: sp.Expr
    by_roots: sp.Expr
    roots: tuple[sp.Expr, ...]
    final: sp.Expr
    stable: sp.Basic
    equations: tuple[sp.Eq, ...]
    recursion: Recursion | None = None


@dataclass(frozen=True)
class EnsembleFlow:
    r"""Law of the outputs of infinitely wide networks trained by ``flow``, over the draw of the initial parameters: Gaussian.

    ``mean`` and ``covariance`` are equations for $\mathbb E f_t(x)$ and $\operatorname{Cov}(f_t(x), f_t(x'))$.
    """

    flow: Flow
    mean: sp.Eq
    covariance: sp.Eq
