"""Code of computed duals: forms that neither overflow nor cancel, and modules that run in either precision."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from ntksym.gaussian import dual
from ntksym.lowering import dual_source, load_source, lower_form
from ntksym.lowering.numeric import Log1p, LogCosh, Sech, Sigmoid, Softplus, Tanh, stable_on_line
from ntksym.notation import x

FORMS = {
    1 / (1 + sp.exp(-x)): Sigmoid(x),
    sp.exp(x) / (1 + sp.exp(x)): Sigmoid(x),
    1 / (2 + 2 * sp.exp(3 * x)): Sigmoid(-3 * x) / 2,
    sp.log(1 + sp.exp(x)): Softplus(x),
    sp.log(sp.cosh(x)): LogCosh(x),
    sp.sinh(x) / sp.cosh(x) ** 2: Tanh(x) * Sech(x),
    sp.log(1 + x**2): Log1p(x**2),
}


@pytest.mark.parametrize("expr", FORMS, ids=str)
def test_stable_forms(expr: sp.Expr) -> None:
    assert stable_on_line(expr) == FORMS[expr]


@pytest.mark.parametrize("head", [Sigmoid, Softplus, Tanh, Sech, LogCosh, Log1p], ids=lambda head: head.__name__)
def test_heads_differentiate_as_what_they_stand_for(head: type[sp.Function]) -> None:
    meaning = {
        Sigmoid: lambda y: 1 / (1 + sp.exp(-y)),
        Softplus: lambda y: sp.log(1 + sp.exp(y)),
        Tanh: sp.tanh,
        Sech: lambda y: 1 / sp.cosh(y),
        LogCosh: lambda y: sp.log(sp.cosh(y)),
        Log1p: lambda y: sp.log(1 + y),
    }

    def spelled(expr: sp.Expr) -> sp.Expr:
        for one, other in meaning.items():
            expr = expr.replace(one, other)
        return expr

    for order in (1, 2, 3):
        difference = spelled(sp.diff(head(x), x, order)) - sp.diff(meaning[head](x), x, order)
        assert all(abs(sp.N(difference.subs(x, at), 30)) < 1e-25 for at in (sp.Rational(1, 3), sp.Rational(7, 4)))


@pytest.mark.parametrize(
    "expr",
    [x * sp.tanh(sp.log(1 + sp.exp(x))), sp.log(sp.cosh(x)), x / (1 + sp.exp(-x)), sp.Piecewise((x / sp.sqrt(1 + x**2), x < 0), (x, True))],
    ids=["mish", "log_cosh", "silu", "isrlu"],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_curves_are_phi_and_its_derivatives_far_out(expr: sp.Expr, dtype: type) -> None:
    """phi and phi' of the generated code against SymPy in 30 digits, out to where exp overflows; nothing is nan."""
    form = dual(sp.Lambda(x, expr)).conclusion.claim
    points = np.array([-300.0, -40.0, -3.0, -1e-3, 1e-4, 0.7, 5.0, 60.0, 400.0], dtype=dtype)
    with jax.enable_x64(dtype is np.float64):
        function, _ = lower_form(form, "phi")
        found = load_source(dual_source(function, "phi", "0"))["_curves_phi"](jnp.asarray(points))
    for k, values in enumerate(found):
        assert np.isfinite(values).all()
        for point, value in zip(points, values, strict=True):
            piece = form.exprs[-1] if point > 0 else form.exprs[0]
            exact = sp.N(sp.diff(piece, x, k).subs(x, sp.Float(float(point), 60)), 30, maxn=400)
            assert abs(float(value) - float(exact)) <= 16 * np.finfo(dtype).eps * (abs(float(exact)) + (1 if k else abs(float(point)))), (k, point)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_exponential_that_saturates_something_never_gives_nan(dtype: type) -> None:
    """For x tanh(e^x) the slope is 1 on the right, 0 on the left, however far out; so V' at large variance is that of relu."""
    form = dual(sp.Lambda(x, x * sp.tanh(sp.exp(x)))).conclusion.claim
    with jax.enable_x64(dtype is np.float64):
        module = load_source(dual_source(lower_form(form, "phi")[0], "phi", "0"))
        found = module["_curves_phi"](jnp.asarray(np.array([-1e4, -300.0, 200.0, 1e4], dtype=dtype)))
        sizes = module["_sizes_phi"](jnp.asarray(np.array([-1e4, -300.0, 200.0, 1e4], dtype=dtype)))
        variance = dtype(1e6)
        slope = float(module["dual_phi"](variance, variance / dtype(2), variance)[1])
    np.testing.assert_allclose(found[1], [0, 0, 1, 1], atol=1e-100)
    assert np.isfinite(found).all() and np.isfinite(sizes).all()
    assert abs(slope - (0.25 + np.arcsin(0.5) / (2 * np.pi))) < 1e-3  # phi' leaves the step on a stretch of length 1, in deviations of 1000
