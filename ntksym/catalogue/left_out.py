"""Names people will try that are no activation in the sense of the theory, and why."""

from __future__ import annotations

_GATED = "it multiplies two halves of the layer, so it is no function of one pre-activation"
_VECTOR = "each output depends on all pre-activations of the layer, so it is no function of one of them"
_RANDOM = "its slope is drawn anew at every call, so it is no function of the pre-activation"

# name (letters and digits only) -> (why it is no row, what to do)
LEFT_OUT: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("glu", "geglu", "gelu_glu", "reglu", "swiglu", "bilinear"), (_GATED, "derive its gate alone: sigmoid, gelu, relu or silu")),
    **dict.fromkeys(("softmax", "softmin", "log_softmax", "sparsemax", "logsumexp"), (_VECTOR, "use an activation that acts on one number")),
    **dict.fromkeys(("maxout", "crelu", "concat_relu"), (_VECTOR, "relu and abs are the nearest activations of one number")),
    "rrelu": (_RANDOM, 'leaky_relu with the mean slope is what it computes when it is not training: activation("leaky_relu", alpha="11/48")'),
    "randomized_leaky_relu": (_RANDOM, 'use activation("leaky_relu", alpha="11/48"), the mean slope'),
}
