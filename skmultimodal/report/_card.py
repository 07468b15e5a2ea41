"""The model card."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmultimodal.report._formats import markdown
from skmultimodal.report._rendering import make_environment
from skmultimodal.report._sections.model import list_parameters
from skmultimodal.utils._environment import describe_environment
from skmultimodal.utils._files import whole_file
from skmultimodal.utils._labels import class_name, find_positive

__all__ = ["model_card"]


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
    scores : DataFrame, Series or dict, default=None
        Scores on patients that did not train the model. Without them the card states
        that there are none.
    positive : class label, default=None
        Class that the scores are about, ``comparison.positive``. None is the class that
        is named yes, positive or responder (in any case), or of two classes 1 or true,
        where exactly one is; else the last.
    intended_use : str, default=None
        None is research on cohorts like the one that the model was trained on.
    limits : sequence of str, default=()
        Limits in addition to those that hold for every model of this library.
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
    parameters = pd.DataFrame(
        list_parameters(estimator), columns=["parameter", "value"]
    )
    template = make_environment().get_template("model_card.md.jinja")
    text = template.render(
        title=title or type(estimator).__name__,
        intended_use=intended_use,
        label=label,
        classes=_name_classes(estimator, class_names),
        training_rows=_count_rows(estimator, class_names),
        positive=_name_positive(estimator, positive, class_names, scores),
        scores=_tabulate(scores),
        limits=list(limits),
        parameters=_table(parameters, index=False),
        environment=_table(environment.rename_axis("package").to_frame()),
    )
    text += "\n"  # which Jinja takes off the end of a template
    if path is not None:
        with whole_file(path) as part:
            part.write_text(text, encoding="utf-8")
    return text


def _name_classes(estimator, class_names):
    """Name of each class, and its meaning or None."""
    meanings = class_names or {}
    known = getattr(estimator, "classes_", [])
    return [(class_name(label), meanings.get(label)) for label in known]


def _count_rows(estimator, class_names):
    """Table of the training rows of each part, None where they are not recorded."""
    counts = getattr(estimator, "class_counts_", None)
    if counts is None:
        return None
    classes = [str((class_names or {}).get(c, c)) for c in estimator.classes_]
    table = pd.DataFrame(counts, index=[*classes, "unlabelled"]).T
    table.insert(0, "rows", table.sum(axis=1))
    return _table(table.rename_axis("part"))


def _name_positive(estimator, positive, class_names, scores):
    """Class that scores are about, None without scores or classes."""
    classes = np.asarray(getattr(estimator, "classes_", [])).tolist()
    if scores is None or not classes:
        return None
    label = classes[find_positive(classes, positive, of="the model")]
    return (class_names or {}).get(label, class_name(label))


def _tabulate(scores):
    if scores is None:
        return None
    if isinstance(scores, Mapping):
        scores = pd.Series(scores, dtype=object)
    if isinstance(scores, pd.Series):
        scores = scores.rename_axis("score").to_frame("value")
    return _table(scores, floatfmt=".3f")


def _table(table, **options):
    """A table in Markdown, whose names and texts hold no marks of it."""
    names = [table.index.name, table.columns.name]
    table = table.map(lambda cell: markdown(cell) if isinstance(cell, str) else cell)
    table = table.rename(index=markdown, columns=markdown)
    table.index.name, table.columns.name = names
    return table.to_markdown(**options)
