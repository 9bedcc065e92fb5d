"""Program: what a form says, as a flat list of named assignments that a printer can write down line by line.

Supported: one module with one function per dual activation (value, partials, diagonal), an off-diagonal and a diagonal pass over the
layers (base assignments, then stages; a stage repeated more than once is a scan over its per-layer parameters), and keyword arguments.
Not supported: data-dependent control flow, linear algebra on kernels (eigendecompositions, solves), stages that change the state's names.

Expressions on the right-hand sides are SymPy expressions over symbols named like Python variables, the functions of the printer's table
and the heads below, which say *which* numerically safe form is meant.
"""

# SymPy is not typed: what it returns is known to us, not to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportOperatorIssue=false

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from mpmath.libmp import prec_to_dps


class Det(sp.Function):
    """``Det(q11, q12, q22)`` = q11 q22 - q12^2, without cancellation."""

    nargs = 3
    is_real = True


class RootDet(sp.Function):
    """``RootDet(q11, q12, q22)`` = sqrt(max(q11 q22 - q12^2, 0)), without cancellation and without overflow or underflow of the products."""

    nargs = 3
    is_real = True


class Root(sp.Function):
    """``Root(x)`` = sqrt(max(x, 0)), derivative 0 where x <= 0."""

    nargs = 1
    is_real = True


class Reciprocal(sp.Function):
    """``Reciprocal(x)`` = 1/x, and 0 at x = 0: what the symmetric derivative leaves of a one-sided infinite slope."""

    nargs = 1
    is_real = True


class Angle(sp.Function):
    """``Angle(y, x)`` = atan2(y, x), and pi/2 where both vanish: a zero row counts as uncorrelated."""

    nargs = 2
    is_real = True


class Arctan2(sp.Function):
    """``Arctan2(y, x)`` = atan2(y, x) where the two never vanish together; kept as it stands (SymPy's would become atan(y/x))."""

    nargs = 2
    is_real = True


class Slope(sp.Function):
    """``Slope(y, x)`` = atan2(y, x), and 0 where both vanish: pi/2 - Angle(x, y)."""

    nargs = 2
    is_real = True


class ExpSinh(sp.Function):
    """``ExpSinh(a, c)`` = exp(a) sinh(c), without overflow of the product's factors; ``ExpSinh(a, c, a + c, a - c)`` where the sums keep more digits so."""

    nargs = (2, 4)
    is_real = True

    def _eval_evalf(self, prec: int) -> sp.Expr:
        return sp.N(sp.exp(self.args[0]) * sp.sinh(self.args[1]), prec_to_dps(prec))


class Snap(sp.Function):
    """``Snap(q11, q12, q22)`` = q12, moved to +-sqrt(q11 q22) where rounding cannot tell the two apart."""

    nargs = 3
    is_real = True


class OnesLike(sp.Function):
    """``OnesLike(x)`` = 1, of the shape and dtype of x."""

    nargs = 1
    is_real = True
    is_positive = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return sp.S.Zero


class Gap(sp.Function):
    """``Gap(q11, q12, q22)`` = q11 - 2 q12 + q22 = E[(u - v)^2], without cancellation."""

    nargs = 3
    is_real = True


class Quotient(sp.Function):
    """``Quotient(x, y)`` = x / y for y >= 0; 0 where both vanish, huge where y alone does."""

    nargs = 2
    is_real = True


class Expm1(sp.Function):
    """``Expm1(x)`` = exp(x) - 1, without cancellation."""

    nargs = 1
    is_real = True

    def _eval_evalf(self, prec: int) -> sp.Expr:
        return sp.N(sp.exp(self.args[0]) - 1, prec_to_dps(prec))


class Erf(sp.Function):
    """``Erf(x)`` = erf(x), exactly +-1 far out."""

    nargs = 1
    is_real = True

    def _eval_evalf(self, prec: int) -> sp.Expr:
        return sp.N(sp.erf(self.args[0]), prec_to_dps(prec))


