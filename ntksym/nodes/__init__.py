"""The few SymPy nodes ntksym adds.  They are inert: nothing here simplifies, a rule has to.

Not here: any mathematics about them beyond their derivative (needed to differentiate a closed form).
"""

from ntksym.nodes.expectations import (
    CorrelationAngle,
    CorrelationArcsine,
    Delta,
    Dual,
    Expect,
    Gaussian,
    HalfLineProbability,
    Indicator,
    NormalCDF,
    NormalPDF,
    QuadrantProbability,
    Where,
    correlation,
    gaussian_pair,
)
from ntksym.nodes.functionals import (
    Component,
    Equivalence,
    Follows,
    GradientAt,
    LossAt,
    Trace,
    rows_and_columns,
)
from ntksym.nodes.limits import (
    ChannelLaw,
    DistributedAs,
    Dots,
    Given,
    Mean,
    OfOrder,
    TendsTo,
)
from ntksym.nodes.operators import (
    Array,
    Norm,
    Spectral,
    Transposed,
    transpose,
)
from ntksym.nodes.tensors import (
    Applied,
    Entry,
    Partial,
    Width,
)

__all__ = [
    "Applied",
    "Array",
    "ChannelLaw",
    "Component",
    "CorrelationAngle",
    "CorrelationArcsine",
    "Delta",
    "DistributedAs",
    "Dots",
    "Dual",
    "Entry",
    "Equivalence",
    "Expect",
    "Follows",
    "Gaussian",
    "Given",
    "GradientAt",
    "HalfLineProbability",
    "Indicator",
    "LossAt",
    "Mean",
    "Norm",
    "NormalCDF",
    "NormalPDF",
    "OfOrder",
    "Partial",
    "QuadrantProbability",
    "Spectral",
    "TendsTo",
    "Trace",
    "Transposed",
    "Where",
    "Width",
    "correlation",
    "gaussian_pair",
    "rows_and_columns",
    "transpose",
]
