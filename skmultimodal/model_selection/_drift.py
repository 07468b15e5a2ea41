"""How far the data of one hospital are from those of another."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal.cohort import Cohort, as_cohort
from skmultimodal.model_selection._delong import delong_interval
from skmultimodal.utils._parts import innermost
from skmultimodal.utils._scales import Scale, measured, some_rows

__all__ = ["COLUMNS", "cohort_drift"]

COLUMNS = ["n_rows", "n_reference", "n_features", "location", "scale", "outside"]
COLUMNS += ["roc_auc", "low", "high"]
# Interquartile range of a normal distribution, in standard deviations.
IQR = 2 * stats.norm.ppf(0.75)
N_FOLDS = 5
N_COMPONENTS = 20


def cohort_drift(
    reference: Any, X: Any, *, random_state: int | np.random.RandomState | None = 0
) -> pd.DataFrame:
    """Compare each modality of new patients with that of a model's training patients.

    Up to 256 features of up to 256 patients are compared; of images, the mean, standard
    deviation and percentiles of each channel.

    Parameters
    ----------
    reference : Cohort or fitted model of cohorts
        The training patients, or a model, which keeps the medians and ranges of their
        features. A classifier needs the patients.
    X : Cohort or other input as in ``fit``
        The new patients.
    random_state : int, RandomState instance or None, default=0
        Draws the folds of the classifier.

    Returns
    -------
    drift : DataFrame with one row per modality
        - ``n_rows``, ``n_reference``, ``n_features``: new patients with the modality,
          those of the reference whose ranges are known, and features compared.
        - ``location``: how far the medians of the features are apart, in standard
          deviations of the reference: the median over the features.
        - ``scale``: ratio of the interquartile ranges, likewise.
        - ``outside``: share of values beyond the range of the reference. Of new
          patients like those, .01 or, with few patients, 2 / (``n_reference`` + 1).
        - ``roc_auc``, ``low``, ``high``: of a cross-validated logistic regression that
          tells new patients from those of the reference, with DeLong's interval. .5 is
          no difference.

        NaN where too little can be compared, and of lazy images.

    Raises
    ------
    ValueError
        If there is no modality to compare.

    See Also
    --------
    evaluate_external : Scores of the model on these patients.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import Cohort
    >>> from skmultimodal.model_selection import cohort_drift
    >>> rng = np.random.default_rng(0)
    >>> leeds = Cohort({"gene": rng.normal(size=(80, 5))})
    >>> york = Cohort({"gene": rng.normal(1, 2, size=(70, 5))})
    >>> drift = cohort_drift(leeds, york)
    >>> drift[["location", "scale", "outside"]].round(2).loc["gene"].tolist()
    [1.15, 2.04, 0.32]
    """
    cohort = as_cohort(X)
    given = reference if isinstance(reference, Cohort) else None
    ranges = _ranges(reference)
    names = [name for name in cohort.modalities if name in ranges]
    if not names:
        raise ValueError(
            f"nothing can be compared: the modalities of X are {cohort.modalities}, "
            f"those of the reference {list(ranges)}."
        )
    rows = {}
    for name in names:
        rows[name] = _compare(cohort, name, ranges[name])
        if given is not None:
            rows[name] |= _told_apart(given, cohort, name, random_state)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS)
    return table.rename_axis("modality")


def _ranges(reference: Any) -> dict[str, Any]:
    """Of each modality: DataFrame as of ``Scale.table``, or None."""
    if not isinstance(reference, Cohort):
        model = innermost(reference)
        if not hasattr(model, "ranges_in_"):
            raise ValueError(
                f"{type(model).__name__} keeps no ranges of its training data: give "
                "their cohort as the reference."
            )
        return model.ranges_in_
    scales = {
        name: Scale.of(some_rows(reference, name), reference.feature_names(name))
        for name in reference.modalities
    }
    return {name: None if s is None else s.table() for name, s in scales.items()}


def _table(cohort: Cohort, name: str) -> pd.DataFrame | None:
    """What is compared of some rows: DataFrame, or None if they are no numbers."""
    rows = some_rows(cohort, name)
    if Scale.of(rows, None) is None:
        return None
    table, names = measured(rows, cohort.feature_names(name))
    return pd.DataFrame(table, columns=None if names is None else list(names))


def _compare(cohort: Cohort, name: str, ranges: Any) -> dict[str, Any]:
    found = {"n_rows": int(cohort.has(name).sum()), "n_features": 0}
    table = _table(cohort, name)
    if table is None or ranges is None:
        return found
    shared = [feature for feature in ranges.index if feature in table.columns]
    ranges = ranges.loc[shared]
    values = table[shared].to_numpy(dtype=float)
    found["n_features"] = len(shared)
    found["n_reference"] = int(ranges["n_rows"].max()) if shared else 0
    usable = (ranges["iqr"] > 0).to_numpy()
    if not usable.any() or len(values) < 2:
        return found
    values, ranges = values[:, usable], ranges[usable]
    lower, middle, upper = np.nanquantile(values, [0.25, 0.5, 0.75], axis=0)
    spread = ranges["iqr"] / IQR
    known = np.isfinite(values)
    out = (values < ranges["low"].to_numpy()) | (values > ranges["high"].to_numpy())
    return found | {
        "location": float(np.nanmedian(np.abs(middle - ranges["median"]) / spread)),
        "scale": float(np.nanmedian((upper - lower) / ranges["iqr"])),
        "outside": float(out[known].mean()),
    }


def _told_apart(
    reference: Any,
    cohort: Cohort,
    name: str,
    random_state: int | np.random.RandomState | None,
) -> dict[str, Any]:
    """How well a classifier tells the patients of two cohorts apart."""
    first, second = _table(reference, name), _table(cohort, name)
    if first is None or second is None:
        return {}
    tables = first, second
    shared = [f for f in tables[0].columns if f in tables[1].columns]
    sizes = [len(table) for table in tables]
    if not shared or min(sizes) < N_FOLDS:
        return {}
    rows = np.vstack([table[shared].to_numpy(dtype=float) for table in tables])
    rows = rows[:, np.isfinite(rows).any(axis=0)]
    is_new = np.repeat([0, 1], sizes)
    n_least = len(rows) * (N_FOLDS - 1) // N_FOLDS
    n_components = min(N_COMPONENTS, rows.shape[1], n_least)
    model = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
        PCA(n_components, random_state=0),
        LogisticRegression(C=0.1),
    )
    cv = StratifiedKFold(N_FOLDS, shuffle=True, random_state=random_state)
    p = cross_val_predict(model, rows, is_new, cv=cv, method="predict_proba")[:, 1]
    low, high = delong_interval(is_new, p, test_to_train=1 / (N_FOLDS - 1))
    return {"roc_auc": float(roc_auc_score(is_new, p)), "low": low, "high": high}
