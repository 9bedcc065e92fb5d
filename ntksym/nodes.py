"""The few SymPy nodes ntksym adds.  They are inert: nothing here simplifies, a rule has to.

Not here: any mathematics about them beyond their derivative (needed to differentiate a closed form).
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.logic.boolalg import Boolean


class Indicator(sp.Function):
    r"""$\mathbf 1\{x \ge 0\}$.  Its derivative is :class:`Delta`."""

    nargs = 1
    is_real = True
    is_nonnegative = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return Delta(self.args[0])


class Delta(sp.Function):
    r"""The Dirac distribution $\delta(x)$; only meaningful under an expectation."""

    nargs = 1
    is_real = True


class NormalPDF(sp.Function):
    r"""$\varphi(x) = e^{-x^2/2}/\sqrt{2\pi}$."""

    nargs = 1
    is_real = True
    is_positive = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return -self.args[0] * self


class NormalCDF(sp.Function):
    r"""$\Phi(x) = \int_{-\infty}^x \varphi$."""

    nargs = 1
    is_real = True
    is_positive = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return NormalPDF(self.args[0])


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
        return sp.Expr.__new__(cls, sp.sympify(integrand), law)

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
        return sp.Expr.__new__(cls, f, g, sp.sympify(a), sp.sympify(c), sp.sympify(b))

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
        return sp.Expr.__new__(cls, sp.sympify(body), sp.Tuple(*(sp.Tuple(*pair) for pair in bindings)))

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

    def expand_bindings(self) -> sp.Expr:
        """The body with every name replaced by what it stands for."""
        body = self.body
        for name, definition in reversed(self.bindings):
            body = body.xreplace({name: definition})
        return body


class TendsTo(Boolean):
    """``lhs -> rhs`` as the widths listed grow without bound, in that order: ``TendsTo(lhs, rhs, widths)``."""

    def __new__(cls, lhs: Any, rhs: Any, widths: Any = ()) -> TendsTo:
        return Boolean.__new__(cls, sp.sympify(lhs), sp.sympify(rhs), sp.Tuple(*widths))

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
        return Boolean.__new__(cls, sp.sympify(vector), law)
