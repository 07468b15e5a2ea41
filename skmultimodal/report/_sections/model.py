"""The parts of the model, what they are fitted on, and all parameters."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from skmultimodal.report._pool import Pool, read_pool
from skmultimodal.report._study import Study

__all__ = ["list_parameters", "model"]

MAX_CHARACTERS = 300


class Part(NamedTuple):
    """A part of the model, and its training rows of each class and without a label."""

    name: str
    sizes: list[int]


@dataclass(frozen=True)
class Model:
    """Numbers of the section."""

    estimator: str  # name of its class
    towers: list[tuple[str, str]]  # names of the towers and of their classes
    final_estimator: str | None
    shapes: dict[str, tuple[int, ...]]  # what a row of each modality is
    classes: list[str]
    parts: list[Part]  # empty where the model does not record them
    # Parameters that weigh the classes, and their values.
    weights: list[tuple[str, str]]
    parameters: list[tuple[str, str]]  # those that are not the default
    n_parameters: int
    pool: (
        Pool | None
    )  # what the model ends with, if that is a pool of several modalities


def model(study: Study) -> Model:
    """Numbers of the section from a study."""
    estimator = study.estimator
    towers = getattr(estimator, "towers_", None) or {}
    final = getattr(estimator, "final_estimator_", None)
    counts = getattr(estimator, "class_counts_", None) or {}
    known = np.asarray(estimator.classes_).tolist() if counts else []
    return Model(
        estimator=type(estimator).__name__,
        towers=[(name, type(tower).__name__) for name, tower in towers.items()],
        final_estimator=None if final is None else type(final).__name__,
        shapes={
            name: study.cohort.block_shape(name)[1:] for name in study.cohort.modalities
        },
        classes=[study.names[study.classes.index(c)] for c in known],
        parts=[Part(name, [int(n) for n in row]) for name, row in counts.items()],
        weights=[
            (name, repr(value))
            for name, value in estimator.get_params(deep=True).items()
            if name.split("__")[-1] == "class_weight" and value is not None
        ],
        parameters=[(name, _cut(value)) for name, value in list_parameters(estimator)],
        n_parameters=len(_values(estimator)),
        pool=read_pool(
            estimator,
            study.positive_label,
            dict(zip(study.classes, study.names, strict=False)),
        ),
    )


def list_parameters(estimator: Any) -> list[tuple[str, str]]:
    """Names and values of parameters that differ from their default: sorted list.

    Estimators within are none, but those of them are.
    """
    parts, usual = estimator.get_params(deep=True), _defaults(estimator)
    parts[""] = estimator
    return sorted(
        (name, _show(name, value))
        for name, value in _values(estimator).items()
        # NaN and arrays are compared too.
        if repr(value) != repr(_default_of(parts, usual, name))
    )


def _defaults(estimator: Any) -> dict[str, Any]:
    """Parameters of an estimator of this class that was given none: dict."""
    try:
        return type(estimator)().get_params(deep=True)
    except TypeError:  # it needs some
        return {}


def _values(estimator: Any) -> dict[str, Any]:
    """Parameters that are no estimators, nor lists of some: dict."""
    return {
        name: value
        for name, value in estimator.get_params(deep=True).items()
        if not hasattr(value, "get_params") and name != "steps"
    }


def _default_of(parts: Mapping[str, Any], usual: Mapping[str, Any], name: str) -> Any:
    """What the class of the part that has a parameter gives it by default.

    A part that was not given, but is made in `fit`, is that of `usual`.
    """
    owner, _, own = name.rpartition("__")
    if parts.get(owner) is None:
        return usual.get(name, inspect.Parameter.empty)
    found = inspect.signature(type(parts[owner]).__init__).parameters.get(own)
    return inspect.Parameter.empty if found is None else found.default


def _show(name: str, value: Any) -> str:
    """A parameter's value; a folder is that of somebody's machine."""
    if value is None:
        return repr(value)
    if name.split("__")[-1] == "memory" or isinstance(value, PathLike):
        return "(a folder)"
    return " ".join(repr(value).split())


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"
