"""How to run it again: versions, seeds, command and date."""

import datetime
import sys
from dataclasses import dataclass
from pathlib import Path

from skmultimodal.report._study import Study
from skmultimodal.utils._environment import describe_environment

__all__ = ["again"]


@dataclass(frozen=True)
class Again:
    """Numbers of the section."""

    command: str
    date: str
    has_seeds: bool  # whether the model has a parameter random_state
    seeds: list[tuple[str, str]]  # those that are not None
    n_folds: int
    n_repeats: int
    environment: dict[str, str]


def again(study: Study, command: str | None) -> Again:
    """Numbers of the section from a study and the command, or None for the script."""
    if command is None:
        command = _script()
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


def _script() -> str:
    """What runs, by name: arguments and folders may be secrets."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is not None:
        return f"python -m {spec.name.removesuffix('.__main__')}"
    script = Path(sys.argv[0] or "-c").name
    # A notebook's kernel is given its connection file, no script.
    interactive = script in ("-c", "-") or script.startswith("ipykernel")
    return "python, not a script" if interactive else f"python {script}"
