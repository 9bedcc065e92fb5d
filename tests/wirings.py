"""The wirings that tests and benchmarks judge: one of each kind, at open or given widths."""

from __future__ import annotations

from ntksym.network import Bias, Concat, Dense, Dropout, Heads, LayerNorm, Network, Pointwise, Product, Residual, Scale, Sum


def wirings(width: int | None = None, out: int | None = 1) -> dict[str, Network]:
    """Name -> network.  Every Dense but the readouts has ``width`` outputs, the readouts ``out``."""

    def dense(**more: object) -> Dense:
        return Dense(1.5, 0.1, width=width, **more)  # type: ignore[arg-type]

    readout = Dense(1.2, 0.1, width=out)
    relu, erf = Pointwise("relu"), Pointwise("erf")
    return {
        "plain": Network([dense(), relu, dense(), relu, readout]),
        "residual": Network([dense(), Residual([relu, dense()]), Residual([relu, dense()]), relu, readout]),
        "pre-activation LayerNorm": Network([dense(), Residual([LayerNorm(), relu, dense()]), LayerNorm(), relu, readout]),
        "dense net": Network([dense(), relu, Concat([[], [dense(), relu]]), Concat([[], [dense(), erf]]), readout]),
        "gated product": Network([dense(), erf, Product([[dense(), relu], [dense()]]), readout]),
        "shared twice": Network([dense(), relu, dense(shared="W"), relu, dense(shared="W"), relu, readout]),
        "shared and added": Network([Sum([[dense(), relu, dense(shared="W")], [dense(), erf, dense(shared="W")]]), relu, readout]),
        "two heads": Network(
            [dense(), relu, Heads({"value": [dense(), erf, Dense(1.2, 0.1, width=out)], "policy": [Dense(1.1, 0.0, width=out)]})],
        ),
        "mixed activations": Network([dense(), relu, Dense(1.1, 0.3, width=width), erf, Dense(0.7, 0.0, width=width), Pointwise("gelu"), readout]),
        "frozen first layer": Network([dense(frozen=True), relu, dense(), relu, readout]),
        "u + u": Network([dense(), relu, Sum([[], []]), dense(), erf, readout]),
        "dropout": Network([dense(), relu, Dropout(0.8), dense(), relu, Dropout(0.5), readout]),
        "standard parameterization": Network(
            [dense(parameterization="standard"), relu, dense(parameterization="standard"), relu, Dense(1.2, 0.1, width=out, parameterization="standard")]
        ),
        "bias and scale": Network([dense(), Bias(0.4), erf, Scale(1.7), readout]),
        "three on one": Network([dense(), Sum([[relu], [erf], []]), readout]),
    }
