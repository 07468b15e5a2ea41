"""The model card."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmultimodal.utils._environment import describe_environment
from skmultimodal.utils._files import whole_file
from skmultimodal.utils._labels import class_name, find_positive

__all__ = ["model_card"]

NO_DEVICE = "Research software; not a medical device."
USE = "Research on cohorts like the one that the model was trained on."
ROWS = (
    "Rows that each part learned from: towers from patients who lack another modality "
    "(unless `tower_rows='all'`), the final estimator from patients with all of them."
)
POSITIVE = "The positive class, which scores of one class are about: {}."
LIMITS = [
    "Its probabilities are calibrated, if at all, for patients like those with all "
    "modalities that trained the final estimator.",
    "A patient with one modality is answered by that modality's tower, of which the "
    "scores of patients with all of them say nothing.",
    "Scores from some dozens of patients have wide intervals: look at them before the "
    "means.",
    "It may follow what a label happens to go along with, such as the hospital: "
    "audit_shortcuts of skmultimodal.model_selection says how far the data allow that.",
]


def model_card(
    estimator,
    *,
    title=None,
    label=None,
    class_names=None,
    scores=None,
    positive=None,
    intended_use=None,
    limits=(),
    path=None,
):
    """Describe a fitted model in Markdown: what it learned from, scores and limits.

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
    scores : DataFrame, Series or dict, default=None
        Scores on patients that did not train the model. Without them the card says
        that there are none.
    positive : class label, default=None
        Class that the scores are about, ``comparison.positive``. None is the class that
        is named yes, positive or responder (in any case), or of two classes 1 or true,
        where exactly one is; else the last.
    intended_use : str, default=None
        None says: research on cohorts like the one that the model was trained on.
    limits : sequence of str, default=()
        Limits beside those that hold for every model of this library.
    path : str or path, default=None
        Where the card is written as well.

    Returns
    -------
    card : str
        Markdown.

    Raises
    ------
    ValueError
        If `positive` is no class of the estimator.
    NotFittedError
        If the estimator is not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import FusionHeadClassifier
    >>> from skmultimodal.report import model_card
    >>> X = np.random.default_rng(0).normal(size=(30, 4))
    >>> head = FusionHeadClassifier(max_epochs=5).fit(X, X[:, 0] > 0)
    >>> card = model_card(head, scores={"AUC": 0.9})
    >>> card.splitlines()[0]
    '# FusionHeadClassifier'
    """
    check_is_fitted(estimator)
    environment = pd.Series(describe_environment(), name="version")
    sections = {
        "Intended use": intended_use or USE,
        "Label": _describe_classes(estimator, label, class_names),
        "Training data": _describe_rows(estimator, class_names),
        "Scores": _describe_scores(estimator, scores, positive, class_names),
        "Limits": "\n".join(f"- {limit}" for limit in [*LIMITS, *limits]),
        "Parameters": _parameters(estimator).to_markdown(index=False),
        "Environment": environment.rename_axis("package").to_markdown(),
    }
    parts = [f"# {title or type(estimator).__name__}", NO_DEVICE]
    parts += [f"## {name}\n\n{content}" for name, content in sections.items()]
    text = "\n\n".join(parts) + "\n"
    if path is not None:
        with whole_file(path) as part:
            part.write_text(text, encoding="utf-8")
    return text


def _describe_classes(estimator, label, class_names):
    lines = [label or "Not described: pass `label` to model_card.", ""]
    for known in getattr(estimator, "classes_", []):
        meaning = (class_names or {}).get(known)
        name = class_name(known)
        lines.append(f"- `{name}`" + (f": {meaning}" if meaning else ""))
    return "\n".join(lines).strip()


def _describe_rows(estimator, class_names):
    counts = getattr(estimator, "class_counts_", None)
    if counts is None:
        return "The model does not record the rows that it learned from."
    classes = [str((class_names or {}).get(c, c)) for c in estimator.classes_]
    table = pd.DataFrame(counts, index=[*classes, "unlabelled"]).T
    table.insert(0, "rows", table.sum(axis=1))
    return f"{ROWS}\n\n{table.rename_axis('part').to_markdown()}"


def _describe_scores(estimator, scores, positive, class_names):
    if scores is None:
        return "None were given: nothing is known of how well the model predicts."
    if isinstance(scores, Mapping):
        scores = pd.Series(scores, dtype=object)
    if isinstance(scores, pd.Series):
        scores = scores.rename_axis("score").to_frame("value")
    table = scores.to_markdown(floatfmt=".3f")
    classes = np.asarray(getattr(estimator, "classes_", [])).tolist()
    if not classes:
        return table
    label = classes[find_positive(classes, positive, of="the model")]
    name = (class_names or {}).get(label, class_name(label))
    return f"{POSITIVE.format(name)}\n\n{table}"


def _parameters(estimator):
    params = estimator.get_params(deep=True)
    rows = [
        (name, " ".join(repr(value).split()))
        for name, value in params.items()
        if not hasattr(value, "get_params") and name != "steps"
    ]
    return pd.DataFrame(sorted(rows), columns=["parameter", "value"])