class Choose(sp.Function):
    """``Choose(x, y, here, there)``: ``here`` where x >= y, else ``there``; both finite."""

    nargs = 4
    is_real = True


class ScaledCDF(sp.Function):
    """``ScaledCDF(e, e - x^2/2, x)`` = exp(e) P(z <= x), z standard normal; one exponent per regime."""

    nargs = 3
    is_real = True

    def _eval_evalf(self, prec: int) -> sp.Expr:
        exponent, _, bound = self.args
        return sp.N(sp.exp(exponent) * (1 + sp.erf(bound / sp.sqrt(2))) / 2, prec_to_dps(prec))


class ScaledErfi(sp.Function):
    """``ScaledErfi(e, x)`` = exp(e - x^2) erfi(x)."""

    nargs = 2
    is_real = True

    def _eval_evalf(self, prec: int) -> sp.Expr:
        exponent, bound = self.args
        return sp.N(sp.exp(exponent - bound**2) * sp.erfi(bound), prec_to_dps(prec))


class ScaledQuadrant(sp.Function):
    """``ScaledQuadrant(e, e1, e2, e12, h, k, y1, y2, angle)`` = exp(e) P(L >= 0, M >= 0).

    h, k: standardised means; y1, y2: those of M given L = 0 and of L given M = 0; e1 = e - h^2/2, e2 = e - k^2/2, e12 = e1 - y1^2/2;
    angle: of the quadrant whitened, pi/2 + arcsin(correlation).
    """

    nargs = 9
    is_real = True


class Corner(sp.Function):
    """``Corner(h, k, y1, y2)``: P(L >= 0, M >= 0) less its value for zero means and less (erf(h/sqrt 2) + erf(k/sqrt 2))/4; arguments as ScaledQuadrant's."""

    nargs = 4
    is_real = True


@dataclass(frozen=True)
class Assign:
    """``name = value``, with a comment above it."""

    name: str
    value: sp.Expr
    comment: str = ""


@dataclass(frozen=True)
class Call:
    """``targets = function(*arguments, **parameters)`` for one of the program's own functions; a target "_" is not used."""

    targets: tuple[str, ...]
    function: str
    arguments: tuple[sp.Expr, ...]
    parameters: tuple[str, ...] = ()
    comment: str = ""


Line = Assign | Call


@dataclass(frozen=True)
class Body:
    """Assignments, then the expressions returned."""

    lines: tuple[Assign, ...]
    results: tuple[sp.Expr, ...]


@dataclass(frozen=True)
class Germ:
    """Taylor coefficients of phi at 0 from the right and from the left; ``reach``: the variance below which no other break of phi is seen."""

    right: tuple[sp.Expr, ...]
    left: tuple[sp.Expr, ...]
    reach: float

    @property
    def order(self) -> int:
        """The lowest degree that occurs."""
        return next(k for k, pair in enumerate(zip(self.right, self.left, strict=True)) if pair != (0, 0))


@dataclass(frozen=True)
class DualFunction:
    """The dual activation of one phi.

    ``value`` returns (V, V') in q11, q12, q22.  ``partials`` returns, in this order, dV/dq11, dV/dq22, dV'/dq11, dV'/dq12, dV'/dq22, then dV/dp and
    dV'/dp for each parameter p.  Where V' is infinite at coincidence (phi jumps) a finite dV/dq12 stands before the parameters.  ``diagonal`` returns
    (E phi^2, E phi'^2) in q.  ``exists`` and ``exists_on_diagonal`` are the conditions of existence, ``true`` where there is none.
    ``positive_variances``: the formulas have no value at variance 0; the smallest positive one stands in.
    ``germ``: the Taylor coefficients of phi that stand in where the formulas lose their digits at small variances.
    """

    name: str
    phi: str
    parameters: tuple[str, ...]
    value: Body
    partials: Body
    diagonal: Body
    formula: tuple[tuple[str, str], ...]
    exists: sp.Basic = sp.true
    exists_on_diagonal: sp.Basic = sp.true
    infinite_at_coincidence: bool = False
    positive_variances: bool = False
    germ: Germ | None = None


