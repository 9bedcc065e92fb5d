"""Networks, layer by layer, and the chain-rule graph."""

from ntksym.network.chain import ChainGraph, chain_graph
from ntksym.network.dense import Dense
from ntksym.network.fcn import fcn
from ntksym.network.network import Network, Repeat
from ntksym.network.pointwise import Pointwise

__all__ = ["ChainGraph", "Dense", "Network", "Pointwise", "Repeat", "chain_graph", "fcn"]
