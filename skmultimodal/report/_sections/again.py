"""How to run it again: versions, seeds, command and date."""

import datetime
import shlex
import sys
from dataclasses import dataclass

from skmultimodal.utils._environment import describe_environment

__all__ = ["again"]


@dataclass(frozen=True)
class Again:
    """Numbers of the section."""

    command: str
    date: str
    has_seeds: bool  # whether the model has a parameter random_state
    seeds: list  # those that are not None
    n_folds: int
    n_repeats: int
    environment: dict


def again(study, command):
    """Numbers of the section from a study and the command, or None for this one."""
    if command is None:
        # orig_argv has python -m; where Python is means nothing to the reader.
        command = shlex.join(["python", *sys.orig_argv[1:]])
    seeds = {
        name: value
        for name, value in study.estimator.get_params(deep=True).items()
        if name.split("__")[-1] == "random_state"
    }
    return Again(
        command=command,
        date=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        has_seeds=bool(seeds),
        seeds=[(name, repr(seed)) for name, seed in seeds.items() if seed is not None],
        n_folds=study.tested.n_folds,
        n_repeats=study.tested.n_repeats,
        environment=describe_environment(),
    )
