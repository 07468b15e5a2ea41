"""Random states: one integer seed per ``fit``, and seeds derived from it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

__all__ = [
    "derive_seed",
    "draw_seed",
    "draw_seeds",
    "reseed",
    "seeded_torch",
]

# torch's generators are shared by the threads of a process, which take turns.
_lock = threading.RLock()


def draw_seed(random_state: Any) -> int:
    """One integer seed from an int, a RandomState or None."""
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def draw_seeds(random_state: Any, n_seeds: int) -> list[int | None]:
    """Seeds for the parts of a meta-estimator; None for each without a random state."""
    if random_state is None:
        return [None] * n_seeds
    rng = check_random_state(random_state)
    return rng.randint(np.iinfo(np.int32).max, size=n_seeds).tolist()


@contextmanager
def seeded_torch(seed: int, device: Any) -> Iterator[None]:
    """Seed torch inside the block and leave its global generators as they were.

    Those of other accelerators than a CPU or CUDA device stay seeded. One thread at a
    time; others wait for the end of the block.
    """
    import torch

    device = torch.device(device)
    on_cuda = device.type == "cuda"
    with _lock, torch.random.fork_rng(devices=[device] if on_cuda else []):
        # torch.manual_seed would seed every GPU as well, forked or not.
        torch.default_generator.manual_seed(seed)
        if on_cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        elif device.type != "cpu":
            # Their generators cannot be forked alike.
            torch.get_device_module(device).manual_seed(seed)
        yield


def derive_seed(random_state: Any, number: int) -> Any:
    """Seed of part `number` of several; returns a random state that is no int as is."""
    if not isinstance(random_state, int | np.integer):
        return random_state
    mixed = np.random.SeedSequence([int(random_state), number])
    return int(mixed.generate_state(1)[0] % np.iinfo(np.int32).max)


def reseed(estimator: Any, number: int) -> Any:
    """A clone whose integer seeds, and those of its parts, are those of run `number`.

    Run 0 has the estimator's own. What has no seed differs from run to run anyway.
    """
    cloned = clone(estimator)
    if number == 0:
        return cloned
    seeds = {
        name: derive_seed(value, number)
        for name, value in cloned.get_params().items()
        if name.split("__")[-1] == "random_state" and isinstance(value, Integral)
    }
    return cloned.set_params(**seeds)
