"""Random state: one integer seed at the door of ``fit``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

__all__ = ["draw_seed", "seeded_torch"]


def draw_seed(random_state: Any) -> int:
    """One integer seed from an int, a RandomState or None."""
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


@contextmanager
def seeded_torch(seed: int, device: Any) -> Iterator[None]:
    """Seed torch inside the block and leave its global generators as they were."""
    import torch

    devices = [device] if torch.device(device).type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
