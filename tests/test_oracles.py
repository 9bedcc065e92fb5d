"""The oracles against themselves (two node sets, two quadratures) and against formulas of the literature."""

from __future__ import annotations

import oracles
import pytest
from mpmath import mp, mpf

POINTS = (("1", "0.999", "1"), ("1.25", "-1.2375", "1.25"), ("0.7", "0.3", "1.9"))


# Generic, nearly coincident, exactly coincident, huge.
PANEL_POINTS = ((0.7, 0.3, 1.9), (1.3, 1.3 * (1 - 1e-5), 1.3), (0.7, -1.4, 2.8))


def relative(first: mpf, second: mpf) -> mpf:
    with mp.workdps(45):
        return abs(first - second) / max(abs(second), mpf(10) ** -12)


# Measured: 1.4e-36 (quintic), all others below 1e-42.
@pytest.mark.parametrize("name", ["relu", "relu^5", "sign", "abs", "erf", "gelu", "quintic", "gabor", "cosh", "snake"])
def test_two_node_sets_agree(name: str) -> None:
    known = oracles.known(name)
    for point in POINTS[:2]:
        q11, q12, q22 = map(mpf, point)
        for quantity in (oracles.value, oracles.derivative):
            assert relative(quantity(known, q11, q12, q22), quantity(known, q11, q12, q22, nodes=1)) < mpf(10) ** -34


# Measured: 1.6e-34 (gelu: the angle has 44 nodes).
@pytest.mark.parametrize("name", ["gelu", "sin"])
def test_two_quadratures_agree(name: str) -> None:
    known, (q11, q12, q22) = oracles.known(name), map(mpf, POINTS[2])
    one = oracles.polar(known.phi, known.phi, q11, q12, q22)
    two = oracles.lattice(known.phi, known.phi, q11, q12, q22)
    assert relative(one, two) < mpf(10) ** -33


@pytest.mark.parametrize("point", POINTS)
def test_formulas_of_the_literature(point: tuple[str, str, str]) -> None:
    with mp.workdps(45):
        a, c, b = map(mpf, point)
        s, theta = mp.sqrt(a * b - c * c), mp.acos(c / mp.sqrt(a * b))
        expected = {
            "relu": (s + (mp.pi - theta) * c) / (2 * mp.pi),  # Cho and Saul 2009
            "sign": 1 - 2 * theta / mp.pi,  # Sheppard 1899
            "erf": 2 / mp.pi * mp.asin(2 * c / mp.sqrt((1 + 2 * a) * (1 + 2 * b))),  # Williams 1996
            "rbf": mp.exp(-(a + b - 2 * c)),  # Rahimi and Recht 2007
            "exp": mp.exp((a + b) / 2 + c),
        }
        slopes = {"relu": (mp.pi - theta) / (2 * mp.pi), "sign": 2 / (mp.pi * s), "step": 1 / (2 * mp.pi * s)}
    for name, number in expected.items():
        assert relative(oracles.value(oracles.known(name), a, c, b), number) < mpf(10) ** -34
    for name, number in slopes.items():
        assert relative(oracles.derivative(oracles.known(name), a, c, b), number) < mpf(10) ** -34


def test_the_slope_is_the_derivative_of_phi() -> None:
    """Slopes are typed in: difference quotients at 60 digits judge them."""
    with mp.workdps(60):
        step = mpf(10) ** -20
        for name in oracles.names():
            known = oracles.known(name)
            for at in (mpf("-1.3"), mpf("-0.2"), mpf("0.4"), mpf("1.7")):
                quotient = (known.phi(at + step) - known.phi(at - step)) / (2 * step)
                assert abs(quotient - known.slope(at)) < mpf(10) ** -35, name


# Measured at 30 digits: 1e-35 relative to the number itself.
@pytest.mark.parametrize("name", ["hard_tanh", "softsign"])
def test_two_node_sets_of_panels_agree(name: str) -> None:
    """At 6 digits here, for the sake of time; reference_table.py --check does it at 30."""
    known = oracles.known(name)
    for point in PANEL_POINTS:
        one, two = (vars(oracles.quantities(known, *point, digits=6, nodes=nodes)) for nodes in (0, 1))
        for key, number in one.items():
            assert (number is None and two[key] is None) or relative(number, two[key]) < mpf(10) ** -7, key


# The panels against the two other quadratures, which share nothing with them but the definition of phi.  Measured: 4e-13 (relu) at 10 digits.
@pytest.mark.parametrize(("name", "rho"), [("relu", "0.9999"), ("sign", "0.3"), ("erf", "-0.9")])
def test_panels_agree_with_the_other_quadratures(name: str, rho: str) -> None:
    known = oracles.known(name)
    a, b = mpf(3) / 4, mpf(5) / 4
    c = mpf(rho) * mp.sqrt(a * b)
    found = oracles.quantities(known, a, c, b, digits=10)
    assert relative(found.value, oracles.value(known, a, c, b, digits=20)) < mpf(10) ** -11
    assert relative(found.derivative, oracles.derivative(known, a, c, b, digits=20)) < mpf(10) ** -11


@pytest.mark.parametrize("name", ["hard_shrink", "relu^2"])
def test_partials_are_the_slopes_of_the_value(name: str) -> None:
    """Deltas and all: difference quotients of V, without deltas, judge V' and both other partials."""
    known = oracles.known(name)
    point, step = [mpf(3) / 4, mpf(1) / 4, mpf(5) / 4], mpf(2) ** -7
    found = oracles.quantities(known, *point, digits=9)
    for slope, which in ((found.partial11, 0), (found.derivative, 1), (found.partial22, 2)):
        shifted = [oracles.quantities(known, *(q + k * step * (i == which) for i, q in enumerate(point)), digits=9).value for k in (-2, -1, 1, 2)]
        quotient = (shifted[0] - 8 * shifted[1] + 8 * shifted[2] - shifted[3]) / (12 * step)
        assert abs(quotient - slope) < mpf(10) ** -8


def test_jets_are_derivatives() -> None:
    """phi'' as well: difference quotients of phi' at 60 digits."""
    with mp.workdps(60):
        step = mpf(10) ** -20
        for name in oracles.names():
            known = oracles.known(name)
            for at in (mpf("-0.2"), mpf("1.7")):
                quotient = (known.slope(at + step) - known.slope(at - step)) / (2 * step)
                assert abs(quotient - known.piece(at)(oracles.jet(at)).second) < mpf(10) ** -35, name
