r"""The tangent kernel of a finite network from its chain-rule graph, without a Jacobian by parameters.

The gradient by a matrix w is a sum over its uses of outer products, $z_d \otimes B_d$ for a use $h = c\,z w$ and $B_e \otimes z_e$ for a use $h = c\,z w^\top$,
with z the tensor into the use and $B = \partial f/\partial h$.  As $\langle a \otimes b, a' \otimes b' \rangle = \langle a, a' \rangle \langle b, b' \rangle$,

$$\hat\Theta^{(w)} = \sum_{d,e} c_d c_e \langle l_d, l_e' \rangle \langle r_d, r_e' \rangle,$$

with (l, r) = (z, B) of a plain use and (B, z) of a transposed one: a sum over pairs of uses, each two matrix products.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ntksym.evaluate.finite.contractions import arranged, gram, product
from ntksym.evaluate.finite.model import Finite, Use

Array = Any
# z into a use and B at its output, by the name of its node
Factors = dict[str, tuple[Array, ...]]


def factors(model: Finite, params: Any, x: Array, keys: Array | None) -> Factors:
    """Of every use of trained parameters: (z, B), or (B,) where there are biases alone.  One forward pass, and one backward pass for every output."""
    uses = [use for use in model.uses if use.slot in model.trainable]
    taps = {use.name: jnp.zeros((len(x), model.width(model.wiring.node(use.name))), x.dtype) for use in uses}
    out, pull, values = jax.vjp(lambda taps: model.run(params, x, keys, taps), taps, has_aux=True)
    outputs = out.shape[1]
    directions = jnp.broadcast_to(jnp.eye(outputs, dtype=x.dtype)[:, None, :], (outputs, len(x), outputs))
    (backward,) = jax.vmap(pull, out_axes=1)(directions)
    return {use.name: (backward[use.name],) if use.input is None else (values[use.input], backward[use.name]) for use in uses}


def kernel(model: Finite, first: Factors, second: Factors, outputs: str, layerwise: bool) -> Array:
    """The sum over trained parameters, or one kernel each."""
    terms = []
    for slot in model.trainable:
        uses = [use for use in model.uses if use.slot == slot]
        pairs = [_pair(d, e, first[d.name], second[e.name], outputs) for d in uses for e in uses]
        terms.append(sum(pairs[1:], pairs[0]))
    k = next(iter(first.values()))[-1].shape[1]
    full = [jnp.broadcast_to(term, _shape(term, k, outputs)) for term in terms]
    if layerwise:
        return jnp.stack([arranged(term, outputs) for term in full])
    return arranged(sum(full[1:], full[0]), outputs)


def _shape(term: Array, k: int, outputs: str) -> tuple[int, ...]:
    return (term.shape[0], k, term.shape[2], k) if outputs == "full" else (1 if outputs == "trace" else k, *term.shape[1:])


def _pair(d: Use, e: Use, first: tuple[Array, ...], second: tuple[Array, ...], outputs: str) -> Array:
    """What the use d at the first inputs and the use e at the second contribute."""
    if d.transposed != e.transposed:
        (z, backward), (there, from_there) = first, second  # z of either meets B of the other, whichever of the two is transposed
        return d.scale * e.scale * product(gram(z, from_there, outputs), gram(backward, there, outputs), outputs)
    backward = gram(first[-1], second[-1], outputs)
    if d.input is None:
        return d.shift * e.shift * backward
    forward = d.scale * e.scale * gram(first[0], second[0], outputs)
    return (forward + d.shift * e.shift if d.shift * e.shift else forward) * backward
