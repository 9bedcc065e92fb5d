"""Networks, layer by layer, their wiring, and the chain-rule graph."""

from ntksym.network.bias import Bias
from ntksym.network.chain import ChainGraph, chain_graph
from ntksym.network.concat import Concat
from ntksym.network.dense import Dense
from ntksym.network.dropout import Dropout
from ntksym.network.fcn import fcn
from ntksym.network.heads import Heads
from ntksym.network.layer import Coordinatewise, Layer
from ntksym.network.layer_norm import LayerNorm
from ntksym.network.network import Network, Repeat
from ntksym.network.pointwise import Pointwise
from ntksym.network.product import Product
from ntksym.network.residual import Residual
from ntksym.network.rms_norm import RMSNorm
from ntksym.network.scale import Scale
from ntksym.network.signal import Signal
from ntksym.network.sum import Sum
from ntksym.network.wiring import Node, Weights, Wiring

__all__ = [
    "Bias",
    "ChainGraph",
    "Concat",
    "Coordinatewise",
    "Dense",
    "Dropout",
    "Heads",
    "Layer",
    "LayerNorm",
    "Network",
    "Node",
    "Pointwise",
    "Product",
    "RMSNorm",
    "Repeat",
    "Residual",
    "Scale",
    "Signal",
    "Sum",
    "Weights",
    "Wiring",
    "chain_graph",
    "fcn",
]
