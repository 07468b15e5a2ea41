"""The model card."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmultimodal.model_selection import Comparison
from skmultimodal.report._compared import Score
from skmultimodal.report._formats import markdown, score
from skmultimodal.report._pool import pool_table, read_pool
from skmultimodal.report._rendering import make_environment
from skmultimodal.report._same import find_model
from skmultimodal.report._sections.model import list_parameters
from skmultimodal.utils._environment import describe_environment
from skmultimodal.utils._files import whole_file
from skmultimodal.utils._labels import class_name, find_positive

__all__ = ["model_card"]

FEW_ROWS = 10  # of a class


def model_card(
    estimator: Any,
    *,
    title: str | None = None,
    label: str | None = None,
    class_names: Mapping[Any, str] | None = None,
    scores: Any = None,
    by_pattern: pd.DataFrame | None = None,
    model: str | None = None,
    positive: Any = None,
    intended_use: str | None = None,
    limits: Sequence[str] = (),
    provenance: dict[str, Any] | None = None,
    path: str | Path | None = None,
) -> str:
    """Describe a fitted model in Markdown: training rows, scores and limits.

    Parameters
    ----------
    estimator : estimator
        Fitted, such as a `TwinTowerClassifier`.
    title : str, default=None
        None is the name of the class.
    label : str, default=None
        What is predicted and how it was defined, such as ``"response: RECIST complete
        or partial response within six months"``.
    class_names : dict of label to str, default=None
        What each class means.
    scores : Comparison, DataFrame, Series or dict, default=None
        Scores on patients that did not train the model. Without them the card states
        that there are none. Of a comparison, those of the model that `estimator` is,
        and what is to be known before they are read.
    by_pattern : DataFrame, default=None
        Scores by the modalities that patients have, of ``comparison.by_pattern``. They
        are shown if there are several patterns.
    model : str, default=None
        Name of the model in a comparison. None is the only one, or the one with the
        class and parameters of `estimator`.
    positive : class label, default=None
        Class that the scores are about, ``comparison.positive``. None is the class that
        is named yes, positive or responder (in any case), or of two classes 1 or true,
        where exactly one is; else the last.
    intended_use : str, default=None
        None is research on cohorts like the one that the model was trained on.
    limits : sequence of str, default=()
        Limits in addition to those that hold for every model of this library.
    provenance : dict of str to dict, default=None
        What computed the features of a modality, such as ``{"slides": {"encoder": "E",
        "version": "1.0", "licence": "MIT"}}``: ``provenance`` of a loaded cohort.
    path : str or path, default=None
        Where the card is written as well.

    Returns
    -------
    card : str
        Markdown.

    Raises
    ------
    ValueError
        If `positive` is no class of the estimator, `by_pattern` lacks a column
        ``pattern``, or `estimator` is no model of the comparison.
    NotFittedError
        If the estimator is not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import FusionHeadClassifier
    >>> from skmultimodal.report import model_card
    >>> X = np.random.default_rng(0).normal(size=(30, 4))
    >>> head = FusionHeadClassifier(random_state=0).fit(X, X[:, 0] > 0)
    >>> card = model_card(head, scores={"AUC": 0.9})
    >>> card.splitlines()[0]
    '# FusionHeadClassifier'
    """
    check_is_fitted(estimator)
    environment = pd.Series(describe_environment(), name="version")
    parameters = pd.DataFrame(
        list_parameters(estimator), columns=["parameter", "value"]
    )
    remarks = _few_rows(estimator)
    if isinstance(scores, Comparison):
        name = find_model(estimator, scores, model)
        positive = scores.positive if positive is None else positive
        remarks += scores.remarks(models=[name])
        columns = ["metric", "mean", "low", "high"]
        scores = scores.summary(models=[name])[columns].set_index("metric")
    else:
        remarks += _without_width(scores)
    template = make_environment().get_template("model_card.md.jinja")
    text = template.render(
        title=title or type(estimator).__name__,
        intended_use=intended_use,
        label=label,
        classes=_name_classes(estimator, class_names),
        training_rows=_count_rows(estimator, class_names),
        provenance=_tabulate_provenance(provenance),
        positive=_name_positive(estimator, positive, class_names, scores),
        scores=_tabulate(scores),
        by_pattern=_tabulate_patterns(by_pattern),
        **_describe_pool(estimator, positive, class_names),
        remarks=remarks,
        limits=list(limits),
        parameters=None if parameters.empty else _table(parameters, index=False),
        environment=_table(environment.rename_axis("package").to_frame()),
    )
    text += "\n"  # which Jinja takes off the end of a template
    if path is not None:
        with whole_file(path) as part:
            part.write_text(text, encoding="utf-8")
    return text


def _name_classes(
    estimator: Any, class_names: Mapping[Any, str] | None
) -> list[tuple[str, Any]]:
    """Name of each class, and its meaning or None."""
    meanings = class_names or {}
    known = getattr(estimator, "classes_", [])
    return [(class_name(label), meanings.get(label)) for label in known]


def _count_rows(estimator: Any, class_names: Mapping[Any, str] | None) -> str | None:
    """Table of the training rows of each part, None where they are not recorded."""
    counts = getattr(estimator, "class_counts_", None)
    if counts is None:
        return None
    kinds = _kinds_of_rows(estimator, class_names)
    table = pd.DataFrame(counts, index=[*kinds, "unlabelled"]).T
    table.insert(0, "rows", table.sum(axis=1))
    return _table(table.rename_axis("part"))


def _tabulate_provenance(
    provenance: dict[str, Any] | None,
) -> str | None:
    """Table of what computed the features of each modality, None if none is known."""
    if not provenance:
        return None
    table = pd.DataFrame.from_dict(provenance, orient="index", dtype=object)
    table = table.rename_axis("modality").map(lambda x: x if pd.isna(x) else str(x))
    return _table(table, disable_numparse=True, missingval="–")


def _few_rows(estimator: Any) -> list[str]:
    """Sentences on classes of few patients that the fusion learned from."""
    counts = getattr(estimator, "class_counts_", {}).get("final_estimator")
    if counts is None or counts[:-1].min() >= FEW_ROWS:
        return []
    rarest = _kinds_of_rows(estimator, None)[counts[:-1].argmin()]
    kind = f"of class {rarest}" if hasattr(estimator, "classes_") else f"({rarest})"
    return [
        f"Only {counts[:-1].min()} patients {kind} have modalities that the "
        "final estimator was fitted to put together."
    ]


def _kinds_of_rows(estimator: Any, class_names: Mapping[Any, str] | None) -> list[str]:
    """Names of the kinds of labelled rows that a model counts."""
    if hasattr(estimator, "classes_"):
        names = [class_name(label) for label in estimator.classes_]
        labels = estimator.classes_.tolist()
        return [
            str((class_names or {}).get(c, n))
            for c, n in zip(labels, names, strict=True)
        ]
    survival = hasattr(estimator, "predict_survival_function")
    return ["censored", "event"] if survival else ["labelled"]


def _without_width(scores: Any) -> list[str]:
    """Sentences on intervals of a table of scores that have no width."""
    if not isinstance(scores, pd.DataFrame) or not {"low", "high"} <= set(scores):
        return []
    n_narrow = int((scores["low"] == scores["high"]).sum())
    if not n_narrow:
        return []
    return [
        f"{n_narrow} of {len(scores)} intervals have no width: every fold has the same "
        "score, which is no certainty."
    ]


def _name_positive(
    estimator: Any, positive: Any, class_names: Mapping[Any, str] | None, scores: Any
) -> Any:
    """Class that scores are about, None without scores or classes."""
    classes = np.asarray(getattr(estimator, "classes_", [])).tolist()
    if scores is None or not classes:
        return None
    label = classes[find_positive(classes, positive, of="the model")]
    return (class_names or {}).get(label, class_name(label))


def _tabulate(scores: Any) -> str | None:
    if scores is None:
        return None
    if isinstance(scores, Mapping):
        scores = pd.Series(scores, dtype=object)
    if isinstance(scores, pd.Series):
        scores = scores.rename_axis("score").to_frame("value")
    return _table(scores, floatfmt=".3f")


def _tabulate_patterns(table: Any) -> str | None:
    """Table of several patterns, or None."""
    if table is None:
        return None
    if "pattern" not in getattr(table, "columns", ()):
        raise ValueError(
            "by_pattern must be a DataFrame with a column pattern, as "
            "comparison.by_pattern() returns."
        )
    if table["pattern"].nunique() < 2:
        return None
    table = table.astype(object).where(table.notna(), None)
    for name in ("calibration_slope", "calibration_intercept"):
        ends = [f"{name}_low", f"{name}_high"]
        if set(ends) <= set(table):
            rows = table[[name, *ends]].astype(float).to_numpy()
            table[name] = [score(Score(*row)) for row in rows]
            table = table.drop(columns=ends)
    return _table(table, index=False, floatfmt=".3f", missingval="–")


def _describe_pool(
    estimator: Any, positive: Any, class_names: Mapping[Any, str] | None
) -> dict[str, Any]:
    """What the model ends with, and its table; None where it is no pool."""
    classes = np.asarray(getattr(estimator, "classes_", [])).tolist()
    names = {c: (class_names or {}).get(c, class_name(c)) for c in classes}
    pool = None
    if classes:
        label = classes[find_positive(classes, positive, of="the model")]
        pool = read_pool(estimator, label, names)
    table = None if pool is None else _table(pool_table(pool), floatfmt=".2f")
    return {"pool": pool, "pool_table": table}


def _table(table: pd.DataFrame, **options: Any) -> str:
    """A table in Markdown, whose names and texts hold no marks of it."""
    names = [table.index.name, table.columns.name]
    table = table.map(lambda cell: markdown(cell) if isinstance(cell, str) else cell)
    # Of objects, for None is shown as what is missing, and NaN is not.
    table = table.astype(object).where(table.notna(), None)
    table = table.rename(index=markdown, columns=markdown)
    table.index.name, table.columns.name = names
    return table.to_markdown(**options)
