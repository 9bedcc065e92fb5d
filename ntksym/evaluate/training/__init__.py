"""Finite networks really trained, with their linearizations beside them."""

from ntksym.evaluate.training.record import Training
from ntksym.evaluate.training.train import train

__all__ = ["Training", "train"]
