"""The few SymPy nodes ntksym adds.  They are inert: nothing here simplifies, a rule has to.

Not here: any mathematics about them beyond their derivative (needed to differentiate a closed form).
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.logic.boolalg import Boolean
from sympy.printing.precedence import PRECEDENCE

from ntksym.notation import MEANINGS, latex_name


def _power(text: str, exp: str | None) -> str:
    return text if exp is None else f"{text}^{{{exp}}}"


def _call(name: str, arguments: str, exp: str | None) -> str:
    """``name(arguments)`` in LaTeX; SymPy's printer hands the exponent of a power over to its base."""
    return rf"{_power(name, exp)}\left({arguments}\right)"


class Indicator(sp.Function):
    r"""$\mathbf 1\{x \ge 0\}$.  Its derivative is :class:`Delta`."""

    nargs = 1
    is_real = True
    is_nonnegative = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return Delta(self.args[0])

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return _power(rf"\mathbf{{1}}\left\{{{printer._print(self.args[0])} \ge 0\right\}}", exp)

    def _sympystr(self, printer: Any) -> str:
        return f"Indicator({printer._print(self.args[0])} >= 0)"


class Delta(sp.Function):
    r"""The Dirac distribution $\delta(x)$; only meaningful under an expectation."""

    nargs = 1
    is_real = True

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return _call(r"\delta", printer._print(self.args[0]), exp)


class NormalPDF(sp.Function):
    r"""$\varphi(x) = e^{-x^2/2}/\sqrt{2\pi}$."""

    nargs = 1
    is_real = True
    is_positive = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return -self.args[0] * self

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return _call(r"\varphi", printer._print(self.args[0]), exp)


class NormalCDF(sp.Function):
    r"""$\Phi(x) = \int_{-\infty}^x \varphi$."""

    nargs = 1
    is_real = True
    is_positive = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return NormalPDF(self.args[0])

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return _call(r"\Phi", printer._print(self.args[0]), exp)

    def _sympystr(self, printer: Any) -> str:
        return f"Phi({printer._print(self.args[0])})"

    def _pretty(self, printer: Any) -> Any:
        return printer._print(sp.Function("Phi")(*self.args))


def correlation(a: sp.Expr, c: sp.Expr, b: sp.Expr) -> sp.Expr:
    """c/sqrt(ab), with the product left under one root, for a page."""
    return c / a if a == b else sp.Mul(*sp.Mul.make_args(c), sp.Pow(sp.Mul(a, b, evaluate=False), -sp.S.Half, evaluate=False), evaluate=False)


class CorrelationAngle(sp.Function):
    r"""$\arccos\dfrac{c}{\sqrt{ab}} \in [0,\pi]$ for the covariance matrix with entries a, c, b: ``CorrelationAngle(a, c, b)``."""

    nargs = 3
    is_real = True
    is_nonnegative = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        a, c, b = self.args
        root = sp.sqrt(a * b - c**2)
        if argindex == 2:
            return -1 / root
        return c / (2 * (a if argindex == 1 else b) * root)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return _call(r"\arccos", printer._print(correlation(*self.args)), exp)

    def _sympystr(self, printer: Any) -> str:
        return f"acos({printer._print(correlation(*self.args))})"

    def _pretty(self, printer: Any) -> Any:
        return printer._print(sp.Function("acos")(correlation(*self.args)))


class CorrelationArcsine(sp.Function):
    r"""$\arcsin\dfrac{c}{\sqrt{ab}} = \frac{\pi}{2} - \arccos\dfrac{c}{\sqrt{ab}}$: ``CorrelationArcsine(a, c, b)``; odd in c."""

    nargs = 3
    is_real = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        a, c, b = self.args
        root = sp.sqrt(a * b - c**2)
        if argindex == 2:
            return 1 / root
        return -c / (2 * (a if argindex == 1 else b) * root)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return _call(r"\arcsin", printer._print(correlation(*self.args)), exp)

    def _sympystr(self, printer: Any) -> str:
        return f"asin({printer._print(correlation(*self.args))})"

    def _pretty(self, printer: Any) -> Any:
        return printer._print(sp.Function("asin")(correlation(*self.args)))


