"""Any cohort: a fit that keeps its promises, or one clear error."""

import warnings

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from robustness_tools import COUNTS, FUZZ, is_clear
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from skmultimodal import (
    Cohort,
    FusionHeadClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
)

SHAPES = {"image": (2, 5, 4), "gene": (3,), "stain": (2,)}
# The usual more often than the unusual: half of the cohorts should be fitted.
SCALES = [1.0] * 12 + [0.0, 1e-30, 1e30, 1e300]
DTYPES = ["float64"] * 4 + ["float32"] * 8 + ["int16", "uint8", "bool", "object"]


@st.composite
def blocks(draw):
    """Rows of each modality: any type, any pattern of missing, any values."""
    n = draw(st.one_of(*[st.integers(24, 45)] * 4, st.integers(1, 12)))
    names = draw(
        st.one_of(
            st.just(["image", "gene"]),
            st.just(["gene", "stain", "image"]),
            st.lists(st.sampled_from(list(SHAPES)), min_size=1, unique=True),
        )
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    made = {}
    for name in names:
        rows = rng.normal(size=(n, *SHAPES[name]))
        rows = rows * draw(st.sampled_from(SCALES)) + draw(st.sampled_from([0.0, 50.0]))
        dtype = draw(st.sampled_from(DTYPES))
        with np.errstate(all="ignore"):
            rows = np.clip(rows, 0, 200) if dtype in ("int16", "uint8") else rows
            rows = rows.astype(dtype)
        if dtype in ("float64", "float32"):
            share = draw(st.sampled_from([0.3] * 6 + [0.5] * 3 + [0, 0.9, 1]))
            rows[rng.random(n) < share] = np.nan
            bad = draw(st.sampled_from([None] * 18 + [np.nan, np.inf]))
            if bad is not None:
                rows.reshape(n, -1)[rng.integers(n), 0] = bad
        made[name] = rows
    if draw(st.sampled_from([True] * 7 + [False])):
        # Patients without any modality are refused: most cohorts have none.
        for row in range(n):
            if all(_absent(rows[row]) for rows in made.values()):
                name = names[row % len(names)]
                made[name][row] = 1
    return made


def _absent(cell):
    return cell.dtype.kind == "f" and bool(np.isnan(cell).all())


@st.composite
def labels(draw, n):
    """Labels of any type, some of them missing, of some classes or continuous."""
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    codes = rng.integers(draw(st.sampled_from([2] * 8 + [3] * 4 + [4, 1])), size=n)
    kinds = ["int", "float", "text", "bool", "object"] * 3 + ["real"]
    kind = draw(st.sampled_from(kinds))
    if kind == "real":
        return rng.normal(size=n)
    if kind == "bool":
        return codes > 0
    if kind in ("text", "object"):
        y = np.array(["no", "yes", "?", ""], dtype=object)[codes]
        if kind == "text":
            return y.astype(str)
        y[rng.random(n) < draw(st.sampled_from([0, 0.2]))] = None
        return y
    y = codes.astype(kind) * draw(st.sampled_from([1, -3]))
    if kind == "float":
        y[rng.random(n) < draw(st.sampled_from([0] * 3 + [0.2] * 3 + [1]))] = np.nan
    return y


@st.composite
def inputs(draw):
    """X in any accepted form, and y."""
    made = draw(blocks())
    n = len(next(iter(made.values())))
    y = draw(labels(n))
    form = draw(st.sampled_from(["dict", "cohort", "keyed", "frame"]))
    if form == "dict":
        return made, y
    ids = [f"p{number}" for number in range(n)]
    if draw(st.booleans()):
        ids = list(range(n))
    if form == "cohort":
        return (lambda: Cohort(made, index=ids)), y
    if form == "keyed":
        return (lambda: Cohort({k: (ids, v) for k, v in made.items()}, index=ids)), y
    flat = {
        f"{name}{column}": rows.reshape(n, -1)[:, column]
        for name, rows in made.items()
        for column in range(rows.reshape(n, -1).shape[1])
    }
    return pd.DataFrame(flat, index=ids), y


def flatten(rows):
    return np.reshape(rows, (len(rows), -1))


@st.composite
def models(draw):
    image = draw(
        st.sampled_from(
            [
                ImageTowerClassifier((3,), (4, 2), max_epochs=1),
                make_pipeline(
                    FunctionTransformer(flatten), DecisionTreeClassifier(max_depth=2)
                ),
            ]
        )
    )
    gene = draw(
        st.sampled_from(
            [
                GeneAutoencoderTransformer((4, 2), (4,), max_epochs=1),
                LogisticRegression(max_iter=20),
            ]
        )
    )
    head = draw(st.sampled_from([None, LogisticRegression(), FusionHeadClassifier()]))
    if isinstance(head, FusionHeadClassifier):
        head.set_params(max_epochs=1, hidden_units=(4, 4, 2))
    return TwinTowerClassifier(
        [("image", image), ("gene", gene)],
        head,
        tower_rows=draw(st.sampled_from(["unpaired", "all"])),
        tower_output=draw(st.sampled_from(["auto", "features", "log_odds", "both"])),
        tower_cv=draw(st.sampled_from([2, None])),
        missing=draw(st.sampled_from(["tower", "impute", "error"])),
        random_state=0,
    )


def attempt(function):
    """The result of a call, or None after a clear error; anything else is raised."""
    try:
        with warnings.catch_warnings():
            # What may be said of such cohorts; of numpy's warnings, only those that
            # scikit-learn's estimators give on their own.
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", RuntimeWarning)
            warnings.filterwarnings("error", ".*", RuntimeWarning, "skmultimodal")
            return function()
    except Exception as error:
        if not is_clear(error):
            raise
        COUNTS["cohorts refused with a clear error"] += 1
        return None


@FUZZ
@given(task=inputs(), model=models())
def test_a_fit_that_keeps_its_promises_or_a_clear_error(task, model):
    made, y = task
    COUNTS["cohorts tried"] += 1
    X = attempt(made) if callable(made) else made
    if X is None:
        return
    fitted = attempt(lambda: model.fit(X, y))
    if fitted is None:
        assert not hasattr(model, "final_estimator_")
        return
    p = attempt(lambda: fitted.predict_proba(X))
    if p is None:
        return
    COUNTS["cohorts fitted and answered"] += 1
    assert p.shape == (len(y), len(fitted.classes_))
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    said = fitted.predict(X)
    assert set(said.tolist()) <= set(fitted.classes_.tolist())
    known = {value for value in np.asarray(y, dtype=object).tolist() if value == value}
    assert set(fitted.classes_.tolist()) <= known
    # A row does not depend on the rows beside it.
    whole = X if isinstance(X, Cohort | pd.DataFrame) else Cohort(X)
    order = np.random.default_rng(0).permutation(len(y))
    part = whole.iloc[order] if isinstance(whole, pd.DataFrame) else whole[order]
    np.testing.assert_allclose(fitted.predict_proba(part), p[order], atol=1e-5)