@dataclass(frozen=True)
class NumericFunction:
    """The dual activation of one phi, by quadrature.

    ``pieces[i]`` computes in ``x``, between ``edges[i-1]`` and ``edges[i]``: phi and phi', for a smooth phi also phi'' and phi''', then per parameter the
    derivative of phi by it (and of phi', for a smooth phi).  ``sizes[i]``: the sums of absolute terms of phi
    and phi', for rounding.  The other fields are those of :class:`ntksym.forms.NumericDual`, as numbers and text.
    """

    name: str
    phi: str
    parameters: tuple[str, ...]
    pieces: tuple[Body, ...]
    sizes: tuple[Body, ...]
    edges: tuple[sp.Expr, ...]
    centre: float
    scale: float
    growth: float
    rough: bool
    at_jumps: bool
    steep: bool
    reason: str
    exists: sp.Basic = sp.true
    exists_on_diagonal: sp.Basic = sp.true

    @property
    def smooth(self) -> bool:
        return not self.edges

    @property
    def infinite_at_coincidence(self) -> bool:
        """Whether V' is infinite at correlation +-1."""
        return self.at_jumps or self.steep


@dataclass(frozen=True)
class Stage:
    """``repeat`` layers doing ``lines``; the first of them owns the Dense numbered ``first_dense`` (0 is the input layer's)."""

    label: str
    first_dense: int
    repeat: int
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Pass:
    """All layers for one set of state variables: ``base`` after the first Dense, then ``stages``; ``outputs`` in the order of Program.outputs.

    Of a wiring ``base`` is everything, and ``sigma_w[3]`` in it is the fourth entry of that parameter.
    """

    state: tuple[str, ...]
    base: tuple[Line, ...]
    stages: tuple[Stage, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Keyword:
    """A keyword of the generated kernel_fn.  ``default`` is a tuple with one number per Dense, one number, or None where the caller must give it.

    ``domain``: what the derivation assumes of it ("positive", ...), empty for any real number.
    """

    name: str
    default: float | tuple[float, ...] | None
    per_layer: bool
    stands_for: str = ""
    domain: str = ""


@dataclass(frozen=True)
class Header:
    """What stands at the head of a generated module.  ``names`` gives an identifier to each activation, by its Lambda."""

    title: str
    version: str
    formula: tuple[str, ...] = ()
    conventions: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    names: tuple[tuple[sp.Basic, str], ...] = ()


@dataclass(frozen=True)
class Program:
    """One module: keywords, dual functions (closed and computed ones), the two passes, and the names of what can be asked for."""

    header: Header
    dense_count: int
    keywords: tuple[Keyword, ...]
    duals: tuple[DualFunction, ...]
    off_diagonal: Pass
    diagonal: Pass
    outputs: tuple[str, ...]
    numeric: tuple[NumericFunction, ...] = ()

    @property
    def needs_input_dimension(self) -> bool:
        """Whether the number of inputs n0 stands in the kernel: so in the standard parameterization."""
        values = [e for p in (self.off_diagonal, self.diagonal) for line in p.base for e in ((line.value,) if isinstance(line, Assign) else line.arguments)]
        return any(str(symbol) == "n0" for value in values for symbol in value.free_symbols)


def reuse(value: sp.Expr, earlier: sp.Expr, name: sp.Symbol) -> sp.Expr:
    """``value`` with the sum ``earlier`` in it replaced by ``name``: Theta = K + ..."""
    if value == earlier:
        return name
    terms, part = sp.Add.make_args(value), set(sp.Add.make_args(earlier))
    if part <= set(terms) and earlier != 0:
        return sp.Add(name, *(term for term in terms if term not in part))
    return value
