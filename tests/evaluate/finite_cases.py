"""Networks of every wiring, small, with distinct widths: what the tests of finite networks run on."""

from __future__ import annotations

from ntksym.network import Bias, Concat, Dense, Dropout, Heads, LayerNorm, Network, Pointwise, Product, Residual, Scale, Sum, fcn

WIRINGS: dict[str, Network] = {
    "plain": fcn(2, "relu", sigma_w=1.3, sigma_b=0.2, widths=(7, 5), out=3),
    "residual": Network([Dense(1.2, 0.1, width=6), Residual([Pointwise("relu"), Dense(1.1, 0.2)]), Pointwise("erf"), Dense(width=2)]),
    "pre_activation_layer_norm": Network(
        [Dense(width=6), Residual([LayerNorm(), Pointwise("gelu"), Dense(1.1, 0.2)]), Residual([LayerNorm(0.1), Pointwise("relu"), Dense(0.9)]), Dense(width=2)]
    ),
    "dense_net_concat": Network(
        [Dense(width=4), Concat([[], [Pointwise("relu"), Dense(1.1, 0.3, width=3)]]), Concat([[], [Pointwise("tanh"), Dense(width=5)]]), Dense(width=2)]
    ),
    "gated_product": Network([Dense(1.5, 0.1, width=5), Product([[Dense(width=6), Pointwise("sigmoid")], [Dense(1.2, 0.3)]]), Dense(0.7, 0.4, width=3)]),
    "shared_twice": Network(
        [
            Dense(width=5),
            Pointwise("relu"),
            Dense(1.1, 0.2, shared="W", width=5),
            Pointwise("erf"),
            Dense(1.1, 0.2, shared="W"),
            Pointwise("relu"),
            Dense(width=2),
        ]
    ),
    "two_heads": Network([Dense(1.2, 0.3, width=6), Pointwise("relu"), Heads({"value": [Dense(1, 0.1, width=1)], "policy": [Dense(1.5, width=3), Scale(2)]})]),
    "mixed_activations": Network(
        [Dense(1.4, 0.3, width=7), Pointwise("erf"), Dense(0.8, 0.1, width=4), Pointwise("gelu"), Dense(1.1, 0, width=6), Pointwise("sin"), Dense(width=2)]
    ),
    "frozen_first": Network([Dense(1.3, 0.2, width=7, frozen=True), Pointwise("relu"), Dense(1.1, 0.1, width=5), Pointwise("relu"), Dense(width=2)]),
    "same_twice": Network([Dense(1.2, 0.3, width=5), Sum([[], []]), Pointwise("relu"), Dense(width=2)]),
    "dropout": Network([Dense(1.2, 0.3, width=6), Pointwise("relu"), Dropout(0.7), Dense(1.1, width=5), Pointwise("erf"), Dropout(0.5), Dense(width=2)]),
    "standard": fcn(2, "relu", sigma_w=1.3, sigma_b=0.2, widths=(7, 5), out=2, parameterization="standard"),
    "bias_alone": Network([Dense(1.2, width=5), Bias(0.4), Pointwise("relu"), Dense(width=3), Bias(0.2)]),
    "scale": Network([Dense(1.2, 0.1, width=5), Pointwise("relu"), Scale(0.3), Dense(0.9, 0.2, width=2)]),
    "transposed": Network(
        [
            Dense(1.2, 0.1, width=4),
            Pointwise("relu"),
            Dense(1.3, 0.2, width=6, shared="W"),
            Pointwise("erf"),
            Dense(1.3, shared="W", transposed=True),
            Dense(width=2),
        ]
    ),
    "standard_transposed": Network(
        [
            Dense(1.2, 0.1, width=4),
            Dense(1.3, 0.2, width=6, shared="W", parameterization="standard"),
            Pointwise("erf"),
            Dense(1.3, shared="W", transposed=True, parameterization="standard"),
            Pointwise("tanh"),
            Dense(1.3, 0.2, shared="W", parameterization="standard"),
            Dense(width=2),
        ]
    ),
    "frozen_shared": Network(
        [Dense(width=5), Dense(1.1, 0.2, shared="W", width=5, frozen=True), Pointwise("relu"), Dense(1.1, 0.2, shared="W", frozen=True), Dense(width=2)]
    ),
}
