"""The explanations of the final model, and why some of them cannot be had."""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmultimodal.exceptions import NotExplainableError
from skmultimodal.inspection import (
    gene_attributions,
    modality_contributions,
    saliency_map,
)
from skmultimodal.report._study import Study

__all__ = ["Explanations", "Reason", "Refusal", "explain"]

N_MAPS = 24  # patients whose maps are averaged
VECTOR = 2  # axes of a block


class Reason(StrEnum):
    """Why something cannot be explained."""

    NO_PROBABILITIES = "no probabilities"
    OTHER_CLASSES = "other classes"  # than those of the comparison
    ONE_MODALITY = "one modality"
    OTHER_SHAPE = "other shape"  # neither images nor vectors
    NO_CAPTUM = "no captum"
    REFUSED = "refused"  # for the reason in the text


class Refusal(NamedTuple):
    """Why something cannot be explained, in the words of the error if there is one."""

    kind: Reason
    text: str = ""


@dataclass(frozen=True)
class Explanations:
    """What was computed.

    Parameters
    ----------
    contributions : Bunch or Refusal
        Of ``modality_contributions``, all rows.
    maps : dict of str to Bunch or Refusal
        Of ``saliency_map`` by modality of images, some rows.
    columns : dict of str to Bunch or Refusal
        Of ``gene_attributions`` by modality of vectors.
    others : dict of str to Refusal
        Modalities that are neither.
    """

    contributions: Any
    maps: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)
    others: dict[str, Refusal] = field(default_factory=dict)


def explain(study: Study, examples: Sequence[int]) -> Explanations:
    """Explain the final model.

    Parameters
    ----------
    study : Study
    examples : list of int
        Rows whose images are wanted in any case.

    Returns
    -------
    explanations : Explanations
    """
    found = Explanations(_contributions(study))
    for name in study.cohort.modalities:
        is_image = name in study.image_modalities
        if not is_image and len(study.cohort.block_shape(name)) != VECTOR:
            found.others[name] = Refusal(Reason.OTHER_SHAPE)
        elif study.cohort.has(name).any():
            kind = found.maps if is_image else found.columns
            kind[name] = _explain_modality(study, name, is_image, examples)
    return found


def _refuse(study: Study) -> Refusal | None:
    """Why nothing can be explained, or None."""
    if study.final is None:
        return Refusal(Reason.NO_PROBABILITIES)
    if len(study.estimator.classes_) < len(study.classes):
        return Refusal(Reason.OTHER_CLASSES)
    return None


def _contributions(study: Study) -> Any:
    if refusal := _refuse(study):
        return refusal
    if len(study.cohort.modalities) < 2:
        return Refusal(Reason.ONE_MODALITY)
    try:
        return modality_contributions(
            study.estimator, study.X, study.labels, positive=study.positive_label
        )
    except NotExplainableError as error:
        return _refusal(error)


def _explain_modality(
    study: Study, name: str, is_image: bool, examples: Sequence[int]
) -> Any:
    if refusal := _refuse(study):
        return refusal
    if importlib.util.find_spec("captum") is None:
        return Refusal(Reason.NO_CAPTUM)
    rows = _rows_to_map(study, name, examples) if is_image else _rows_with(study, name)
    attribute = saliency_map if is_image else gene_attributions
    options = {"modality": name, "positive": study.positive_label}
    try:
        return attribute(study.estimator, study.take(rows), **options)
    except NotExplainableError as error:
        return _refusal(error)


def _refusal(error: NotExplainableError) -> Refusal:
    return Refusal(Reason.REFUSED, " ".join(str(error).split()))


def _rows_with(study: Study, name: str) -> NDArray[Any]:
    """Tested rows that have a modality; all such rows, if none was tested."""
    has = study.cohort.has(name)
    tested = study.tested.rows[has[study.tested.rows]]
    return tested if len(tested) else np.flatnonzero(has)


def _rows_to_map(study: Study, name: str, examples: Sequence[int]) -> list[int]:
    """Examples that have the images, and tested rows at equal steps."""
    rows = _rows_with(study, name)
    steps = np.linspace(0, len(rows) - 1, min(N_MAPS, len(rows)))
    chosen = rows[steps.round().astype(int)].tolist()
    has = study.cohort.has(name)
    return list(dict.fromkeys([*(r for r in examples if has[r]), *chosen]))
