"""Models of cohorts learn from labels of any type, some of them missing."""

import numpy as np
import pandas as pd
import pytest
from fusion_tools import TWO, make_tables, plain_towers
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from skmultimodal import Cohort, TwinTowerClassifier, UnimodalClassifier
from skmultimodal.baselines import LateFusionClassifier, MetadataClassifier

MISSING = [2, 15, 40]
MODELS = {
    "twin tower": TwinTowerClassifier(plain_towers(), random_state=0),
    "unimodal": UnimodalClassifier("gene", LogisticRegression()),
    "late fusion": LateFusionClassifier(
        [(n, UnimodalClassifier(n, LogisticRegression())) for n in ("image", "gene")]
    ),
    "metadata": MetadataClassifier(),
}
KINDS = {
    "words": lambda values: values,
    "array": lambda values: np.array(values, dtype=object),
    "pd.NA": lambda values: np.array([pd.NA if v is None else v for v in values]),
    "NaN": lambda values: [np.nan if v is None else v for v in values],
    "categories": lambda values: pd.Series(values, dtype="category"),
    "Categorical": pd.Categorical,
}
OF_WORDS = {"string": lambda values: pd.Series(values, dtype="string")}
OF_BOOLS = {"boolean": lambda values: pd.Series(values, dtype="boolean")}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("classes", "kind"),
    [
        *(((False, True), kind) for kind in (KINDS | OF_BOOLS).values()),
        *((("high", "low"), kind) for kind in (KINDS | OF_WORDS).values()),
    ],
)
def test_labels_of_any_type(model, classes, kind):
    blocks, numbers = make_tables(TWO)
    table = pd.DataFrame({"age": np.random.default_rng(0).normal(size=len(numbers))})
    X = Cohort(blocks, metadata=table)
    values = [classes[n] for n in numbers]
    numbers = numbers.astype(float)
    for row in MISSING:
        numbers[row], values[row] = np.nan, None
    expected = clone(MODELS[model]).fit(X, numbers)
    found = clone(MODELS[model]).fit(X, kind(values))
    np.testing.assert_array_equal(found.predict_proba(X), expected.predict_proba(X))
    assert found.classes_.tolist() == list(classes)
    answers = np.asarray(classes)[expected.predict(X).astype(int)]
    np.testing.assert_array_equal(found.predict(X), answers)
