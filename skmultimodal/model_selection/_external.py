"""Evaluation of a fitted model on patients of another hospital."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from skmultimodal.cohort import Cohort, as_cohort
from skmultimodal.exceptions import FewPatientsWarning
from skmultimodal.model_selection._drift import cohort_drift
from skmultimodal.model_selection._external_evaluation import ExternalEvaluation
from skmultimodal.model_selection._external_scores import (
    external_scores,
    recalibrated_scores,
)
from skmultimodal.utils._alignment import join_rows
from skmultimodal.utils._ids import are_among
from skmultimodal.utils._labels import (
    class_name,
    encode_labels,
    find_positive,
)
from skmultimodal.utils._parts import innermost
from skmultimodal.utils._rows import view_rows
from skmultimodal.utils._warnings import warn

__all__ = ["evaluate_external", "scores_at_home"]

ALL = "all"


def evaluate_external(
    model: Any,
    X: Any,
    y: Any,
    *,
    positive: Any = None,
    development: Any = None,
    reference: Any = None,
    confidence_level: float = 0.95,
    n_resamples: int = 2000,
    random_state: int | np.random.RandomState | None = 0,
) -> ExternalEvaluation:
    """Test a fitted model on patients of another hospital, as it is.

    Nothing is fitted but the recalibration that is reported beside. Features are
    matched by name, and images brought to the size of ``fit``, as ``predict_proba``
    does.

    Parameters
    ----------
    model : estimator
        Fitted classifier of cohorts with ``predict_proba``.
    X : Cohort, dict of aligned arrays, DataFrame or array
        Patients, none of whom trained the model, with any of its modalities.
    y : array-like of shape (n_rows,)
        Class labels; rows without one are counted and left out.
    positive : class label, default=None
        Class that calibration and predictive values are about. None as in
        `compare_classifiers`.
    development : Comparison, DataFrame or dict, default=None
        How the model did in the cohort that it comes from, shown beside: a comparison
        whose reference model, or last one, it is; or means, with or without ``low`` and
        ``high``, by metric. ``"pattern"`` of a dict is that of the patients tested.
    reference : Cohort, default=None
        The training patients, from whom a classifier tries to tell these.
    confidence_level : float, default=0.95
        Of the intervals.
    n_resamples : int, default=2000
        Draws of the patients for the intervals.
    random_state : int, RandomState instance or None, default=0
        Draws patients and folds.

    Returns
    -------
    evaluation : ExternalEvaluation
        Scores with intervals, for all patients and each pattern of modalities;
        predictions, recalibration, and how the data differ from those of ``fit``.

    Raises
    ------
    ValueError
        If a patient trained the model, a label is none of its classes, no patient is
        labelled, or the data cannot be brought to those of ``fit``.

    Warns
    -----
    FewPatientsWarning
        If fewer than ten labelled patients are of a class.
    AlignmentWarning
        If features were left out or filled, or images resized.

    See Also
    --------
    compare_classifiers : Cross-validation within one cohort.
    cohort_drift : How far the data are from those of ``fit``.
    skmultimodal.report.external_report : Writes the report.

    Notes
    -----
    Intervals are over patients of this hospital: how other hospitals differ is not in
    them. Those of the area are DeLong's; of losses the studentised bootstrap, on the
    logarithm of the loss; of the slope Wald's; of the intercept the inverse of a score
    test; of the ratio Fieller's (`benchmarks.statistics.external` has their coverage).

    References
    ----------
    .. [1] Collins et al., "Evaluation of clinical prediction models (part 1): from
       development to external validation", BMJ 384 (2024).
       :doi:`10.1136/bmj-2023-074819`
    .. [2] Van Calster et al., "Calibration: the Achilles heel of predictive analytics",
       BMC Medicine 17 (2019). :doi:`10.1186/s12916-019-1466-7`

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal import Cohort, TwinTowerClassifier
    >>> from skmultimodal.model_selection import evaluate_external
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(200) % 2
    >>> image, gene = rng.normal(size=(200, 2)), rng.normal(size=(200, 3))
    >>> gene += y[:, None]
    >>> image[::3], gene[1::3] = np.nan, np.nan
    >>> X = Cohort({"image": image, "gene": gene}, index=[f"P{i}" for i in range(200)])
    >>> towers = [(name, LogisticRegression()) for name in ("image", "gene")]
    >>> model = TwinTowerClassifier(towers, random_state=0).fit(X[:100], y[:100])
    >>> evaluation = evaluate_external(model, X[100:], y[100:])
    >>> for pattern, area in evaluation.table()["roc_auc"].items():
    ...     print(pattern, area)
    all 0.846 [0.76, 0.91]
    image 0.436 [0.26, 0.63]
    gene 0.974 [0.86, 1.00]
    image+gene 0.971 [0.89, 0.99]
    """
    cohort, codes, classes = _read(model, X, y)
    column = find_positive(classes, positive, of="the model")
    known = codes >= 0
    tested, codes = cohort[known], codes[known]
    _refuse_trained(model, tested.index)
    # A model of arrays reads no cohort.
    bare = not isinstance(X, Cohort | Mapping)
    rows = (
        view_rows(X if hasattr(X, "shape") else np.asarray(X), np.flatnonzero(known))
        if bare
        else tested
    )
    p = np.asarray(model.predict_proba(rows), dtype=np.float64)
    p = p / p.sum(axis=1, keepdims=True)
    _warn_of_few(codes, classes)
    rng = check_random_state(random_state)
    patterns = tested.patterns
    options = {"level": confidence_level, "n_resamples": n_resamples, "rng": rng}
    scores = []
    for name in _patterns(tested):
        rows = np.ones(len(codes), dtype=bool) if name == ALL else patterns == name
        part = external_scores(codes[rows], p[rows], column, **options)
        part.insert(0, "pattern", name)
        part["n_patients"] = rows.sum()
        part["n_positive"] = (codes[rows] == column).sum()
        scores.append(part.rename_axis("metric").reset_index())
    inside = innermost(model)
    return ExternalEvaluation(
        pd.concat(scores, ignore_index=True),
        _predictions(tested, codes, p, classes),
        classes=classes,
        positive=classes.tolist()[column],
        model=type(inside).__name__,
        confidence_level=confidence_level,
        n_unlabelled=int((~known).sum()),
        recalibration=None
        if len(classes) > 2
        else recalibrated_scores(codes, p, column, random_state=rng),
        alignment=inside.alignment(tested) if hasattr(inside, "alignment") else None,
        drift=_drift(inside, reference, tested, rng),
        **_development(development),
    )


def _read(model: Any, X: Any, y: Any) -> tuple[Any, Any, Any]:
    """The patients, their class numbers (-1 unlabelled), and the model's classes."""
    if not hasattr(model, "predict_proba"):
        raise ValueError(
            f"{type(model).__name__} has no predict_proba, which is evaluated here."
        )
    classes = np.asarray(model.classes_)
    cohort = as_cohort(X)
    (y,) = join_rows(X, cohort, y=y)
    found, codes = encode_labels(y, allow_unlabelled=True)
    place = {class_name(label): i for i, label in enumerate(classes.tolist())}
    unknown = [c for c in found.tolist() if class_name(c) not in place]
    if unknown:
        raise ValueError(
            f"y has class {unknown[0]!r}, on which the model was not fitted: its "
            f"classes are {', '.join(place)}. Rename the labels, or leave them blank."
        )
    if not (codes >= 0).any():
        raise ValueError("no patient has a label: there is nobody to test.")
    places = np.array([place[class_name(label)] for label in found.tolist()] + [-1])
    return cohort, places[codes], classes


