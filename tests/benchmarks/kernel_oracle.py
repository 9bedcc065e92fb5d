"""Kernels of fully connected networks at 50 digits, from the literature's formulas; nothing of ntksym in it.

relu: Cho and Saul 2009 (arc-cosine kernels of degree 1 and 0).  erf: Williams 1996.  gelu: Tsuchida et al. 2018 family, written here as in the
reference notes and checked against quadrature by ``tests/lowering/test_accuracy.py``; its derivative is taken by differences at 90 digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mpmath as mp

mp.mp.dps = 50
Rows = Sequence[Sequence[float]]
Matrix = list[list[mp.mpf]]
Dual = Callable[[mp.mpf, mp.mpf, mp.mpf], tuple[mp.mpf, mp.mpf]]


def _angle(a: mp.mpf, c: mp.mpf, b: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    det = a * b - c * c
    root = mp.sqrt(det) if det > mp.mpf(10) ** -44 * a * b else mp.mpf(0)
    return (root, mp.pi / 2) if a * b == 0 else (root, mp.atan2(root, c))


def relu(a: mp.mpf, c: mp.mpf, b: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    root, theta = _angle(a, c, b)
    return (root + (mp.pi - theta) * c) / (2 * mp.pi), (mp.pi - theta) / (2 * mp.pi)


def erf(a: mp.mpf, c: mp.mpf, b: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    product = (1 + 2 * a) * (1 + 2 * b)
    return 2 / mp.pi * mp.asin(2 * c / mp.sqrt(product)), 4 / mp.pi / mp.sqrt(product - 4 * c * c)


def _gelu_value(a: mp.mpf, c: mp.mpf, b: mp.mpf) -> mp.mpf:
    root = mp.sqrt((1 + a) * (1 + b) - c * c)
    numerator = a * a * b * b + a * a * b + a * b * b + a * b - a * b * c * c + c * c
    return c * (mp.mpf(1) / 2 - mp.atan2(root, c) / (2 * mp.pi)) + numerator / (2 * mp.pi * (1 + a) * (1 + b) * root)


def gelu(a: mp.mpf, c: mp.mpf, b: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    with mp.workdps(90):
        step = mp.mpf(10) ** -30
        near = _gelu_value(a, c + step, b) - _gelu_value(a, c - step, b)
        far = _gelu_value(a, c + 2 * step, b) - _gelu_value(a, c - 2 * step, b)
        slope = (8 * near - far) / (12 * step)
    return _gelu_value(a, c, b), slope


DUALS: dict[str, Dual] = {"relu": relu, "erf": erf, "gelu": gelu}


def pair_kernel(dual: Dual, depth: int, sigma_w: float, sigma_b: float, x: Sequence[mp.mpf], y: Sequence[mp.mpf]) -> tuple[mp.mpf, mp.mpf]:
    """(NNGP, NTK) between two inputs."""
    n = len(x)
    w, bias = mp.mpf(sigma_w) ** 2, mp.mpf(sigma_b) ** 2
    a, c, b = (w * mp.fdot(p, q) / n + bias for p, q in ((x, x), (x, y), (y, y)))
    theta = c
    for _ in range(depth):
        value, slope = dual(a, c, b)
        a, c, b = w * dual(a, a, a)[0] + bias, w * value + bias, w * dual(b, b, b)[0] + bias
        theta = c + w * slope * theta
    return c, theta


def kernel(name: str, depth: int, sigma_w: float, sigma_b: float, x1: Rows, x2: Rows) -> tuple[Matrix, Matrix]:
    """(NNGP, NTK) matrices of the rows."""
    rows = [[mp.mpf(float(entry)) for entry in row] for row in x1]
    columns = [[mp.mpf(float(entry)) for entry in row] for row in x2]
    pairs = [[pair_kernel(DUALS[name], depth, sigma_w, sigma_b, x, y) for y in columns] for x in rows]
    return [[entry[0] for entry in row] for row in pairs], [[entry[1] for entry in row] for row in pairs]


def gradient(name: str, depth: int, sigmas: tuple[float, float], x: Sequence[float], y: Sequence[float], wrt: int, entry: int) -> tuple[mp.mpf, mp.mpf]:
    """Central differences at 80 digits of (NNGP, NTK) in one entry of x (wrt 0) or y (wrt 1): the symmetric derivative where there is no other."""
    with mp.workdps(80):
        step = mp.mpf(10) ** -22

        def shifted(sign: int) -> tuple[mp.mpf, mp.mpf]:
            rows = [[mp.mpf(float(value)) for value in row] for row in (x, y)]
            rows[wrt][entry] += sign * step
            return pair_kernel(DUALS[name], depth, *sigmas, *rows)

        return tuple((p - m) / (2 * step) for p, m in zip(shifted(1), shifted(-1), strict=True))


def relative_error(found: Sequence[Sequence[float]], exact: Sequence[Sequence[mp.mpf]]) -> float:
    """Frobenius norm of the difference over that of the exact matrix."""
    difference = mp.fsum((mp.mpf(float(f)) - e) ** 2 for fs, es in zip(found, exact, strict=True) for f, e in zip(fs, es, strict=True))
    return float(mp.sqrt(difference / mp.fsum(e**2 for es in exact for e in es)))
