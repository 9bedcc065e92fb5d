"""Runtime pieces of a generated JAX module for small variances: the dual of a function given by its Taylor coefficients on either side of 0, as text."""

from __future__ import annotations

HALF_MOMENTS = '''

def _half_moments(r, s, top):
    """E[x^j y^k; x > 0, y > 0] for j >= k, j + k <= top; (x, y) standard normal with correlation r, s = sqrt(1 - r^2).

    E[x g] = E[g_x] + r E[g_y] (Stein), the derivatives of the indicators included.
    """
    half = [0.5, (2 * jnp.pi) ** -0.5]  # E[z^k; z > 0]
    for k in range(2, top):
        half.append((k - 1) * half[k - 2])
    found = {(0, 0): jnp.arctan2(s, -r) / (2 * jnp.pi)}
    for degree in range(1, top + 1):
        for k in range(degree // 2 + 1):
            j = degree - k
            value = (j - 1) * found[max(j - 2, k), min(j - 2, k)] if j > 1 else 0 * r
            if k:
                value = value + k * r * found[j - 1, k - 1]
            else:
                value = value + (2 * jnp.pi) ** -0.5 * half[j - 1] * r * s ** (j - 1)
            if j == 1:
                value = value + (2 * jnp.pi) ** -0.5 * half[k] * s**k
            found[j, k] = value
    return found
'''

GERM = '''

def _is_zero(number):
    return isinstance(number, (int, float)) and number == 0


def _slope_of(coefficients):
    return tuple(k * c for k, c in enumerate(coefficients))[1:] + (0,)


def _germ_reach(right, left, order, reach, dtype):
    """The variance up to which the polynomials are as good as rounding: from the size of the first two degrees left out."""
    size = [jnp.maximum(jnp.abs(a), jnp.abs(b)) for a, b in zip(right, left)]
    root = 0.5  # E|z|^degree, a bound
    limits = [jnp.asarray(reach, dtype)]
    moments = [1.0, 1.0]
    for k in range(2, 2 * len(size)):
        moments.append((k - 1) * moments[k - 2])
    for degree in (len(size) - 2, len(size) - 1):
        cut = sum(size[j] * size[degree - j] for j in range(degree + 1)) * moments[degree]
        lead = size[order] ** 2 * moments[2 * order] * root
        ratio = float(jnp.finfo(dtype).eps) / 4 * lead / jnp.where(cut > 0, cut, 1)
        limit = ratio ** (1 / (degree / 2 - order))
        limits.append(jnp.where(cut > 0, limit, reach).astype(dtype))
    return jnp.min(jnp.stack(limits))


def _germ(q11, q12, q22, right, left, order, reach):
    """Whether both variances are small, and V and V' there, phi a polynomial on either side of 0."""
    top = len(right) - 3
    x, y = _root(q11), _root(q22)
    inverse = _reciprocal(x) * _reciprocal(y)
    r, s = jnp.clip(q12 * inverse, -1, 1), jnp.minimum(_root_det(q11, q12, q22) * inverse, 1)
    like, unlike = _half_moments(r, s, top), _half_moments(-r, s, top)

    def dual(right, left):
        total = jnp.zeros_like(r)
        for degree in range(top, -1, -1):
            for j in range(degree + 1):
                k = degree - j
                index = (max(j, k), min(j, k))
                size = x**j * y**k
                for a, b, sign, moments in (
                    (right[j], right[k], 1, like),
                    (left[j], left[k], (-1) ** degree, like),
                    (right[j], left[k], (-1) ** k, unlike),
                    (left[j], right[k], (-1) ** j, unlike),
                ):
                    if not _is_zero(a) and not _is_zero(b):
                        total = total + sign * a * b * size * moments[index]
        return total

    small = jnp.maximum(q11, q22) < _germ_reach(right, left, order, reach, r.dtype)
    return small, dual(right, left), dual(_slope_of(right), _slope_of(left))


def _germ_diagonal(q, right, left, order, reach):
    """Whether the variance is small, and E phi^2 and E phi'^2 there."""
    top = len(right) - 3
    half = [0.5, (2 * jnp.pi) ** -0.5]
    for k in range(2, top + 1):
        half.append((k - 1) * half[k - 2])
    x = _root(q)

    def square(right, left):
        total = jnp.zeros_like(q)
        for degree in range(top, -1, -1):
            pairs = [(j, degree - j) for j in range(degree + 1)]
            coefficient = sum(right[j] * right[k] + (-1) ** degree * left[j] * left[k] for j, k in pairs)
            if not _is_zero(coefficient):
                total = total + coefficient * half[degree] * x**degree
        return total

    small = q < _germ_reach(right, left, order, reach, q.dtype)
    return small, square(right, left), square(_slope_of(right), _slope_of(left))
'''
