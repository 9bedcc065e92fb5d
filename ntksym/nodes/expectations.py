"""Nodes of Gaussian expectations: indicators, normal laws, averages.  Inert: nothing here simplifies, a rule has to."""

from __future__ import annotations

from typing import Any

import sympy as sp


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
