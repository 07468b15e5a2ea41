"""Predictions of a fitted model for patients, as a table."""

from importlib.util import find_spec
from typing import Any

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmultimodal.cohort import as_cohort
from skmultimodal.utils._labels import class_name

__all__ = ["prediction_table"]


def prediction_table(model: Any, X: Any) -> pd.DataFrame:
    """Predict patients: one row per patient.

    Parameters
    ----------
    model : estimator
        Fitted model of cohorts: a classifier, a regressor or a survival estimator.
    X : Cohort, or other input that a cohort can be made of
        Patients, with any of the modalities of the model.

    Returns
    -------
    table : DataFrame of shape (n_rows, n_columns)
        Indexed by patient id: ``modalities`` that the patient has; ``route``, which
        part of the model predicts the patient, if it has ``predict_route``;
        ``predicted`` class; a column ``proba_<class>`` for each class, if it has
        ``predict_proba``; and ``prediction_set``, the classes that are not excluded,
        if it has ``predict_set``, which returns a boolean column for each class. Of a
        regressor ``predicted`` is the number, and ``low`` and ``high`` are the ends of
        its 90 % interval, if it has ``predict_interval`` and crepes is installed. Of a
        survival estimator there is ``log_hazard``, and ``median``, of the time, if it
        has one baseline hazard.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    ValueError
        If a patient has no modality that the model can use.

    Examples
    --------
    >>> from skmultimodal import TwinTowerClassifier
    >>> from skmultimodal.datasets import make_glioma_cohort
    >>> from skmultimodal.report import prediction_table
    >>> X, y = make_glioma_cohort(
    ...     30, 40, 20, n_genes=50, image_size=16, random_state=0, return_X_y=True
    ... )
    >>> model = TwinTowerClassifier(random_state=0).fit(X, y)
    >>> prediction_table(model, X).columns.tolist()
    ['modalities', 'route', 'predicted', 'proba_0', 'proba_1']
    """
    check_is_fitted(model)
    cohort = as_cohort(X)
    columns: dict[str, Any] = {"modalities": cohort.patterns}
    if hasattr(model, "predict_route"):
        columns["route"] = model.predict_route(X)
    if not hasattr(model, "classes_"):
        columns |= _numbers(model, X)
        return pd.DataFrame(columns, index=cohort.index.rename("patient"))
    columns["predicted"] = [class_name(label) for label in model.predict(X)]
    names = [class_name(label) for label in model.classes_.tolist()]
    if hasattr(model, "predict_proba"):
        for name, p in zip(names, model.predict_proba(X).T, strict=True):
            columns[f"proba_{name}"] = p
    if hasattr(model, "predict_set"):
        columns["prediction_set"] = [
            " or ".join(name for name, within in zip(names, row, strict=True) if within)
            for row in pd.DataFrame(model.predict_set(X)).to_numpy(dtype=bool)
        ]
    return pd.DataFrame(columns, index=cohort.index.rename("patient"))


def _numbers(model: Any, X: Any) -> dict[str, Any]:
    """Columns of a model of numbers or of times."""
    predicted = model.predict(X)
    if hasattr(model, "predict_median"):
        several = len(model.baselines_) > 1
        return {"log_hazard": predicted} | (
            {} if several else {"median": model.predict_median(X)}
        )
    columns = {"predicted": predicted}
    if hasattr(model, "predict_interval") and find_spec("crepes"):
        columns["low"], columns["high"] = model.predict_interval(X).T
    return columns