class HalfLineProbability(sp.Function):
    r"""$\mathbb P(L\ge0) = \Phi\big(m/\sqrt a\big)$ for $L\sim\mathcal N(m,a)$: ``HalfLineProbability(m, a)``; m and a rational in the covariances."""

    nargs = 2
    is_real = True
    is_positive = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        m, a = self.args
        density = sp.exp(-(m**2) / (2 * a)) / sp.sqrt(2 * sp.pi * a)
        return density if argindex == 1 else -m / (2 * a) * density

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        m, a = self.args
        return _call(r"\Phi", printer._print(m / sp.sqrt(a)), exp)

    def _sympystr(self, printer: Any) -> str:
        m, a = self.args
        return f"Phi({printer._print(m / sp.sqrt(a))})"

    def _pretty(self, printer: Any) -> Any:
        m, a = self.args
        return printer._print(sp.Function("Phi")(m / sp.sqrt(a)))


class QuadrantProbability(sp.Function):
    r"""$\mathbb P(L\ge0, M\ge0) = \Phi_2\big(\tfrac{m_1}{\sqrt a}, \tfrac{m_2}{\sqrt b}; \tfrac{c}{\sqrt{ab}}\big)$: ``QuadrantProbability(m1, m2, a, c, b)``.

    (L, M) is Gaussian with means m1, m2, variances a, b and covariance c.
    """

    nargs = 5
    is_real = True
    is_positive = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        m1, m2, a, c, b = self.args
        if argindex in (2, 5):  # by the symmetry of the two half-planes
            return QuadrantProbability(m2, m1, b, c, a).fdiff(1 if argindex == 2 else 3)
        det = a * b - c**2
        joint = sp.exp(-(b * m1**2 - 2 * c * m1 * m2 + a * m2**2) / (2 * det)) / (2 * sp.pi * sp.sqrt(det))
        if argindex == 4:
            return joint
        edge = sp.exp(-(m1**2) / (2 * a)) / sp.sqrt(2 * sp.pi * a) * HalfLineProbability(m2 - c * m1 / a, b - c**2 / a)
        # the density solves the heat equation: d/da is half the second derivative in m1
        return edge if argindex == 1 else -(m1 * edge + c * joint) / (2 * a)

    def _standard(self) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
        m1, m2, a, c, b = self.args
        return m1 / sp.sqrt(a), m2 / sp.sqrt(b), correlation(a, c, b)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        first, second, r = (printer._print(part) for part in self._standard())
        return _call(r"\Phi_{2}", f"{first}, {second}; {r}", exp)

    def _sympystr(self, printer: Any) -> str:
        return f"Phi2({', '.join(printer._print(part) for part in self._standard())})"

    def _pretty(self, printer: Any) -> Any:
        return printer._print(sp.Function("Phi2")(*self._standard()))


