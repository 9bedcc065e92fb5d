"""Training of linearized networks in function space: the derived flows, run."""

from ntksym.evaluate.flows.ensembles import ensemble_fn
from ntksym.evaluate.flows.flow import flow_fn
from ntksym.evaluate.flows.spectrum import Spectrum, factorize, max_learning_rate, unvec, vec

__all__ = ["Spectrum", "ensemble_fn", "factorize", "flow_fn", "max_learning_rate", "unvec", "vec"]
