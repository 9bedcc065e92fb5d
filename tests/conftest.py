"""What every test runs under: strict JAX promotion, a seeded generator, the oracles on the path."""

from __future__ import annotations

import os
import sys
import zlib
from pathlib import Path

# Read by jax when it is first imported, so they stand before any test module.
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["JAX_NUMPY_DTYPE_PROMOTION"] = "strict"
os.environ["JAX_NUMPY_RANK_PROMOTION"] = "raise"
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np  # noqa: E402  (after the environment is set)
import pytest  # noqa: E402


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A seed of this test's own, printed so that a failure can be run again; NTKSYM_SEED overrides it."""
    value = int(os.environ.get("NTKSYM_SEED", zlib.crc32(request.node.name.encode())))
    print(f"seed {value}")
    return value


@pytest.fixture
def rng(seed: int) -> np.random.Generator:
    """A generator from that seed."""
    return np.random.default_rng(seed)
