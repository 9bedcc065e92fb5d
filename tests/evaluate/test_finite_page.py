"""The blocks of the page on finite networks that need other libraries: what they show, runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "finite-networks.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


# Both libraries compute with several dtypes and ranks; they are not written for strict promotion.
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("number", "library"), [(0, "flax.nnx"), (1, "equinox")])
def test_a_block(number: int, library: str) -> None:
    pytest.importorskip(library)
    assert len(BLOCKS) == 2 and library.split(".")[0] in BLOCKS[number]
    names: dict[str, Any] = {"__name__": "page"}
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        exec(BLOCKS[number], names)
    kernel = np.asarray(names["kernel"])
    assert kernel.shape == (4, 4, 2, 2) and (np.linalg.eigvalsh(kernel[0, 0]) > 0).all()
    if number == 0:
        assert 0 < np.trace(names["last_layer"][0, 0]) < np.trace(kernel[0, 0])
