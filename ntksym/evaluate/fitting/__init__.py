"""What `ntksym fit` computes: the NNGP posterior and the tangent kernel's ensemble on a data set, with scores and uncertainty."""

from ntksym.evaluate.fitting.run import MODELS, Fit, Model, Score, run_fit

__all__ = ["MODELS", "Fit", "Model", "Score", "run_fit"]
