"""What training by cross-entropy keeps: the mean of the outputs of every example.

Claim. Under gradient flow, with a ridge or without, and a kernel that acts alike on all outputs, the sum of the outputs does not move, on training and on test
inputs.

Source. Lee et al. 2019 (arXiv:1902.06720), Sec. 2.4, for the setting; the invariant is elementary.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.losses import conserved_logits


def derive() -> Derivation:
    """From the law for any loss and the gradient p - y."""
    return conserved_logits("gradient_flow")