def _refuse_trained(model: Any, index: Any) -> None:
    known = are_among(index, getattr(innermost(model), "fit_ids_", None))
    if not known.any():
        return
    message = (
        f"{known.sum()} of {len(known)} patients trained the model, such as "
        f"{index[known].tolist()[0]!r}: leave them out, as scores on them are not "
        "those of new patients."
    )
    # Row numbers of two hospitals may be the same.
    if not pd.api.types.is_integer_dtype(index.dtype):
        raise ValueError(message)
    warn(f"{message} If these are only numbers of rows, give both cohorts ids.")


def _warn_of_few(codes: NDArray, classes: Any) -> None:
    counts = np.bincount(codes, minlength=len(classes))
    if counts.min() < 10:
        name = class_name(classes[counts.argmin()])
        warn(
            f"{counts.min()} of {len(codes)} labelled patients are of class {name}: "
            "look at the intervals before the scores.",
            FewPatientsWarning,
        )


def _patterns(cohort: Cohort) -> list[str]:
    """All patients, then the patterns, fewest modalities first; one pattern is all."""
    order = cohort.summary().index.tolist()
    return [ALL, *order] if len(order) > 1 else [ALL]


def _predictions(cohort: Cohort, codes: NDArray, p: Any, classes: Any) -> pd.DataFrame:
    """What was predicted for each patient: DataFrame."""
    table = {
        "pattern": cohort.patterns,
        "y_true": classes[codes],
        "y_pred": classes[p.argmax(axis=1)],
    }
    table |= {f"proba_{class_name(c)}": p[:, i] for i, c in enumerate(classes.tolist())}
    return pd.DataFrame(table, index=cohort.index.rename("patient"))


def _drift(
    model: Any, reference: Any, cohort: Cohort, rng: np.random.RandomState
) -> pd.DataFrame | None:
    if reference is None and not hasattr(model, "ranges_in_"):
        return None
    reference = model if reference is None else reference
    return cohort_drift(reference, cohort, random_state=rng)


def _development(given: Any) -> dict[str, Any]:
    """Means by metric with intervals, and the pattern that they are of: dict."""
    columns, pattern = ["mean", "low", "high"], None
    if hasattr(given, "summary"):
        given = scores_at_home(given, given.reference or given.models[-1])
    if isinstance(given, pd.DataFrame):
        table = given.reindex(columns=columns)
    elif given is not None:
        rows = {
            name: list(value) if np.ndim(value) else [value, np.nan, np.nan]
            for name, value in given.items()
            if name != "pattern"
        }
        table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
        pattern = given.get("pattern")
    else:
        table = None
    return {"development": table, "development_pattern": pattern}


def scores_at_home(comparison: Any, model: Any) -> dict[str, Any]:
    """What `evaluate_external` takes as `development`: dict.

    ``mean``, ``low`` and ``high`` by metric, and ``"pattern"``, the missing-modality
    pattern of the patients tested, if they have the same.
    """
    table = comparison.summary(models=[model]).set_index("metric")
    found = table[["mean", "low", "high"]].T.to_dict("list")
    patterns = comparison.predictions(models=[model])["pattern"].unique()
    return found | ({"pattern": str(patterns[0])} if len(patterns) == 1 else {})