class Gaussian(sp.Basic):
    """The law N(mean, covariance) of named real variables: ``Gaussian(variables, mean, upper)``.

    ``upper`` lists the upper triangle of the covariance row by row, so (q11, q12, q22) for a pair.
    """

    @property
    def variables(self) -> sp.Tuple:
        return self.args[0]

    @property
    def mean(self) -> sp.Tuple:
        return self.args[1]

    @property
    def upper(self) -> sp.Tuple:
        return self.args[2]

    def cov(self, i: int, j: int) -> sp.Expr:
        """Covariance of variables i and j."""
        n = len(self.variables)
        i, j = min(i, j), max(i, j)
        return self.upper[i * n - i * (i - 1) // 2 + (j - i)]

    @property
    def is_centred(self) -> bool:
        return all(m == 0 for m in self.mean)


def gaussian_pair(u: sp.Symbol, v: sp.Symbol, q11: sp.Expr, q12: sp.Expr, q22: sp.Expr) -> Gaussian:
    """The centred pair (u, v) ~ N(0, [[q11, q12], [q12, q22]])."""
    return Gaussian(sp.Tuple(u, v), sp.Tuple(sp.S.Zero, sp.S.Zero), sp.Tuple(q11, q12, q22))


class Expect(sp.Expr):
    r"""$\mathbb E_{\text{law}}[\,g\,]$: ``Expect(g, law)``, unevaluated.  Variables of the law are bound."""

    is_commutative = True
    is_real = True

    def __new__(cls, integrand: Any, law: Gaussian) -> Expect:
        return sp.Expr.__new__(cls, sp.sympify(integrand, strict=True), law)

    @property
    def integrand(self) -> sp.Expr:
        return self.args[0]

    @property
    def law(self) -> Gaussian:
        return self.args[1]

    @property
    def free_symbols(self) -> set[sp.Basic]:
        return (self.integrand.free_symbols | self.law.free_symbols) - set(self.law.variables)


class Dual(sp.Expr):
    r"""$V_{f,g}(q_{11},q_{12},q_{22}) = \mathbb E[f(u)\,g(v)]$ for the centred pair: ``Dual(f, g, q11, q12, q22)``, f and g Lambdas or Functions."""

    is_commutative = True
    is_real = True

    def __new__(cls, f: Any, g: Any, a: Any, c: Any, b: Any) -> Dual:
        return sp.Expr.__new__(cls, f, g, sp.sympify(a, strict=True), sp.sympify(c, strict=True), sp.sympify(b, strict=True))

    @property
    def f(self) -> sp.Basic:
        return self.args[0]

    @property
    def g(self) -> sp.Basic:
        return self.args[1]

    @property
    def q(self) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
        return self.args[2:]


class Where(sp.Expr):
    """``body`` with names for its parts: ``Where(body, ((name, definition), ...))``; later definitions may use earlier names."""

    is_commutative = True

    def __new__(cls, body: Any, bindings: Any) -> Where:
        return sp.Expr.__new__(cls, sp.sympify(body, strict=True), sp.Tuple(*(sp.Tuple(*pair) for pair in bindings)))

    @property
    def body(self) -> sp.Expr:
        return self.args[0]

    @property
    def bindings(self) -> tuple[tuple[sp.Symbol, sp.Expr], ...]:
        return tuple((pair.args[0], pair.args[1]) for pair in self.args[1].args)

    @property
    def free_symbols(self) -> set[sp.Basic]:
        free = set(self.body.free_symbols)
        for name, definition in reversed(self.bindings):
            if name in free:
                free = (free - {name}) | definition.free_symbols
        return free


class TendsTo(Boolean):
    """``lhs -> rhs`` as the widths listed grow without bound, in that order: ``TendsTo(lhs, rhs, widths)``."""

    def __new__(cls, lhs: Any, rhs: Any, widths: Any = ()) -> TendsTo:
        return Boolean.__new__(cls, sp.sympify(lhs, strict=True), sp.sympify(rhs, strict=True), sp.Tuple(*widths))

    @property
    def lhs(self) -> sp.Basic:
        return self.args[0]

    @property
    def rhs(self) -> sp.Basic:
        return self.args[1]

    @property
    def widths(self) -> sp.Tuple:
        return self.args[2]


class DistributedAs(Boolean):
    """``vector`` has the law given: ``DistributedAs(Tuple(variables), Gaussian)``."""

    def __new__(cls, vector: Any, law: Any) -> DistributedAs:
        return Boolean.__new__(cls, sp.sympify(vector, strict=True), law)


def _layer_latex(printer: Any, layer: sp.Basic) -> str:
    return printer.doprint(layer.xreplace({s: sp.Symbol(latex_name(s) or str(s)) for s in layer.free_symbols})).replace(" ", "")


class Width(sp.Expr):
    r"""$n_\ell$, the width of layer ``layer``; layer 0 is the input: ``Width(layer)``."""

    is_commutative = True
    is_integer = True
    is_positive = True

    def __new__(cls, layer: Any) -> Width:
        return sp.Expr.__new__(cls, sp.sympify(layer, strict=True))

    @property
    def layer(self) -> sp.Expr:
        return self.args[0]

    def _latex(self, printer: Any) -> str:
        return f"n_{{{_layer_latex(printer, self.layer)}}}"

    def _sympystr(self, printer: Any) -> str:
        layer = printer.doprint(self.layer)
        return f"n_{layer}" if self.layer.is_Atom else f"n_({layer})"


class Entry(sp.Expr):
    r"""One entry of a tensor of the network, such as $h^{\ell}_i(x)$: ``Entry(name, layer, inputs, indices)``.

    ``name`` is a key of :mod:`ntksym.notation`; ``inputs`` the labels of the inputs it is evaluated at (none for a parameter); ``indices`` its coordinates.
    Differentiable: two entries of one tensor differentiate to a product of Kronecker deltas.
    """

    is_commutative = True
    is_real = True
    _diff_wrt = True
    precedence = PRECEDENCE["Pow"]  # so that a power puts parentheses around the superscript

    def __new__(cls, name: Any, layer: Any, inputs: Any = (), indices: Any = ()) -> Entry:
        label = sp.Symbol(name) if isinstance(name, str) else name
        return sp.Expr.__new__(cls, label, sp.sympify(layer, strict=True), sp.Tuple(*inputs), sp.Tuple(*indices))

    @property
    def name(self) -> str:
        return str(self.args[0])

    @property
    def layer(self) -> sp.Expr:
        return self.args[1]

    @property
    def inputs(self) -> sp.Tuple:
        return self.args[2]

    @property
    def indices(self) -> sp.Tuple:
        return self.args[3]

    @property
    def free_symbols(self) -> set[sp.Basic]:
        return self.layer.free_symbols | self.inputs.free_symbols | self.indices.free_symbols

    def _eval_derivative(self, symbol: sp.Basic) -> sp.Expr:
        if not isinstance(symbol, Entry) or symbol.name != self.name or symbol.inputs != self.inputs:
            return sp.S.Zero
        pairs = zip((self.layer, *self.indices), (symbol.layer, *symbol.indices), strict=True)
        return sp.Mul(*(sp.KroneckerDelta(left, right) for left, right in pairs))

    def _latex(self, printer: Any) -> str:
        indices = "" if not self.indices else "_{" + ",".join(printer.doprint(i) for i in self.indices) + "}"
        inputs = "" if not self.inputs else "(" + ",".join(latex_name(s) or printer.doprint(s) for s in self.inputs) + ")"
        return f"{latex_name(self.name) or self.name}^{{{_layer_latex(printer, self.layer)}}}{indices}{inputs}"

    def _sympystr(self, printer: Any) -> str:
        inside = [printer.doprint(self.layer), *(printer.doprint(i) for i in self.indices)]
        inputs = "" if not self.inputs else "(" + ", ".join(MEANINGS[str(s)].text if str(s) in MEANINGS else str(s) for s in self.inputs) + ")"
        return f"{self.name}[{', '.join(inside)}]{inputs}"


class Applied(sp.Expr):
    r"""$\phi(t)$, not evaluated: ``Applied(phi, t)`` with phi a Lambda of one variable."""

    is_commutative = True
    is_real = True
    precedence = PRECEDENCE["Func"]

    def __new__(cls, function: sp.Lambda, argument: Any) -> Applied:
        return sp.Expr.__new__(cls, function, sp.sympify(argument, strict=True))

    @property
    def function(self) -> sp.Lambda:
        return self.args[0]

    @property
    def argument(self) -> sp.Expr:
        return self.args[1]

    def _eval_derivative(self, symbol: sp.Basic) -> sp.Expr:
        variable = self.function.variables[0]
        slope = sp.Lambda(variable, sp.Derivative(self.function.expr, variable, evaluate=False))
        return Applied(slope, self.argument) * self.argument.diff(symbol)

    def _primes(self) -> str:
        return "'" if isinstance(self.function.expr, sp.Derivative) else ""

    def _latex(self, printer: Any) -> str:
        return rf"\phi{self._primes()}\left({printer.doprint(self.argument)}\right)"

    def _sympystr(self, printer: Any) -> str:
        return f"phi{self._primes()}({printer.doprint(self.argument)})"


class Partial(sp.Expr):
    r"""$\partial f / \partial t$, inert, for entries of the network's tensors: ``Partial(f, t)``."""

    is_commutative = True
    is_real = True
    precedence = PRECEDENCE["Pow"]

    def __new__(cls, of: Any, by: Any) -> Partial:
        return sp.Expr.__new__(cls, of, by)

    @property
    def of(self) -> Entry:
        return self.args[0]

    @property
    def by(self) -> Entry:
        return self.args[1]

    def _latex(self, printer: Any) -> str:
        return rf"\frac{{\partial {printer.doprint(self.of)}}}{{\partial {printer.doprint(self.by)}}}"

    def _sympystr(self, printer: Any) -> str:
        return f"d {printer.doprint(self.of)} / d {printer.doprint(self.by)}"


class Mean(sp.Expr):
    r"""$\mathbb E_{\omega}[g]$ over the Gaussian parameters named, all else held fixed: ``Mean(g, names)``; no names: over all parameters."""

    is_commutative = True
    is_real = True

    def __new__(cls, integrand: Any, over: Any = ()) -> Mean:
        return sp.Expr.__new__(cls, sp.sympify(integrand, strict=True), sp.Tuple(*over))

    @property
    def integrand(self) -> sp.Expr:
        return self.args[0]

    @property
    def over(self) -> sp.Tuple:
        return self.args[1]

    def _latex(self, printer: Any) -> str:
        over = "" if not self.over else "_{" + ",".join(printer.doprint(t) for t in self.over) + "}"
        return rf"\mathbb{{E}}{over}\left[{printer.doprint(self.integrand)}\right]"

    def _sympystr(self, printer: Any) -> str:
        over = "" if not self.over else "_" + ",".join(printer.doprint(t) for t in self.over)
        return f"E{over}[{printer.doprint(self.integrand)}]"


class OfOrder(Boolean):
    r"""$f = O(g)$ as the widths grow, under ``condition``: ``OfOrder(f, g, condition)``."""

    def __new__(cls, lhs: Any, rhs: Any, condition: Any = sp.true) -> OfOrder:
        return Boolean.__new__(cls, sp.sympify(lhs, strict=True), sp.sympify(rhs, strict=True), sp.sympify(condition, strict=True))

    @property
    def lhs(self) -> sp.Basic:
        return self.args[0]

    @property
    def rhs(self) -> sp.Basic:
        return self.args[1]

    @property
    def condition(self) -> sp.Basic:
        return self.args[2]

    def _latex(self, printer: Any) -> str:
        when = "" if self.condition == sp.true else rf"\quad ({printer.doprint(self.condition)})"
        return rf"{printer.doprint(self.lhs)} = O\left({printer.doprint(self.rhs)}\right){when}"

    def _sympystr(self, printer: Any) -> str:
        when = "" if self.condition == sp.true else f" ({printer.doprint(self.condition)})"
        return f"{printer.doprint(self.lhs)} = O({printer.doprint(self.rhs)}){when}"


class Given(sp.Basic):
    r"""$(\text{vector} \mid \text{given})$, for a conditional law: ``Given(vector, given)``."""

    def __new__(cls, vector: Any, given: Any) -> Given:
        return sp.Basic.__new__(cls, sp.Tuple(*vector), sp.Tuple(*given))

    @property
    def vector(self) -> sp.Tuple:
        return self.args[0]

    @property
    def given(self) -> sp.Tuple:
        return self.args[1]

    def _latex(self, printer: Any) -> str:
        return rf"\left. {printer.doprint(self.vector)} \,\right|\, {', '.join(printer.doprint(g) for g in self.given)}"

    def _sympystr(self, printer: Any) -> str:
        return f"{printer.doprint(self.vector)} | {', '.join(printer.doprint(g) for g in self.given)}"


class Dots(sp.Expr):
    r"""$\dots$ in a list of widths that has no fixed length: ``Dots()``."""

    is_commutative = True

    def _latex(self, printer: Any) -> str:
        return r"\dots"

    def _sympystr(self, printer: Any) -> str:
        return "..."
